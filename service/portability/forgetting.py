"""A person is forgotten: her records, words, files, ways in, and what the engine kept of them.

What she shared with a host is the host's and stays, without her name. Each step may be stopped and done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Select, TableClause, Uuid, column, delete, select, table, update

from schemas.problems import Problem, Refused
from service.accounts import one_time, sessions
from service.accounts.models import session
from service.audit import note
from service.database import Database
from service.media.record import HELD, prefix
from service.media.record import read as read_media
from service.media.store import Store
from service.portability import exports
from service.portability.belongings import Belongings
from service.portability.data_map import ALL
from sync.changes import Change, Outcome, Status
from sync.server.actor import system_actor
from sync.server.forgetting import forget_person, forget_records
from sync.server.overlay import Key
from sync.server.push import Door

MOST_AT_ONCE = 200
NAMELESS = "Former colleague"
FORGOTTEN = "the person was forgotten"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many records and files' records went."""

    records: int
    media: int


def would_go(database: Database, door: Door, whose: tuple[UUID, str]) -> list[Key]:
    """(kind, id) of all that would go now."""
    tenant_id, person_id = whose
    with database.begin(tenant_id) as connection:
        return Belongings(connection, door.kinds, tenant_id, person_id).to_forget()


def forget(database: Database, door: Door, store: Store, whose: tuple[UUID, str], now: datetime) -> Forgotten:
    """Forget the person (tenant id, person id). Refused(MEDIA_HELD) while something of hers is held for an incident."""
    tenant_id, person_id = whose
    _demand_none_held(database, tenant_id, would_go(database, door, whose))
    with database.begin(tenant_id) as connection:
        _sign_out(connection, whose, now)
        files = exports.keys(connection, tenant_id, person_id)
    for key in files:
        store.erase_below(key)
    records = media = 0
    while keys := would_go(database, door, whose):
        gone = keys[:MOST_AT_ONCE]
        with database.begin(tenant_id) as connection:
            _delete(connection, door, tenant_id, gone)
            forget_records(connection, tenant_id, gone)
        filmed = [record_id for kind, record_id in gone if kind == "media"]
        for record_id in filmed:  # were it stopped here, the worker erases what was deleted
            store.erase_below(prefix(tenant_id, record_id))
        records, media = records + len(gone), media + len(filmed)
    with database.begin(tenant_id) as connection:
        _take_name(connection, door, whose)
        forget_person(connection, tenant_id, person_id)
        _forget_rows(connection, whose)
        _sign_out(connection, whose, now)  # she may have come in meanwhile: only now are her ways in gone
        note(connection, tenant_id, None, "erasure_done", {"person_id": person_id}, now)
    return Forgotten(records, media)


def _sign_out(connection: Connection, whose: tuple[UUID, str], now: datetime) -> None:
    tenant_id, person_id = whose
    one_time.void(connection, tenant_id, [person_id])
    sessions.end(connection, tenant_id, session.c.person_id == person_id, FORGOTTEN, now, wipe=True)
    hers = (session.c.tenant_id == tenant_id) & (session.c.person_id == person_id)
    connection.execute(update(session).where(hers).values(device_name=""))


def _demand_none_held(database: Database, tenant_id: UUID, keys: Sequence[Key]) -> None:
    """Before anything is done: what is held later on the door itself refuses to delete."""
    with database.begin(tenant_id) as connection:
        media = [read_media(connection, tenant_id, record_id) for kind, record_id in keys if kind == "media"]
    held = [one.id for one in media if one is not None and one.state == HELD]
    if held:
        raise Refused(
            Problem.MEDIA_HELD,
            f"Held for an incident: {', '.join(held)}. Release them first: comewatch media release --help",
        )


def _delete(connection: Connection, door: Door, tenant_id: UUID, keys: Sequence[Key]) -> None:
    changes = [Change(f"forget-{uuid4()}", kind, record_id, deleted=True) for kind, record_id in keys]
    _demand_done(door.push(connection, system_actor(tenant_id), changes))


def _take_name(connection: Connection, door: Door, whose: tuple[UUID, str]) -> None:
    tenant_id, person_id = whose
    said = {"display_name": NAMELESS, "roles": [], "evaluator_ids": []}
    change = Change(f"forget-{uuid4()}", "people", person_id, said)
    _demand_done(door.push(connection, system_actor(tenant_id), [change]))


def _demand_done(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status not in (Status.APPLIED, Status.MERGED, Status.REPEATED):
            why = (outcome.problem or {}).get("detail") or outcome.status.value
            raise Refused(Problem.NOT_ALLOWED, f"{outcome.collection} {outcome.id} does not go: {why}")


def _forget_rows(connection: Connection, whose: tuple[UUID, str]) -> None:
    """Rows that are hers alone, in the order of the map."""
    tenant_id, person_id = whose
    for name, kept in ALL.items():
        if kept.column is not None:
            whose_id = _of(tenant_id, person_id, kept.of) if kept.of else [person_id]
            rows = _rows(name, kept.column)
            ours = rows.c.tenant_id == tenant_id
            connection.execute(delete(rows).where(ours, rows.c[kept.column].in_(whose_id)))


def _of(tenant_id: UUID, person_id: str, said: str) -> Select[Any]:
    parent, _, name = said.partition(".")
    rows = _rows(parent, "person_id", name)
    return select(rows.c[name]).where(rows.c.tenant_id == tenant_id, rows.c.person_id == person_id)


def _rows(name: str, *columns: str) -> TableClause:
    return table(name, column("tenant_id", Uuid), *map(column, columns))
