"""A sandbox: a tenant of its own for the maker of an app, with people to sign in as and something to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from service.accounts import directory
from service.accounts.enrolment import enrol
from service.database import Database
from sync.changes import Change, Status
from sync.clock import stamp
from sync.server.actor import system_actor
from sync.server.push import Door

PEOPLE = {
    "host": ("Hana Host", "teacher"),
    "observer": ("Omar Observer", "teacher"),
    "admin": ("Amal Admin", "admin"),
}
"""By the first part of their addresses."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Whom one may be there: (person id, invitation code) by the first part of the address."""

    slug: str
    people: dict[str, tuple[str, str]]

    def address(self, name: str) -> str:
        """What she signs in by."""
        return f"{name}@{self.slug}.example"


def make(database: Database, door: Door, name: str, now: datetime) -> Sandbox:
    """Make it; DirectoryError when the name is taken, or cannot be one."""
    slug = f"sandbox-{name}"
    with database.begin_reference() as connection:
        tenant_id = directory.create_tenant(connection, slug, f"Sandbox {name}", now)
    found = {}
    with database.begin(tenant_id) as connection:
        for first, (called, role) in PEOPLE.items():
            found[first] = enrol(connection, door, tenant_id, f"{first}@{slug}.example", called, [role], now)
        records = _records(found["host"][0], found["observer"][0], now)
        for outcome in door.push(connection, system_actor(tenant_id), records):
            assert outcome.status in (Status.APPLIED, Status.MERGED), outcome
    return Sandbox(slug, found)


def _records(host_id: str, observer_id: str, now: datetime) -> list[Change]:
    """An open door for tomorrow, and a visit of which a note is shared."""
    tomorrow, visit_id = now + timedelta(days=1), str(uuid4())
    door = {
        "host_id": host_id,
        "look_for": "Who speaks, and for how long do I wait?",
        "to_tenant": True,
        "seats": 2,
    }
    door |= {
        "state": "open",
        "starts_at": stamp(tomorrow),
        "ends_at": stamp(tomorrow + timedelta(minutes=45)),
    }
    visit = {"host_id": host_id, "observer_ids": [observer_id], "state": "shared"}
    visit |= {"started_at": stamp(now - timedelta(hours=2)), "ended_at": stamp(now - timedelta(hours=1))}
    note = {
        "visit_id": visit_id,
        "note_kind": "noticing",
        "text": "Five children asked a question.",
        "at_ms": 61_000,
    }
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("invitations", str(uuid4()), door),
        ("visits", visit_id, visit),
        ("notes", str(uuid4()), note | {"state": "shared"}),
    ]
    return [Change(f"sandbox-{record_id}", kind, record_id, fields) for kind, record_id, fields in said]
