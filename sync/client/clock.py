"""What this device's clock is off by, learnt from the answers of the server, and where it is written down.

Each answer says the server's time. It was said somewhere between asking and hearing: the middle is believed, and half the
round trip is how wrong that can be. The quickest of the latest answers counts. A clock that somebody sets while the
programme runs is noticed by an answer that cannot be true together with those before it, which are then forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.changes import Record
from sync.client.outbox import Outbox, Queued, Standing
from sync.clock import Now, moment, stamp

TIME_HEADER = "comewatch-time"
MOMENTS = ("at", "started_at")
"""Fields in which a device says a moment by its own clock; `clock_offset_ms` beside them is for that clock."""
OFFSET = "clock_offset_ms"
KEPT = 16
MOST = 2**31 - 1
"""Milliseconds that the field can hold; a clock that is further off is not put right by it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What must be added to this device's clock, and how far the truth may lie from that, in milliseconds."""

    offset_ms: int
    uncertainty_ms: int

    def agrees(self, other: Reading) -> bool:
        """Whether both can be true; a millisecond each is lost in writing."""
        return abs(self.offset_ms - other.offset_ms) <= self.uncertainty_ms + other.uncertainty_ms + 2


class Clock:
    """This device's clock, as far as the answers heard since the programme began can tell."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._readings: deque[Reading] = deque(maxlen=KEPT)

    def hear(self, asked: datetime, heard: datetime, said: str | None) -> None:
        """An answer that came `heard` to what was asked `asked`, both by this device, said this time of the server."""
        if said is None or heard < asked:
            return
        try:
            true = moment(said)
            offset = true - (asked + (heard - asked) / 2)
        except (ValueError, TypeError):
            return  # somebody else's header
        reading = Reading(_ms(offset.total_seconds()), _ms((heard - asked).total_seconds() / 2))
        if not all(reading.agrees(before) for before in self._readings):
            self._readings.clear()
        self._readings.append(reading)

    @property
    def reading(self) -> Reading | None:
        """The best of what was heard; None before the first answer."""
        return min(self._readings, key=lambda reading: reading.uncertainty_ms, default=None)

    def stamp(self) -> dict[str, Any]:
        """This moment, for a record: `at` by this device's clock, and its `clock_offset_ms`, null while nobody knows."""
        best = self.reading
        return {"at": stamp(self._now()), OFFSET: best.offset_ms if best and _fits(best) else None}


def lacking(outbox: Outbox, seen: Callable[[str, str], Record | None]) -> list[Queued]:
    """Unsent changes that tell a moment of a kind with an offset, which nobody has said yet."""
    telling = [change for change in outbox.all() if _tells_a_moment(change)]
    return [change for change in telling if _lacks(seen(change.collection, change.id))]


def complete(clock: Clock, outbox: Outbox, changes: Iterable[Queued]) -> None:
    """Give these the offset that was not known when they were typed. The caller holds the transaction."""
    best = clock.reading
    if best is not None and _fits(best):
        for change in changes:
            outbox.amend(replace(change, fields={**change.fields, OFFSET: best.offset_ms}))


def _tells_a_moment(change: Queued) -> bool:
    unsent = change.standing is Standing.TO_SEND and not change.deleted
    return unsent and any(change.fields.get(field) is not None for field in MOMENTS)


def _lacks(record: Record | None) -> bool:
    return record is not None and OFFSET in record and record[OFFSET] is None


def _fits(reading: Reading) -> bool:
    return abs(reading.offset_ms) <= MOST


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
