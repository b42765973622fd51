"""Who is no longer on the roster comes in by no way that she had, nor by one that was under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.accounts import one_time, roster_doors
from service.accounts.oidc import identities
from service.accounts.oidc.id_token import Vouched
from service.accounts.one_time import Purpose
from tests.accounts.authenticator import Authenticator
from tests.accounts.conftest import Clock
from tests.accounts.test_over_http import ANA, EVA, app, one_app, tenant_id
from tests.accounts.test_passkeys import ana, come_in, key, nobody
from tests.builders import Caller, services_of

__all__ = ["ana", "app", "key", "nobody", "one_app", "tenant_id"]


@pytest.fixture
def leave(app: Flask, tenant_id: UUID, clock: Clock) -> Callable[..., None]:
    def leave(*person_ids: str) -> None:
        with services_of(app).database.begin(tenant_id) as connection:
            roster_doors.shut_out(connection, tenant_id, person_ids, clock())

    return leave


def test_her_passkey_opens_nothing(nobody: Caller, key: Authenticator, leave: Callable[..., None]) -> None:
    assert come_in(nobody, key).status_code == 200
    key.count += 1
    leave(EVA)
    assert come_in(nobody, key).status_code == 200, "another's stays"
    key.count += 1
    leave(ANA)
    assert come_in(nobody, key).status_code == 401


def test_her_schools_sign_in_opens_nothing(
    app: Flask, tenant_id: UUID, clock: Clock, leave: Callable[..., None]
) -> None:
    database = services_of(app).database
    for person_id in (ANA, EVA):
        with database.begin(tenant_id) as connection:
            vouched = Vouched("https://school.example", f"subject-{person_id}")
            identities.link(connection, tenant_id, person_id, vouched, clock())
    leave(ANA)
    with database.begin(tenant_id) as connection:
        left = [len(identities.of_person(connection, tenant_id, one)) for one in (ANA, EVA)]
    assert left == [0, 1]


@pytest.mark.parametrize("purpose", [Purpose.LINK, Purpose.FROM_THE_SCHOOL])
def test_what_was_under_way_opens_nothing(
    app: Flask, tenant_id: UUID, clock: Clock, leave: Callable[..., None], purpose: Purpose
) -> None:
    database = services_of(app).database

    def given(person_id: str) -> str:
        about: dict[str, Any] = {"tenant": str(tenant_id), "person": person_id}
        with database.begin_reference() as connection:
            return one_time.give(connection, purpose, about, clock(), whose=person_id)

    hers, anothers = given(ANA), given(EVA)
    leave(ANA)
    assert one_time.take(database, purpose, hers, clock) is None
    assert one_time.take(database, purpose, anothers, clock) is not None
