"""The devices that sync: when they were last heard, how far their clocks are off, and how far they have read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from sync.server.actor import Actor
from sync.server.statement import Statement
from sync.server.tables import device

_FRESH = timedelta(minutes=1)
_JITTER_MS = 2_000
_KEY = ("tenant_id", "device_id")
_STORED = Statement("""
SELECT last_seen_at, clock_offset_ms FROM sync_device WHERE tenant_id = :tenant AND device_id = :device
""")


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a device was last noted, and its clock's offset in milliseconds."""

    at: datetime
    offset_ms: int

    def says_enough(self, now: datetime, offset: int | None) -> bool:
        """Whether another note would say nothing new."""
        jitter = 0 if offset is None else abs(offset - self.offset_ms)
        return now - self.at < _FRESH and jitter < _JITTER_MS


def seen(
    connection: Connection,
    actor: Actor,
    now: datetime,
    device_time: datetime | None,
    read_to: int | None = None,
) -> Sighting | None:
    """Note that a device was heard, and with `read_to` the number of the clock up to which it surely holds everything.

    Writes at most once a minute; returns the sighting that is stored already where it still says enough.
    """
    offset = offset_ms(now, device_time)
    stored = _STORED.row(connection, tenant=actor.tenant_id, device=actor.device_id)
    if stored is not None:
        sighting = Sighting(stored.last_seen_at, stored.clock_offset_ms)
        if sighting.says_enough(now, offset):
            return sighting
    told = {"clock_offset_ms": offset, "pull_cursor": read_to}
    values = {
        "tenant_id": actor.tenant_id,
        "device_id": actor.device_id,
        "person_id": actor.person_id,
        "last_seen_at": now,
        **{name: value for name, value in told.items() if value is not None},
    }
    statement = insert(device).values(values)
    changing = {name: statement.excluded[name] for name in values if name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changing))
    return None


def offset_ms(now: datetime, device_time: datetime | None) -> int | None:
    """How far the device's clock is behind ours."""
    return round((now - device_time).total_seconds() * 1000) if device_time else None
