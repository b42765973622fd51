"""A host and an observer, each with a phone on RxDB, and a visit between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.clients.driver import Pool
from tests.clients.rxdb_phones import VISIT, RxdbPhone, rest
from tests.clients.school import HANA, OLGA, School

Give = Callable[..., RxdbPhone]


@pytest.fixture
def give(rxdb: Pool, school: School) -> Iterator[Give]:
    """Gives a person a new phone, up to date."""
    given: list[RxdbPhone] = []

    def one(person_id: str, more: tuple[str, ...] = (), **options: int) -> RxdbPhone:
        given.append(RxdbPhone(rxdb, school, person_id, more, **options))
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
