"""A host and an observer, each with a phone on RxDB, and a visit between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.driver import Pool
from tests.clients.phone import rest
from tests.clients.rxdb_phones import RxdbPhone
from tests.clients.school import HANA, OLGA, School

Give = Callable[..., RxdbPhone]
VISIT = "visit-0001"


@pytest.fixture
def give(rxdb: Pool, school: School) -> Iterator[Give]:
    """Gives a person a new phone, up to date."""
    given: list[RxdbPhone] = []

    def one(person_id: str, **options: Any) -> RxdbPhone:
        given.append(RxdbPhone(rxdb, school, person_id, **options))
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


def note(phone: RxdbPhone, record_id: str, text: str, **fields: object) -> str:
    return phone.put("notes", record_id, visit_id=VISIT, note_kind="noticing", text=text, **fields)


def rejected(phone: RxdbPhone) -> list[tuple[str, str, str]]:
    """Collection, problem and payload of what was not taken from this person."""
    kept = phone.all("rejected_writes").values()
    return sorted((one["collection_name"], one["problem"], one["payload"]) for one in kept)
