"""Exports that people ask for from their phones: made by the worker, there for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from service import jobs
from service.audit import note
from service.database import Database
from service.media.store import Signed, Store
from service.media.sweep import GRACE
from service.portability.exporting import export
from service.portability.models import person_export
from sync.clock import Now
from sync.server.actor import Actor
from sync.server.kind import Kinds

MAKE_EXPORT = "make_export"
LASTS = GRACE - timedelta(hours=1)
"""No record stands for the file, so the nightly sweep takes it when it is older than its grace: no link outlives it."""
ROWS_LAST = timedelta(days=30)
FILE_NAME = "comewatch-export.zip"
ZIP = "application/zip"


def ask(connection: Connection, actor: Actor, now: datetime) -> Row[Any]:
    """The person's export: the one that is being made, or a new one."""
    last = latest(connection, actor)
    if last is not None and last.ready_at is None and last.asked_at > now - LASTS:
        return last
    values = {"tenant_id": actor.tenant_id, "id": uuid4(), "person_id": actor.person_id, "asked_at": now}
    row = connection.execute(insert(person_export).values(values).returning(person_export)).one()
    asked = {"tenant_id": str(actor.tenant_id), "export_id": str(row.id)}
    about = {"export_id": str(row.id), "person_id": actor.person_id}
    note(connection, actor.tenant_id, actor, "export_asked", about, now)
    jobs.enqueue(connection, MAKE_EXPORT, key=f"{MAKE_EXPORT}/{row.id}", queue=jobs.LONG, **asked)
    return row


def latest(connection: Connection, actor: Actor) -> Row[Any] | None:
    """The export that the person asked for last."""
    table = person_export.c
    hers = select(person_export).where(table.tenant_id == actor.tenant_id, table.person_id == actor.person_id)
    return connection.execute(hers.order_by(table.asked_at.desc()).limit(1)).one_or_none()


def make(database: Database, kinds: Kinds, store: Store, tenant_id: UUID, export_id: UUID, now: Now) -> None:
    """Write the file and store it; nothing when nobody asks for it any more."""
    this = (person_export.c.tenant_id == tenant_id) & (person_export.c.id == export_id)
    with database.begin(tenant_id) as connection:
        row = connection.execute(select(person_export).where(this)).one_or_none()
    if row is None or row.ready_at is not None:
        return
    with TemporaryDirectory(prefix="comewatch-export-") as directory:
        path = Path(directory) / FILE_NAME
        export(database, kinds, store, (tenant_id, row.person_id), path, now())
        store.put_file(key(row), path, ZIP)
        size = path.stat().st_size
    with database.begin(tenant_id) as connection:
        told = connection.execute(update(person_export).where(this).values(ready_at=now(), size_bytes=size))
    if not told.rowcount:  # she was forgotten meanwhile
        store.erase_below(key(row))


def link(store: Store, row: Row[Any], now: datetime) -> Signed | None:
    """Where to fetch it, for five minutes; None while it is made, and when its day is over."""
    if row.ready_at is None or now >= row.ready_at + LASTS:
        return None
    return store.sign_get(key(row), ZIP, FILE_NAME)


def keys(connection: Connection, tenant_id: UUID, person_id: str) -> list[str]:
    """Where the files of all exports lie that the person asked for of late."""
    hers = (person_export.c.tenant_id == tenant_id) & (person_export.c.person_id == person_id)
    return [key(row) for row in connection.execute(select(person_export).where(hers))]


def forget_old(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Delete the rows of exports that were asked for long ago."""
    old = (person_export.c.tenant_id == tenant_id) & (person_export.c.asked_at < now - ROWS_LAST)
    connection.execute(delete(person_export).where(old))


def key(row: Row[Any]) -> str:
    """Where the file lies."""
    return f"{row.tenant_id}/exports/{row.id}.zip"
