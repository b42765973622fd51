"""A role gives its rights from its first moment until its last, to the second, and needs no job for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from sync.server.push import Door
from tests.api.conftest import HANA, PETRA
from tests.builders import Caller, caller, make_person, services_of

START = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(app: Flask) -> Iterator[Clock]:
    """The service's clock, in the hands of the test; sessions and their tokens keep real time."""
    services, clock = services_of(app), Clock()
    replace(services, now=clock, door=Door(services.kinds, clock)).serve(app)
    yield clock
    services.serve(app)


def roles(asker: Caller) -> list[str]:
    told = asker.get("/v1/me").json
    assert told is not None
    return list(told["roles"])


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_a_role_ends_at_its_second(app: Flask, clock: Clock, tenant_id: UUID, petra: Caller) -> None:
    ada = caller(app, tenant_id, make_person(services_of(app), tenant_id, "ada-administers", "admin"))
    until = START + timedelta(hours=1)
    said = {"id": "petra-is-admin", "person_id": PETRA, "role": "admin", "until_at": stamp(until)}
    assert petra.post("/v1/schools", {"id": "school-one", "name": "First"}).status_code == 403
    assert petra.post("/v1/role_grants", said).status_code == 403
    assert ada.post("/v1/role_grants", said).status_code == 201
    assert petra.post("/v1/schools", {"id": "school-one", "name": "First"}).status_code == 201
    clock.moment = until - timedelta(seconds=1)
    assert roles(petra) == ["admin", "teacher"]
    clock.moment = until
    assert roles(petra) == ["teacher"]
    assert petra.post("/v1/schools", {"id": "school-two", "name": "Second"}).status_code == 403
    renamed = {"role": "coach", "person_id": HANA, "id": "hana-is-coach"}
    assert petra.post("/v1/role_grants", renamed).status_code == 403


def test_a_role_begins_at_its_second(app: Flask, clock: Clock, tenant_id: UUID, petra: Caller) -> None:
    ada = caller(app, tenant_id, make_person(services_of(app), tenant_id, "ada-administers", "admin"))
    begins = START + timedelta(days=1)
    said = {"id": "petra-coaches", "person_id": PETRA, "role": "coach", "from_at": stamp(begins)}
    assert ada.post("/v1/role_grants", said).status_code == 201
    assert roles(petra) == ["teacher"]
    clock.moment = begins
    assert roles(petra) == ["coach", "teacher"]
    ended = ada.patch("/v1/role_grants/petra-coaches", {"until_at": stamp(begins)})
    assert (ended.status_code, roles(petra)) == (200, ["teacher"])
