"""The files that wait to be sent: each belongs to a record of `media`, the one kind that this package knows by name.

What became of one is read off its record, which sync brings; here stands only what this phone alone knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sync.changes import Record
from sync.client.files import LocalFile
from sync.client.outbox import Outbox
from sync.client.store import Store

MEDIA = "media"
ARRIVED = frozenset({"uploaded", "verified"})
FINISHED = frozenset({"ready", "incident_hold", "expiring", "deleted"})
REFUSED = frozenset({"quarantined", "abandoned"})


class Stage(StrEnum):
    """How far a file is."""

    WAITING = "waiting"  # to be sent, or the rest of it
    SENT = "sent"  # all of it is there; the server looks at it
    DONE = "done"  # the server showed it to whom it may concern
    ENDED = "ended"  # not sent any more, or not taken; the reason tells why


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and how far it is: `sent` of its `size` bytes have arrived. `reason` and `detail` tell why it ended or waits."""

    media_id: str
    path: Path
    size: int
    sent: int
    stage: Stage
    wifi_only: bool = False
    reason: str | None = None
    detail: str | None = None

    @property
    def fraction(self) -> float:
        """How much of it has arrived, from 0 to 1."""
        return self.sent / self.size


Watch = Callable[[Upload], None]
"""Told of a file that is being sent, some four times for each megabyte, and when it is through or has ended."""


@dataclass(frozen=True, slots=True)
class Row:
    """What this phone keeps of an upload."""

    media_id: str
    file: LocalFile
    sent: int
    begun: bool
    complete: bool
    stopped: bool
    reason: str | None
    detail: str | None


class Uploads:
    """The queue of files in one person's store. Callers hold the transaction."""

    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store, self._outbox = store, outbox

    def add(self, media_id: str, file: LocalFile) -> None:
        """Have a file wait."""
        self._store.run(
            "INSERT INTO uploads (media_id, path, size, modified_ns, sha256) VALUES (?, ?, ?, ?, ?)",
            *(media_id, str(file.path), file.size, file.modified_ns, file.sha256),
        )

    def rows(self) -> list[Row]:
        """Every file, the small ones first: a photo does not wait behind a film."""
        rows = self._store.all(
            "SELECT media_id, path, size, modified_ns, sha256, sent, begun, complete, stopped, reason, detail FROM uploads ORDER BY size, number"
        )
        return [_row(*row) for row in rows]

    def begin(self, media_id: str) -> None:
        """The server was asked where to send it: from now on something may have arrived."""
        self._store.run(
            "UPDATE uploads SET begun = 1, reason = NULL, detail = NULL WHERE media_id = ?", media_id
        )

    def arrived(self, media_id: str, sent: int) -> None:
        """So many bytes have arrived for good."""
        self._store.run("UPDATE uploads SET sent = ? WHERE media_id = ?", sent, media_id)

    def complete(self, media_id: str) -> None:
        """The server knows that all of it is there."""
        self._store.run(
            "UPDATE uploads SET complete = 1, sent = size, reason = NULL, detail = NULL WHERE media_id = ?",
            media_id,
        )

    def tell(self, media_id: str, reason: str, detail: str, *, stopped: bool) -> None:
        """Why it waits; or, `stopped`, why it is not tried again."""
        self._store.run(
            "UPDATE uploads SET reason = ?, detail = ?, stopped = ? WHERE media_id = ?",
            *(reason, detail, stopped, media_id),
        )

    def forget(self, media_id: str) -> bool:
        """Take a file out of the queue; whether it was there."""
        return bool(self._store.run("DELETE FROM uploads WHERE media_id = ?", media_id))

    def shown(self, row: Row, record: Record | None) -> Upload:
        """An upload as a person sees it: what this phone keeps, and what its record says."""
        stage, reason, detail = self._became(row, record)
        wifi_only = bool(record and record.get("wifi_only"))
        return Upload(row.media_id, row.file.path, row.file.size, row.sent, stage, wifi_only, reason, detail)

    def _became(self, row: Row, record: Record | None) -> tuple[Stage, str | None, str | None]:
        if row.stopped:
            return Stage.ENDED, row.reason, row.detail
        if record is None:
            return (Stage.ENDED, *self._why_gone(row.media_id))
        if record.get("consent_withdrawn_at"):
            return Stage.ENDED, "consent-withdrawn", "Consent to this recording was withdrawn."
        return _stage(row, record)

    def _why_gone(self, media_id: str) -> tuple[str, str]:
        for change in self._outbox.refused():
            if (change.collection, change.id) == (MEDIA, media_id):
                return change.slug, str(change.problem.get("detail") or "The server did not take its record.")
        return "deleted", "Its record was deleted."


def _stage(row: Row, record: Mapping[str, Any]) -> tuple[Stage, str | None, str | None]:
    state = record.get("state")
    if state in REFUSED:
        reason = str(record.get("reason") or state)
        return Stage.ENDED, reason, f"The server did not keep this file: {reason}."
    if state in FINISHED:
        return Stage.DONE, None, None
    if state in ARRIVED or row.complete:
        return Stage.SENT, None, None
    return Stage.WAITING, row.reason, row.detail


def _row(media_id: str, path: str, size: int, modified_ns: int, sha256: str, sent: int, *rest: Any) -> Row:
    begun, complete, stopped, reason, detail = rest
    file = LocalFile(Path(path), size, modified_ns, sha256)
    return Row(media_id, file, sent, bool(begun), bool(complete), bool(stopped), reason, detail)


def waiting(uploads: Sequence[Upload], *, on_wifi: bool) -> list[Upload]:
    """Those to be sent now: on a metered network what may cost money waits."""
    return [one for one in uploads if one.stage is Stage.WAITING and (on_wifi or not one.wifi_only)]
