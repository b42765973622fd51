"""What belongs to the person who is signed in: her store, and the rooms that stand on it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sync.changes import Record
from sync.client.answers import Answers
from sync.client.errors import CannotWrite
from sync.client.exchange import Exchange
from sync.client.outbox import Outbox, Queued, Standing
from sync.client.replica import Replica
from sync.client.reports import Comparison, Progress
from sync.client.sending import Sending
from sync.client.session import Session
from sync.client.storage import Storage
from sync.client.store import Store
from sync.client.surroundings import Surroundings
from sync.client.transport import Transport
from sync.client.uploads import Uploads, Watch
from sync.client.view import seen, touched
from sync.client.written import Written


class Desk:
    """One person's replica, outbox, files to send and session on this phone."""

    def __init__(self, store: Store, transport: Transport, surroundings: Surroundings) -> None:
        self.store, self.session, self._around = store, Session(store, transport), surroundings
        self.clock = transport.clock
        self.replica, self.outbox, self.written = (
            Replica(store),
            Outbox(store, surroundings.new_id),
            Written(store),
        )
        self.uploads = Uploads(store, self.outbox)
        self.answers = Answers(self.replica, self.outbox, self.written, surroundings.now)

    def base_seq(self, collection: str, record_id: str) -> int | None:
        """The number that the next edit of a record is typed on."""
        stored = self.replica.find(collection, record_id)
        return stored.base_seq if stored else None

    def knows(self, collection: str, record_id: str) -> bool:
        """Whether the server has told of a record, or acknowledged it."""
        stored = self.replica.find(collection, record_id)
        return stored is not None and stored.record is not None

    def seen(self, collection: str, record_id: str) -> Record | None:
        """One record as a person sees it; None where there is none. The caller holds the moment."""
        stored = self.replica.find(collection, record_id)
        return seen(record_id, stored.record if stored else None, self.outbox.of(collection, record_id))

    def everything(self, collection: str) -> list[Record]:
        """The records of a collection as a person sees them, in the order of their ids."""
        with self.store.snapshot():
            records, queued = self.replica.records(collection), self.outbox.of_collection(collection)
        typed: dict[str, list[Queued]] = {}
        for change in queued:
            typed.setdefault(change.id, []).append(change)
        shown = (
            seen(record_id, records.get(record_id), typed.get(record_id, ()))
            for record_id in sorted({*records, *typed})
        )
        return [record for record in shown if record is not None]

    def write(self, collection: str, record_id: str, typed: Record) -> None:
        """Queue what differs from the record, or a new one. The caller holds the transaction."""
        record = self.seen(collection, record_id)
        if record is None and self.outbox.of(collection, record_id):
            raise CannotWrite("This record was deleted on this phone.")
        changed = typed if record is None else touched(record, typed)
        if changed or record is None:
            self.outbox.write(collection, record_id, self.base_seq(collection, record_id), changed)

    def delete(self, collection: str, record_id: str) -> None:
        """Queue a deletion. A record that the server never heard of simply goes. The caller holds the transaction."""
        stored, queued = self.replica.find(collection, record_id), self.outbox.of(collection, record_id)
        if self.knows(collection, record_id) or queued[0].standing is not Standing.TO_SEND:
            self.outbox.write(collection, record_id, stored.base_seq if stored else None, {}, deleted=True)
        else:
            self.outbox.drop(queued[0].op_id)
            self.replica.bury()

    def exchange(self, progress: Progress, batch: int, page: int) -> Exchange:
        """A sync, ready to run."""
        return Exchange(
            self.store,
            self.session,
            self.clock,
            self.replica,
            self.outbox,
            self.written,
            self.answers,
            self.seen,
            progress,
            batch,
            page,
        )

    def sending(
        self, storage: Storage, attempts: int, progress: Watch, going_on: Callable[[], bool]
    ) -> Sending:
        """A round of sending files, ready to run."""
        return Sending(
            self.store, self.session, storage, self.uploads, self._around, attempts, progress, going_on
        )

    def compare(self) -> list[Comparison]:
        """Each collection here and on the server."""
        names = self.session.ask("GET", "/v1/sync/schema/native")["collections"]
        return [self._compare(name) for name in sorted({*names, *self.replica.counts()})]

    def _compare(self, collection: str) -> Comparison:
        there = self.session.ask("GET", f"/v1/sync/digest?collection={quote(collection)}")
        here = self.replica.digest(collection)
        return Comparison(collection, here, (int(there["count"]), str(there["digest"])))
