"""Unmodified RxDB against the real server, through the client that docs/rxdb.md prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.clients.conftest import HANA, OLGA, School
from tests.clients.driver import Pool, guide
from tests.clients.rxdb_phones import RxdbPhone

VISIT = "visit-0001"
Give = Callable[[str], RxdbPhone]


@pytest.fixture
def give(rxdb: Pool, school: School) -> Iterator[Give]:
    """Gives a person a new phone, up to date."""
    given: list[RxdbPhone] = []

    def one(person_id: str) -> RxdbPhone:
        given.append(RxdbPhone(rxdb, school, person_id))
        given[-1].sync()
        return given[-1]

    yield one
    for phone in given:
        phone.close()


@pytest.fixture
def hana(give: Give) -> RxdbPhone:
    return give(HANA)


@pytest.fixture
def olga(give: Give) -> RxdbPhone:
    return give(OLGA)


@pytest.fixture
def visit(hana: RxdbPhone, olga: RxdbPhone) -> str:
    hana.put(
        "visits", VISIT, host_id=HANA, observer_ids=[OLGA], focus="who asks questions today", state="captured"
    )
    rest(hana, olga)
    return VISIT


def rest(*phones: RxdbPhone) -> None:
    """Everybody sends and reads everything; then all hold what the server would show, and can prove it."""
    for _ in range(2):
        for phone in phones:
            phone.sync()
    for phone in phones:
        assert phone.differences() == {}
        assert phone.is_right()


def note(phone: RxdbPhone, record_id: str, text: str, **fields: object) -> str:
    return phone.put("notes", record_id, visit_id=VISIT, note_kind="noticing", text=text, **fields)


def test_the_guide_is_short() -> None:
    assert len(guide("rxdb.md").splitlines()) < 60


def test_a_note_travels(hana: RxdbPhone, olga: RxdbPhone, visit: str) -> None:
    note(olga, "note-0001", "Four tables argue.", at_ms=61_000)
    rest(hana, olga)
    assert hana.all("notes") == {}  # a draft is its author's alone
    olga.put("notes", "note-0001", state="shared")
    rest(hana, olga)
    held = hana.get("notes", "note-0001") or {}
    assert (held["text"], held["state"], held["created_by"]) == ("Four tables argue.", "shared", OLGA)
