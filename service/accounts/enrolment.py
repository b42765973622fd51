"""New people: a record through the one door, an address to sign in by, and a first code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from service.accounts import directory, sign_in
from service.audit import note
from sync.changes import Change, Status
from sync.server.actor import system_actor
from sync.server.push import Door


def enrol(
    connection: Connection,
    door: Door,
    tenant_id: UUID,
    address: str,
    name: str,
    roles: Sequence[str],
    now: datetime,
) -> tuple[str, str]:
    """(person id, invitation code) of a new person; DirectoryError for the address, Refused for the name or a role."""
    person_id = str(uuid4())
    directory.add_address(connection, address, tenant_id, person_id, now)
    fields = {"display_name": name, "roles": sorted(set(roles))}
    change = Change(f"enrol-{person_id}", "people", person_id, fields)
    (outcome,) = door.push(connection, system_actor(tenant_id), [change])
    if outcome.status is not Status.APPLIED:
        told = outcome.problem or {}
        raise Refused(Problem.INVALID_RECORD, str(told.get("detail", "")), told.get("errors", {}))
    note(connection, tenant_id, None, "person_added", {"person_id": person_id}, now)
    return person_id, sign_in.make_code(connection, tenant_id, person_id, now)
