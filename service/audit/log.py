"""The log of one tenant: rows numbered without holes, each with a SHA-256 over the one before and itself.

The head (the last number and its hash) stands in a row of its own, which an act locks until its commit: numbers become
visible in order, and a log that was cut short is found out. The application may read rows and add them, nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    insert,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.sql import select

from service.audit.acts import checked
from sync.server.actor import Actor

metadata = MetaData()
Name = Text(collation="C")
NOTHING = "0" * 64
"""The hash before the first row."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_id", Name),  # null: nobody was signed in, or an operator at a shell
    Column("device_id", Name),
    Column("act", Name, nullable=False),
    Column("about", Text, nullable=False),  # canonical JSON: what was hashed, byte for byte
    Column("hash", Name, nullable=False),
    info={"dist": "tenant", "wall": "append_only"},
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", Name, nullable=False),
    info={"dist": "tenant", "wall": "head"},
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as it is noted."""

    number: int
    at: datetime
    actor_id: str | None
    device_id: str | None
    act: str
    about: str

    def hash_after(self, tenant_id: UUID, before: str) -> str:
        """SHA-256 over the hash before, the tenant and the entry, in one canonical form."""
        said = [
            before,
            str(tenant_id),
            self.number,
            self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.actor_id,
            self.device_id,
            self.act,
            self.about,
        ]
        return hashlib.sha256(canonical(said).encode()).hexdigest()


def canonical(value: object) -> str:
    """The one JSON text of a value.

    >>> canonical({"b": 1, "a": "x"})
    '{"a":"x","b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def note(
    connection: Connection,
    tenant_id: UUID,
    actor: Actor | None,
    act: str,
    about: Mapping[str, str | int],
    now: datetime,
) -> int:
    """Note an act in the transaction that does it; its number. ValueError for a word that `acts` does not list.

    It holds the tenant's head until the commit: note last, and after whatever is pushed through the door.
    """
    told = canonical(checked(act, about))
    head = _lock_head(connection, tenant_id)
    person_id, device_id = (actor.person_id, actor.device_id) if actor else (None, None)
    entry = Entry(head.number + 1, now, person_id, device_id, act, told)
    hashed = entry.hash_after(tenant_id, head.hash)
    row = {"tenant_id": tenant_id, "number": entry.number, "at": now, "act": act, "about": told}
    who = {"actor_id": person_id, "device_id": device_id}
    connection.execute(insert(audit_log).values(**row, **who, hash=hashed))
    moved = update(audit_head).where(audit_head.c.tenant_id == tenant_id)
    connection.execute(moved.values(number=entry.number, hash=hashed))
    return entry.number


def _lock_head(connection: Connection, tenant_id: UUID) -> Row[int, str]:
    this = select(audit_head.c.number, audit_head.c.hash).where(audit_head.c.tenant_id == tenant_id)
    locked = this.with_for_update()
    found = connection.execute(locked).one_or_none()
    if found is not None:
        return found
    first = {"tenant_id": tenant_id, "number": 0, "hash": NOTHING}
    connection.execute(insert_unless(audit_head).values(first).on_conflict_do_nothing())
    return connection.execute(locked).one()
