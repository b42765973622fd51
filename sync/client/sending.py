"""Sends the files that wait, one after the other, part by part. Each step is safe to lose, and to repeat days later.

What has arrived is asked of the server each time anew: its word counts, not what this phone remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sync.client.errors import Declined, Unreachable
from sync.client.files import FileChanged, checksum
from sync.client.session import Session
from sync.client.storage import Storage
from sync.client.store import Store
from sync.client.surroundings import Surroundings
from sync.client.transport import Lost
from sync.client.uploads import Row, Upload, Uploads, Watch

STILL_WAITS = frozenset({"consent-required", "storage-full", "media-not-ready"})
"""Refusals that somebody can mend: the file keeps its place."""
THERE_ALREADY = 412


class Enough(Exception):
    """Whoever asked for it does not want to go on."""


@dataclass(slots=True)
class Sending:
    """A round of sending. Callers hold the lock that keeps it alone."""

    store: Store
    session: Session
    storage: Storage
    uploads: Uploads
    around: Surroundings
    attempts: int
    progress: Watch
    going_on: Callable[[], bool]

    def send(self, row: Row, shown: Upload) -> None:
        """Bring one file to the store and tell the server; what hinders it is kept with it.

        Raises Unreachable, SignInRequired or Enough; what has arrived until then stays there.
        """
        try:
            _Journey(self, row, shown).patiently()
        except FileChanged as fault:
            self._tell(row, fault.reason, str(fault), stopped=fault.reason == "file-changed")
        except Declined as declined:
            self._tell(row, declined.slug, str(declined), stopped=declined.slug not in STILL_WAITS)

    def _tell(self, row: Row, reason: str, detail: str, *, stopped: bool) -> None:
        with self.store.transaction():
            self.uploads.tell(row.media_id, reason, detail, stopped=stopped)


class _Journey:
    """One file under way; `_sent` is how many of its bytes are acknowledged."""

    def __init__(self, sending: Sending, row: Row, shown: Upload) -> None:
        self._with, self._row, self._file, self._shown = sending, row, row.file, shown
        self._begun, self._sent = row.begun, row.sent

    def patiently(self) -> None:
        """Try until it is through; patience ends where several tries in a row bring nothing further."""
        failures = 0
        while True:
            before = self._sent
            try:
                self._through()
            except Lost as lost:
                failures = 1 if self._sent > before else failures + 1
                if failures >= self._with.attempts:
                    raise Unreachable(str(lost)) from lost
            else:
                return
            self._with.around.sleep(self._with.around.pause(failures))

    def _through(self) -> None:
        self._file.demand_unchanged()
        try:
            plan = self._ask("upload")
        except Declined as declined:
            if declined.slug != "illegal-move":
                raise
            self._complete({})  # it was complete before: say it again, and hear how it stands
        else:
            self._follow(plan)

    def _follow(self, plan: Mapping[str, Any]) -> None:
        again, self._begun = self._begun, True
        with self._with.store.transaction():
            self._with.uploads.begin(self._row.media_id)
        if "method" not in plan:
            self._in_parts(plan)
        elif not (again and self._is_complete()):
            self._put(plan, 0, self._file.size)
            self._complete({})

    def _is_complete(self) -> bool:
        """Whether an earlier PUT of the whole file arrived, though its answer did not."""
        try:
            self._complete({})
        except Declined as declined:
            if declined.slug != "media-not-ready":
                raise
            return False
        return True

    def _in_parts(self, plan: Mapping[str, Any]) -> None:
        spans = _spans(self._file.size, plan["part_size"])
        etags = {
            part["number"]: part["etag"]
            for part in plan["parts"]
            if part["size"] == spans.get(part["number"], (0, 0))[1]
        }
        self._arrived(sum(spans[number][1] for number in etags))
        for number, (start, length) in spans.items():
            if number not in etags:
                self._file.demand_unchanged()
                said = {"md5": checksum(self._file.pieces(start, length), "md5")}
                etags[number] = self._put(self._ask(f"upload/parts/{number}", said), start, length)
                self._arrived(self._sent + length)
        try:
            self._complete(etags)
        except Declined as declined:
            if declined.slug != "media-not-ready":
                raise
            raise Lost("the store does not have all parts yet") from declined

    def _put(self, signed: Mapping[str, Any], start: int, length: int) -> str:
        headers = {"content-length": str(length)}
        headers |= {name.lower(): value for name, value in signed["headers"].items()}
        try:
            answer = self._with.storage.put(signed["url"], headers, self._watched(start, length))
        except OSError as fault:  # of the file: those of the network are Lost
            raise Lost(str(fault)) from fault
        if answer.status == THERE_ALREADY or 200 <= answer.status < 300:
            return answer.headers.get("etag", "").strip('"')
        raise Lost(f"the store answers {answer.status}")

    def _watched(self, start: int, length: int) -> Iterator[bytes]:
        done = 0
        for piece in self._file.pieces(start, length):
            if not self._with.going_on():
                raise Enough
            yield piece
            done += len(piece)
            self._with.progress(replace(self._shown, sent=self._sent + done))

    def _arrived(self, sent: int) -> None:
        self._sent = sent
        with self._with.store.transaction():
            self._with.uploads.arrived(self._row.media_id, sent)

    def _complete(self, etags: Mapping[int, str]) -> None:
        self._ask("complete", {"parts": [{"number": n, "etag": etags[n]} for n in sorted(etags)]})
        with self._with.store.transaction():
            self._with.uploads.complete(self._row.media_id)

    def _ask(self, step: str, said: Any = None) -> dict[str, Any]:
        return self._with.session.ask("POST", f"/v1/media/{self._row.media_id}/{step}", said)


def _spans(size: int, part_size: int) -> dict[int, tuple[int, int]]:
    """(start, length) of each part, by its number."""
    starts = range(0, size, part_size)
    return {number: (start, min(part_size, size - start)) for number, start in enumerate(starts, 1)}
