"""Reading a tenant's log again, and holding it against its hashes and its head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from service.audit.log import NOTHING, Entry, audit_head, audit_log

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """How far the log is as it was written; `fault` says what is not, `at` at which number."""

    number: int
    hash: str
    at: int | None = None
    fault: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.at is None


def rows(connection: Connection, tenant_id: UUID, after: int = 0) -> Iterator[Row[Any]]:
    """The log after this number, in order, a page at a time."""
    while True:
        query = select(audit_log).where(audit_log.c.tenant_id == tenant_id, audit_log.c.number > after)
        page = connection.execute(query.order_by(audit_log.c.number).limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].number


def verify(connection: Connection, tenant_id: UUID, known: tuple[int, str] | None = None) -> Finding:
    """Look for the first number at which the log is not what was written.

    An edit, a row put in, two that changed places: the hash differs there. A row taken out: a number is missing. Rows
    taken off the end: the head knows of more. `known` is a head that somebody wrote down elsewhere: against it, a log
    and a head that were written anew together are found too.
    """
    # the head first: a log that is cut off while it is read is found out
    number, hashed = head = _head(connection, tenant_id)
    found = _walk(connection, tenant_id, head, known)
    if found.is_whole and known and known[0] > number:
        return Finding(number, hashed, number + 1, "it ends before the head that you wrote down")
    return found


def _head(connection: Connection, tenant_id: UUID) -> tuple[int, str]:
    asked = select(audit_head.c.number, audit_head.c.hash).where(audit_head.c.tenant_id == tenant_id)
    head = connection.execute(asked).one_or_none()
    return (head.number, head.hash) if head else (0, NOTHING)


def _walk(
    connection: Connection, tenant_id: UUID, head: tuple[int, str], known: tuple[int, str] | None
) -> Finding:
    done, before = 0, NOTHING
    for row in rows(connection, tenant_id):
        if row.number != done + 1:
            missing = done + 1
            return Finding(done, before, missing, "it is missing")
        if row.number > head[0]:
            head = _head(connection, tenant_id)  # it may have been noted meanwhile
        entry = Entry(row.number, row.at, row.actor_id, row.device_id, row.act, row.about)
        fault = _fault(entry.hash_after(tenant_id, before), row, head, known)
        if fault:
            return Finding(done, before, row.number, fault)
        done, before = row.number, row.hash
    if done < head[0]:
        return Finding(
            done, before, done + 1, f"it and all after it are missing: the head stands at {head[0]}"
        )
    return Finding(done, before)


def _fault(wanted: str, row: Row[Any], head: tuple[int, str], known: tuple[int, str] | None) -> str:
    if row.hash != wanted:
        return "it is not what was written"
    if row.number == head[0] and row.hash != head[1]:
        return "it is not what the head says"
    if row.number > head[0]:
        return "it was put in behind the head"
    if known and row.number == known[0] and row.hash != known[1]:
        return "it is not what you wrote down"
    return ""
