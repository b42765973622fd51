"""A host and an observer, each with a phone on WatermelonDB, and a visit between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.driver import Pool
from tests.clients.school import HANA, OLGA, School
from tests.clients.watermelon_phones import WatermelonPhone

Give = Callable[..., WatermelonPhone]
VISIT, DEBRIEF = "visit-0001", "debrief-0001"


@pytest.fixture
def give(watermelon: Pool, school: School) -> Iterator[Give]:
    """Gives a person a new phone, up to date."""
    given: list[WatermelonPhone] = []

    def one(person_id: str, **options: Any) -> WatermelonPhone:
        given.append(WatermelonPhone(watermelon, school, person_id, **options))
        given[-1].sync()
        return given[-1]

    yield one
    for phone in given:
        phone.close()


@pytest.fixture
def hana(give: Give) -> WatermelonPhone:
    return give(HANA)


@pytest.fixture
def olga(give: Give) -> WatermelonPhone:
    return give(OLGA)


@pytest.fixture
def visit(school: School) -> str:
    """A visit of Olga's at Hana's."""
    return school.put("visits", VISIT, host_id=HANA, observer_ids=[OLGA], state="captured")


@pytest.fixture
def debrief(school: School, visit: str) -> str:
    """The talk after it, whose summary both write."""
    return school.put("debriefs", DEBRIEF, visit_id=visit, summary="We talked at length.")
