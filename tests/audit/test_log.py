"""What is noted: numbered without holes, in the transaction of the act, and nothing that was typed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import ProgrammingError

from service.audit import note, verify
from service.audit.log import audit_log
from service.database import Database
from sync.server.actor import Actor
from tests.audit.conftest import ACTS, NOW


def noted(database: Database, tenant_id: UUID) -> list[tuple[int, str, str | None]]:
    with database.begin(tenant_id) as connection:
        return [(row.number, row.act, row.actor_id) for row in verify.rows(connection, tenant_id)]


def test_acts_are_numbered_in_their_order(database: Database, log: UUID) -> None:
    who = [None, *["person-ana"] * 4]
    assert noted(database, log) == list(zip([1, 2, 3, 4, 5], ACTS, who, strict=True))


def test_pages_join(database: Database, log: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PAGE", 2)
    assert [number for number, _, _ in noted(database, log)] == [1, 2, 3, 4, 5]
    with database.begin(log) as connection:
        assert verify.verify(connection, log).is_whole


def test_an_act_that_is_rolled_back_leaves_no_number(database: Database, log: UUID) -> None:
    with database.begin(log) as connection:
        note(connection, log, None, "signed_in", {}, NOW)
        connection.rollback()
    with database.begin(log) as connection:
        assert note(connection, log, None, "signed_in", {}, NOW) == 6
        assert verify.verify(connection, log).is_whole


def test_many_at_once_stand_in_one_chain(database: Database, tenant_id: UUID) -> None:
    def act(number: int) -> int:
        with database.begin(tenant_id) as connection:
            return note(connection, tenant_id, None, "link_issued", {"count": number}, NOW)

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(act, range(40)))
    assert sorted(numbers) == list(range(1, 41))
    with database.begin(tenant_id) as connection:
        assert verify.verify(connection, tenant_id).number == 40


def test_each_tenant_has_its_own_chain(database: Database, log: UUID) -> None:
    other = uuid4()
    with database.begin(other) as connection:
        assert note(connection, other, None, "signed_in", {}, NOW) == 1
        assert list(verify.rows(connection, log)) == []


@pytest.mark.parametrize(
    ("act", "about"),
    [
        ("looked_out_of_the_window", {}),
        ("signed_in", {"mood": "good"}),
        ("signed_in", {"person_id": "Ana Ruiz"}),
        ("signed_in", {"reason": "ana@north.example"}),
        ("signed_in", {"reason": "x" * 129}),
    ],
)
def test_only_listed_words_and_ids_are_noted(
    database: Database, log: UUID, act: str, about: dict[str, str | int]
) -> None:
    with database.begin(log) as connection:
        with pytest.raises(ValueError, match="audit log"):
            note(connection, log, None, act, about, NOW)
        assert note(connection, log, None, "signed_in", {}, NOW) == 6


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET act = 'erased' WHERE tenant_id = '{}'",
        "DELETE FROM audit_log WHERE tenant_id = '{}'",
        "TRUNCATE audit_log",
        "DELETE FROM audit_head WHERE tenant_id = '{}'",
    ],
)
def test_the_app_can_neither_change_nor_delete(database: Database, log: UUID, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database.begin(log) as connection,
    ):
        connection.exec_driver_sql(statement.format(log))
    assert len(noted(database, log)) == 5


def test_an_actor_is_noted_with_the_device(database: Database, tenant_id: UUID) -> None:
    with database.begin(tenant_id) as connection:
        note(connection, tenant_id, Actor(tenant_id, "ana", "tablet"), "signed_in", {}, NOW)
        (row,) = connection.execute(audit_log.select().where(audit_log.c.tenant_id == tenant_id))
    assert (row.actor_id, row.device_id, row.about) == ("ana", "tablet", "{}")
