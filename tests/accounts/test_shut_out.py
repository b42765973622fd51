"""Who left the district: whatever she still holds, a key, an account, a link, a code, opens nothing any more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Row

from schemas.problems import Refused
from service.accounts import one_time, roster_doors
from service.accounts.oidc import identities
from service.accounts.oidc.id_token import Vouched
from service.accounts.one_time import Purpose
from tests.accounts.authenticator import Authenticator
from tests.accounts.test_over_http import ANA, EVA, PHONE, app, one_app, tenant_id
from tests.accounts.test_passkeys import ana, come_in, failed, key, nobody
from tests.builders import Caller, services_of

__all__ = ["ana", "app", "key", "nobody", "one_app", "tenant_id"]
VERIFIER = "v" * 43
VOUCHED = Vouched("https://id.north.example", "subject-of-ana")


def shut_out(app: Flask, tenant_id: UUID, person_id: str = ANA) -> None:
    with services_of(app).database.begin(tenant_id) as connection:
        roster_doors.shut_out(connection, tenant_id, [person_id], services_of(app).now())


def test_her_passkey_opens_nothing(app: Flask, tenant_id: UUID, nobody: Caller, key: Authenticator) -> None:
    shut_out(app, tenant_id, EVA)
    assert come_in(nobody, key).status_code == 200
    key.count += 1
    shut_out(app, tenant_id)
    assert failed(come_in(nobody, key))


def test_her_account_at_the_school_opens_nothing(app: Flask, tenant_id: UUID) -> None:
    asked = cast(Row[Any], SimpleNamespace(tenant_id=tenant_id, links_by_verified_address=False, domains=[]))
    database, now = services_of(app).database, services_of(app).now()
    with database.begin(tenant_id) as connection:
        identities.link(connection, tenant_id, ANA, VOUCHED, now)
        assert identities.person_of(connection, asked, VOUCHED, now) == ANA
    shut_out(app, tenant_id)
    with database.begin(tenant_id) as connection, pytest.raises(Refused):
        identities.person_of(connection, asked, VOUCHED, now)


@pytest.mark.parametrize(
    ("purpose", "path", "name"),
    [(Purpose.LINK, "/v1/sign-in/link/open", "token"), (Purpose.FROM_THE_SCHOOL, "/v1/sign-in/oidc", "code")],
)
def test_what_was_on_its_way_to_her_opens_nothing(
    app: Flask, tenant_id: UUID, nobody: Caller, purpose: Purpose, path: str, name: str
) -> None:
    device = [PHONE["device_id"], PHONE["device_name"]]
    about = {"tenant": str(tenant_id), "device": device, "challenge": one_time.challenge(VERIFIER)}
    shown = {"code_verifier": VERIFIER, "device_id": device[0]}

    def secret(person_id: str) -> str:
        with services_of(app).database.begin_reference() as connection:
            whose = about | {"person": person_id, "linking": False}
            return one_time.give(connection, purpose, whose, services_of(app).now(), whose=person_id)

    hers, evas = secret(ANA), secret(EVA)
    shut_out(app, tenant_id)
    assert nobody.post(path, shown | {name: hers}).status_code == 401
    assert nobody.post(path, shown | {name: evas}).status_code == 200
