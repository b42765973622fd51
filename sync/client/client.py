"""The phone: read and write without network, sync when there is one. The one door of this package for programs.

client = Client(Path("phone"), "https://school.example")
client.sign_in("K7PM-QX2D")
client.sync()
note = client.put("notes", None, {"visit_id": visit, "note_kind": "noticing", "text": "Four tables argue."})
client.sync()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

from sync.changes import Record
from sync.client import device, opening
from sync.client.arrival import NAME, Arrival
from sync.client.background import Uploading
from sync.client.checked import checked
from sync.client.clock import Clock
from sync.client.desk import Desk
from sync.client.errors import DeviceRevoked, SignInRequired, Unsent
from sync.client.files import look_at, media_type
from sync.client.lock import alone
from sync.client.outbox import Queued, RefusedChange, Standing
from sync.client.reports import Comparison, Progress, SyncReport
from sync.client.sending import Enough, Sending
from sync.client.storage import HttpStorage, Storage
from sync.client.store import Store
from sync.client.surroundings import Surroundings
from sync.client.transport import HttpNetwork, Network, Nowhere, Transport
from sync.client.uploads import MEDIA, Upload, Watch, waiting


class Client:
    """One phone, whose files lie in the directory `home`. Of one thread; other threads and processes open their own.

    Reading and writing need no network, once somebody has signed in. `batch` and `page` are how many changes and rows
    travel at once; `attempts` is how often one request is tried; `durable=False` trades safety against power failure
    for speed in tests.
    """

    def __init__(
        self,
        home: Path,
        server: str | None = None,
        *,
        network: Network | None = None,
        storage: Storage | None = None,
        surroundings: Surroundings | None = None,
        batch: int = 500,
        page: int = 500,
        attempts: int = 5,
        durable: bool = True,
    ) -> None:
        self.home, self._around, self._durable = home, surroundings or Surroundings(), durable
        self._batch, self._page, self._attempts = batch, page, attempts
        stored = device.load(home, self._around.new_id)
        self._device = replace(stored, server=server or stored.server)
        self._network = network or (HttpNetwork(self._device.server) if self._device.server else Nowhere())
        self._storage = storage or HttpStorage()
        self._transport = Transport(self._network, self._device.id, self._around, attempts=attempts)
        self._again = partial(Client, home, server, network=network, storage=storage, batch=batch, page=page)

    # who is here

    @property
    def device_id(self) -> str:
        """The id that this phone gave itself."""
        return self._device.id

    @property
    def server(self) -> str | None:
        """The URL of the server."""
        return self._device.server

    @property
    def person_id(self) -> str | None:
        """Who is signed in, or was last and has unsent changes here."""
        return self._desk.store.setting("person_id") if self._device.person else None

    @property
    def clock(self) -> Clock:
        """What this device's clock is off by, as far as it has heard."""
        return self._transport.clock

    def stamp(self) -> dict[str, Any]:
        """This moment, for a record: `at` by this device's clock and its `clock_offset_ms`.

        That is null while nobody knows it, and then filled in before the record is sent. A lesson's start mark is
        `started_at` with the same `clock_offset_ms`.
        """
        return self.clock.stamp()

    def new_id(self) -> str:
        """An id for a new record."""
        return self._around.new_id()

    def sign_in(self, code: str, device_name: str = "") -> str:
        """Trade a code for a session; returns the person's id. Each person has a database of her own on this phone."""
        said = {"code": code, "device_id": self.device_id, "device_name": device_name or NAME}
        return self._arrived(self._transport.ask("POST", "/v1/sign-in/code", said))

    @property
    def arrival(self) -> Arrival:
        """Signing in without a code: at one's school."""
        return Arrival(self._transport, self.device_id, self.server, self._arrived)

    def _arrived(self, answer: Mapping[str, Any]) -> str:
        self._device = self._device.signed_in(answer["tenant_id"], answer["person_id"])
        self._leave_desk()
        self._desk.session.keep(answer)
        device.save(self.home, self._device)
        return str(answer["person_id"])

    def sign_out(self, *, discard_unsent: bool = False) -> None:
        """End the session and erase this person's records here; raises Unsent while anything waits, unless told otherwise."""
        with self._online() as desk:
            files = len(waiting(self.uploads(), on_wifi=True))
            if (self.pending() or files) and not discard_unsent:
                raise Unsent(self.pending(), files)
            desk.session.ask("POST", "/v1/sign-out")
        self._erase()

    @cached_property
    def _desk(self) -> Desk:
        if self._device.person is None:
            raise SignInRequired
        store = Store(self.home / f"{self._device.person}.sqlite", durable=self._durable)
        return Desk(store, self._transport, self._around)

    @contextmanager
    def _online(self) -> Iterator[Desk]:
        try:
            yield self._desk
        except DeviceRevoked:
            self._erase()
            raise

    def _erase(self) -> None:
        self._desk.store.erase()
        del self._desk
        self._device = replace(self._device, person=None)
        device.save(self.home, self._device)

    def _leave_desk(self) -> None:
        if "_desk" in self.__dict__:
            self._desk.store.close()
            del self._desk

    def close(self) -> None:
        """Close the files and connections."""
        self._leave_desk()
        for line in (self._network, self._storage):
            if isinstance(line, HttpNetwork | HttpStorage):
                line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    # reading

    def get(self, collection: str, record_id: str) -> Record | None:
        """One record with everything typed here on top; None where there is none."""
        with self._desk.store.snapshot():
            return self._desk.seen(collection, record_id)

    def list(self, collection: str, where: Mapping[str, Any] | None = None) -> list[Record]:
        """The records of a collection in the order of their ids, with everything typed here on top.

        `where` keeps those whose fields have these values.
        """
        found = self._desk.everything(collection)
        return [
            record
            for record in found
            if all(record.get(name) == value for name, value in (where or {}).items())
        ]

    def collections(self) -> dict[str, int]:
        """How many records each collection shows, by name."""
        names = {*self._desk.replica.counts(), *(change.collection for change in self.queue())}
        return {name: len(self.list(name)) for name in sorted(names)}

    # writing

    def put(self, collection: str, record_id: str | None, fields: Mapping[str, Any]) -> str:
        """Make a record (an id of None makes one), or change those of its fields that differ; returns its id.

        Saved when this returns. Raises CannotWrite, and writes nothing, where the values are no JSON or the record was
        deleted here. What the server alone writes is ignored.
        """
        record_id = record_id or self.new_id()
        typed = checked(collection, record_id, fields)
        with self._desk.store.transaction():
            self._desk.write(collection, record_id, typed)
        return record_id

    def opened(self, collection: str, record_id: str) -> str | None:
        """Tell the host that a record of her visit was opened here, once a day; the id of the event, None for one's own."""
        reader = (self.person_id, self.device_id)
        event = opening.event(self.get, (collection, record_id), reader, self._around.now())
        told = event is None or self.get(opening.READ_EVENTS, event[0]) is not None
        return event and (event[0] if told else self.put(opening.READ_EVENTS, *event))

    def delete(self, collection: str, record_id: str) -> bool:
        """Delete a record: it is out of sight at once. False where there is none."""
        with self._desk.store.transaction():
            if self._desk.seen(collection, record_id) is None:
                return False
            self._desk.delete(collection, record_id)
            return True

    # files

    def attach(self, path: Path, fields: Mapping[str, Any], *, wifi_only: bool = False) -> str:
        """Have a photo or a recording sent some day: makes its record of `media` with these fields, returns its id.

        The file is read once now and must stay where it is until it is sent. Its type is told by its name, unless
        `media_type` is among the fields. Raises CannotWrite when it is no file, or nothing is known of its type.
        """
        file, media_id = look_at(path), self.new_id()
        declared = {"file_name": file.path.name, "size_bytes": file.size, "sha256": file.sha256}
        said = declared | ({"wifi_only": True} if wifi_only else {}) | dict(fields)
        typed = checked(MEDIA, media_id, {"media_type": said.get("media_type") or media_type(path)} | said)
        with self._desk.store.transaction():
            self._desk.write(MEDIA, media_id, typed)
            self._desk.uploads.add(media_id, file)
        return media_id

    def uploads(self) -> Sequence[Upload]:
        """The files attached here and how far each is, the small ones first: kept until `forget_upload`."""
        with self._desk.store.snapshot():
            rows = self._desk.uploads.rows()
            return [self._desk.uploads.shown(row, self._desk.seen(MEDIA, row.media_id)) for row in rows]

    def forget_upload(self, media_id: str) -> bool:
        """Take a file out of the list; its record stays as it is. False where there is none."""
        with self._desk.store.transaction():
            return self._desk.uploads.forget(media_id)

    def upload(
        self,
        progress: Watch = lambda upload: None,
        *,
        on_wifi: bool = True,
        wait: float = 60.0,
        going_on: Callable[[], bool] = lambda: True,
    ) -> Sequence[Upload]:
        """Send the files that wait, after a sync, as the server must know their records; returns what `uploads` then tells.

        Whatever arrived stays there, however this ends; the next call sends the rest. Raises as `sync` does. One at a
        time on these files, as with `sync`. It ends early where `going_on` says so.
        """
        with (
            self._online() as desk,
            alone(desk.store.path.with_suffix(".upload"), wait, "sending these files"),
        ):
            self.sync(wait=wait)
            sending = desk.sending(self._storage, self._attempts, progress, going_on)
            with suppress(Enough):
                self._send(desk, sending, progress, on_wifi)
        return self.uploads()

    def _send(self, desk: Desk, sending: Sending, progress: Watch, on_wifi: bool) -> None:
        rows = {row.media_id: row for row in desk.uploads.rows()}
        for one in waiting(self.uploads(), on_wifi=on_wifi):
            if desk.knows(MEDIA, one.media_id):
                sending.send(rows[one.media_id], one)
                for now in self.uploads():
                    if now.media_id == one.media_id:
                        progress(now)

    def uploading(
        self,
        progress: Watch = lambda upload: None,
        *,
        on_wifi: Callable[[], bool] = lambda: True,
        every: float = 5.0,
    ) -> Uploading:
        """Send in the background what waits and what is attached later, until it is stopped: `with client.uploading(): ...`.

        `progress` is called in another thread than yours.
        """
        again = partial(self._again, attempts=self._attempts, durable=self._durable)
        return Uploading(lambda around: again(surroundings=around), self._around, progress, on_wifi, every)

    # what waits, and what was not accepted

    def pending(self) -> int:
        """How many changes the server has not answered for good."""
        return self._desk.outbox.count()

    def queue(self) -> Sequence[Queued]:
        """Those changes, in the order in which they were typed."""
        return self._desk.outbox.all()

    def standing(self, collection: str, record_id: str) -> Standing | None:
        """Where the first waiting change of a record is; None when the server has answered them all."""
        return next((change.standing for change in self._desk.outbox.of(collection, record_id)), None)

    def refused(self) -> Sequence[RefusedChange]:
        """What the server did not take, with the reasons, oldest first: kept until `forget`."""
        return self._desk.outbox.refused()

    def forget(self, op_id: str) -> bool:
        """Throw a refused change away; False where there is none."""
        with self._desk.store.transaction():
            return self._desk.outbox.forget(op_id)

    # with the server

    def sync(self, progress: Progress = lambda report: None, *, wait: float = 60.0) -> SyncReport:
        """Send what was typed and read what is new, until neither is left.

        Raises Unreachable, SignInRequired or Declined; whatever was done until then stays done. One sync at a time on
        these files: another one is waited for, `wait` seconds long, then ClientError.
        """
        with self._online() as desk, alone(desk.store.path.with_suffix(".sync"), wait):
            return desk.exchange(progress, self._batch, self._page).run()

    def ask(self, method: str, path: str, said: Any = None) -> dict[str, Any]:
        """Any other address of the API (`/v1/...`) as the person who is signed in: the JSON object that it answers.

        Tried again where the network fails, so `said` must be safe to repeat. Raises as `sync` does.
        """
        with self._online() as desk:
            return desk.session.ask(method, path, said)

    def fetch(self, path: str) -> bytes:
        """What lies at an address of the API that answers no JSON (a timeline in WebVTT, say)."""
        with self._online() as desk:
            return desk.session.fetch(path)

    def digest_check(self) -> Sequence[Comparison]:
        """Each collection here and on the server, compared record by record number: proof that this phone is right."""
        with self._online() as desk:
            return desk.compare()
