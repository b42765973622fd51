"""Whatever is done to a log by who owns the database, the verifier says at which number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from service.audit import note, verify
from service.audit.log import NOTHING
from service.audit.verify import Finding
from service.database import Database
from tests.audit.conftest import NOW


@pytest.fixture
def owner(database_owner_url: str, log: UUID) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The superuser, whom no grant stops."""
    with psycopg.connect(database_owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def found(database: Database, log: UUID, known: tuple[int, str] | None = None) -> Finding:
    with database.begin(log) as connection:
        return verify.verify(connection, log, known)


def test_an_untouched_log_is_whole(database: Database, log: UUID) -> None:
    finding = found(database, log)
    assert (finding.is_whole, finding.number, len(finding.hash)) == (True, 5, 64)


def test_a_tenant_without_acts_has_a_whole_log(database: Database, tenant_id: UUID) -> None:
    assert found(database, tenant_id) == Finding(0, NOTHING)


def test_what_is_noted_while_it_is_verified_is_no_fault(
    database: Database, log: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = verify.rows

    def late(*said: Any) -> Any:
        with database.begin(log) as another:
            note(another, log, None, "administered", {}, NOW)
        return rows(*said)

    monkeypatch.setattr(verify, "rows", late)
    finding = found(database, log)
    assert (finding.is_whole, finding.number) == (True, 6)


COPY = "INSERT INTO audit_log SELECT tenant_id, {}, at, actor_id, device_id, act, about, hash FROM audit_log WHERE number = {}"
HARM = {
    "an edited act": (["UPDATE audit_log SET act = 'signed_in' WHERE number = 3"], 3),
    "an edited person": (["UPDATE audit_log SET actor_id = 'eve' WHERE number = 2"], 2),
    "an edited device": (["UPDATE audit_log SET device_id = NULL WHERE number = 2"], 2),
    "an edited subject": (["UPDATE audit_log SET about = '{}' WHERE number = 5"], 5),
    "an edited time": (["UPDATE audit_log SET at = at + interval '1 microsecond' WHERE number = 1"], 1),
    "an edited hash": ([f"UPDATE audit_log SET hash = '{NOTHING}' WHERE number = 4"], 4),
    "the first row taken out": (["DELETE FROM audit_log WHERE number = 1"], 1),
    "a row taken out": (["DELETE FROM audit_log WHERE number = 3"], 3),
    "a row taken out and the rest moved up": (
        [
            "DELETE FROM audit_log WHERE number = 3",
            "UPDATE audit_log SET number = 3 WHERE number = 4",
            "UPDATE audit_log SET number = 4 WHERE number = 5",
        ],
        3,
    ),
    "the end cut off": (["DELETE FROM audit_log WHERE number > 3"], 4),
    "all cut off": (["DELETE FROM audit_log"], 1),
    "two changed places": (
        [
            "UPDATE audit_log SET number = 9 WHERE number = 2",
            "UPDATE audit_log SET number = 2 WHERE number = 3",
            "UPDATE audit_log SET number = 3 WHERE number = 9",
        ],
        2,
    ),
    "a row put in at the end": ([COPY.format(6, 5)], 6),
    "a row put in between": (
        [
            "UPDATE audit_log SET number = 6 WHERE number = 5",
            "UPDATE audit_log SET number = 5 WHERE number = 4",
            COPY.format(4, 2),
        ],
        4,
    ),
    "the head put back": (
        [
            "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_log WHERE number = 3)",
        ],
        4,
    ),
    "another head": ([f"UPDATE audit_head SET hash = '{NOTHING}'"], 5),
    "no head": (["DELETE FROM audit_head"], 1),
}


@pytest.mark.parametrize(("statements", "at"), HARM.values(), ids=HARM.keys())
def test_harm_is_found_at_its_number(
    database: Database,
    log: UUID,
    owner: psycopg.Connection[tuple[object, ...]],
    statements: list[str],
    at: int,
) -> None:
    for statement in statements:
        owner.execute(statement.encode())
    finding = found(database, log)
    assert (finding.is_whole, finding.at, bool(finding.fault)) == (False, at, True)
    assert finding.number == at - 1


def test_a_log_and_head_cut_short_together_need_a_head_written_down(
    database: Database, log: UUID, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    known = found(database, log)
    assert found(database, log, (known.number, known.hash)).is_whole
    owner.execute(b"DELETE FROM audit_log WHERE number > 3")
    owner.execute(b"UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_log WHERE number = 3)")
    assert found(database, log).is_whole
    assert found(database, log, (known.number, known.hash)).at == 4
    assert found(database, log, (2, NOTHING)).at == 2
