"""Who was given what: noted while answering a request, turned into `read_events` for the hosts later.

`record` appends one row, so that a pull is not made to write records; `fold`, in the worker, makes of the rows one
event per visit, reader, way, record and day, and takes them away. Authors and hosts read their own: no event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    DateTime,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    delete,
    false,
    insert,
    literal,
    select,
)

from sync.changes import Change, Record, Status
from sync.clock import stamp, system_now
from sync.server.actor import Actor, system_actor
from sync.server.push import MOST_CHANGES, Door
from sync.server.tables import document

DELIVERED, OPENED, LINK_ISSUED = "delivered", "opened", "link_issued"
COLLECTION = "read_events"
VISITS = "visits"

metadata = MetaData()
Name = Text(collation="C")

read_log = Table(
    "read_log",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("reader_id", Name, nullable=False),
    Column("device_id", Name, nullable=False),
    Column("how", Name, nullable=False),
    Column("collection", Name, nullable=False),
    Column("record_ids", ARRAY(Name), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info={"dist": "tenant"},
)
Index("read_log_at", read_log.c.tenant_id, read_log.c.at)


def record(
    connection: Connection,
    actor: Actor,
    how: str,
    collection: str,
    ids: Collection[str],
    at: datetime | None = None,
) -> None:
    """Note that the actor was given these records now; `how` is `delivered`, `opened` or `link_issued`."""
    if not ids or actor.is_system:
        return
    said = {
        "tenant_id": actor.tenant_id,
        "reader_id": actor.person_id,
        "device_id": actor.device_id,
        "how": how,
        "collection": collection,
        "at": at or system_now(),
    }
    ordered = sorted(ids)
    slices = [ordered[start : start + MOST_CHANGES] for start in range(0, len(ordered), MOST_CHANGES)]
    connection.execute(insert(read_log), [said | {"id": uuid4(), "record_ids": some} for some in slices])


def fold(connection: Connection, door: Door, tenant_id: UUID, now: datetime) -> int:
    """Turn the oldest rows noted before `now` into events, one push at most; returns how many rows there were.

    Safe to repeat: an event's id says what it is about, and one that is there is left alone.
    """
    rows = _oldest(connection, tenant_id, now)
    wanted = _events(connection, tenant_id, _readings(rows))
    known = _bodies(connection, tenant_id, COLLECTION, wanted.keys(), deleted_too=True)
    fresh = [
        Change(event, COLLECTION, event, fields) for event, fields in wanted.items() if event not in known
    ]
    outcomes = door.push(connection, system_actor(tenant_id), fresh) if fresh else []
    if any(outcome.status is Status.REJECTED for outcome in outcomes):
        raise RuntimeError("a read event was refused")
    done = literal([row.id for row in rows], ARRAY(Uuid))
    connection.execute(delete(read_log).where(read_log.c.tenant_id == tenant_id, read_log.c.id == any_(done)))
    return len(rows)


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody was given one record."""

    reader_id: str
    how: str
    collection: str
    record_id: str
    at: datetime

    def event_id(self, visit_id: str) -> str:
        """The same for all readings of one day that are told as one."""
        said = [
            visit_id,
            self.reader_id,
            self.how,
            self.collection,
            self.record_id,
            self.at.date().isoformat(),
        ]
        return f"read-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:40]}"


def _oldest(connection: Connection, tenant_id: UUID, now: datetime) -> list[Any]:
    """The oldest rows that together name no more records than one push takes."""
    log = read_log.c
    query = select(read_log).where(log.tenant_id == tenant_id, log.at <= now).order_by(log.at, log.id)
    # two workers that fold at once take different rows
    rows = connection.execute(query.limit(MOST_CHANGES).with_for_update(skip_locked=True)).all()
    taken, named = [], 0
    for row in rows:
        named += len(row.record_ids)
        if named > MOST_CHANGES:
            break
        taken.append(row)
    return taken


def _readings(rows: Sequence[Any]) -> list[Reading]:
    return [
        Reading(row.reader_id, row.how, row.collection, record_id, row.at)
        for row in rows
        for record_id in row.record_ids
    ]


def _events(
    connection: Connection, tenant_id: UUID, readings: Sequence[Reading]
) -> dict[str, dict[str, Any]]:
    """The fields of each event that the readings amount to, by its id; the first reading of a day is told."""
    records = _read_records(connection, tenant_id, readings)
    visit_of = {
        key: key[1] if key[0] == VISITS else record.get("visit_id") for key, record in records.items()
    }
    visits = _bodies(connection, tenant_id, VISITS, {visit_id for visit_id in visit_of.values() if visit_id})
    events: dict[str, dict[str, Any]] = {}
    for reading in readings:
        key = (reading.collection, reading.record_id)
        visit = visits.get(visit_of.get(key) or "")
        if visit and reading.reader_id not in (records[key]["created_by"], visit["host_id"]):
            events.setdefault(reading.event_id(visit["id"]), _fields(reading, visit["id"]))
    return events


def _fields(reading: Reading, visit_id: str) -> dict[str, Any]:
    return {
        "visit_id": visit_id,
        "record_kind": reading.collection,
        "record_id": reading.record_id,
        "reader_id": reading.reader_id,
        "how": reading.how,
        "at": stamp(reading.at),
    }


def _read_records(
    connection: Connection, tenant_id: UUID, readings: Sequence[Reading]
) -> dict[tuple[str, str], Record]:
    wanted: dict[str, set[str]] = {}
    for reading in readings:
        wanted.setdefault(reading.collection, set()).add(reading.record_id)
    return {
        (collection, record_id): body
        for collection, ids in wanted.items()
        for record_id, body in _bodies(connection, tenant_id, collection, ids).items()
    }


def _bodies(
    connection: Connection,
    tenant_id: UUID,
    collection: str,
    ids: Collection[str],
    deleted_too: bool = False,
) -> dict[str, Record]:
    """The records of a kind by id, as they stand."""
    query = select(document.c.record_id, document.c.body).where(
        document.c.tenant_id == tenant_id,
        document.c.collection == collection,
        document.c.record_id == any_(literal(sorted(ids), ARRAY(Text))),
    )
    if not deleted_too:
        query = query.where(document.c.deleted == false())
    return dict(_parsed(connection.execute(query))) if ids else {}


def _parsed(rows: Any) -> Iterator[tuple[str, Record]]:
    for record_id, body in rows:
        yield record_id, json.loads(body) if body else {}
