"""Roles as the operator grants, ends and lists them: changes of `role_grants` through the one door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, select

from schemas.problems import Problem, Refused
from service.records.role_grants import table
from sync.changes import Change
from sync.clock import stamp
from sync.server.actor import system_actor
from sync.server.push import Door


@dataclass(frozen=True, slots=True)
class RoleDesk:
    """One person's roles, in one transaction."""

    connection: Connection
    door: Door
    tenant_id: UUID
    person_id: str

    def grant(self, role: str, from_at: datetime | None, until_at: datetime | None) -> dict[str, Any]:
        """A new grant; Refused when its times make no sense."""
        times = {"from_at": _utc(from_at), "until_at": _utc(until_at)}
        fields = {"person_id": self.person_id, "role": role, **times}
        self._push(Change(f"grant-{uuid4()}", "role_grants", str(uuid4()), fields))
        return fields

    def end(self, role: str) -> dict[str, Any]:
        """End what stands of the role, or will; Refused(NOT_FOUND) when nothing does."""
        now = self.door.now()
        left = [
            one for one in self._rows() if one.role == role and (one.until_at is None or one.until_at > now)
        ]
        if not left:
            raise Refused(Problem.NOT_FOUND, f"She is not {role}: see comewatch person roles --help")
        for one in left:
            # what has not begun yet must not end before its beginning
            ends = {"from_at": stamp(now)} if one.from_at and one.from_at > now else {}
            fields = ends | {"until_at": stamp(now)}
            seen = {name: _utc(getattr(one, name)) for name in fields}
            self._push(Change(f"end-{uuid4()}", "role_grants", one.id, fields, base_fields=seen))
        return {"person_id": self.person_id, "role": role, "ended": len(left)}

    def listed(self) -> list[dict[str, Any]]:
        """Every grant of hers, the oldest first."""
        shown = ("id", "role", "host_id", "from_at", "until_at", "created_at", "granted_by", "ended_by")
        return [{name: _plain(getattr(row, name)) for name in shown} for row in self._rows()]

    def _rows(self) -> list[Any]:
        query = select(table).where(table.c.tenant_id == self.tenant_id, table.c.person_id == self.person_id)
        return list(self.connection.execute(query.order_by(table.c.created_at, table.c.id)))

    def _push(self, change: Change) -> None:
        (outcome,) = self.door.push(self.connection, system_actor(self.tenant_id), [change])
        if outcome.problem:
            told = outcome.problem
            raise Refused(Problem.INVALID_RECORD, str(told.get("detail", "")), told.get("errors", {}))


def _utc(moment: datetime | None) -> str | None:
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) if moment else None


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else value
