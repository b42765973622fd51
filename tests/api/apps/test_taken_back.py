"""What a person agreed to and an app has not fetched yet: taken back, it opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from service.accounts import roster_doors
from tests.api.apps.conftest import ANA, BO, Browser, Maker, Verifier, agree, approve, register, signed_in
from tests.api.apps.test_devices_and_itself import device, poll, say, told
from tests.builders import Caller, services_of, sign_in

__all__ = ["device"]
TakeBack = Callable[[str], int]


@pytest.fixture(params=["by herself", "by the roster"])
def take_back(request: pytest.FixtureRequest, app: Flask, tenant_id: UUID) -> TakeBack:
    """Ends what she lets an app do; the status of her request."""
    services = services_of(app)

    def take_back(client_id: str) -> int:
        if request.param == "by herself":
            access = sign_in(services, tenant_id, ANA)
            return (
                Caller(app.test_client(use_cookies=False), access).delete(f"/v1/apps/{client_id}").status_code
            )
        with services.database.begin(tenant_id) as connection:
            roster_doors.shut_out(connection, tenant_id, [ANA], services.now())
        return 204

    return take_back


def test_a_code_is_worth_nothing(browser: Browser, lms: Maker, take_back: TakeBack) -> None:
    verifier = Verifier()
    code = agree(browser, lms, "profile", verifier)
    assert take_back(lms.client_id) == 204
    assert told(lms.exchange(code, verifier)) == "invalid_grant"


def test_a_device_gets_nothing(
    browser: Browser, mobile: Maker, device: dict[str, str], take_back: TakeBack
) -> None:
    say(browser, device, "yes")
    assert take_back(mobile.client_id) == 204
    assert told(poll(mobile, device)) == "invalid_request"


def test_what_others_agreed_to_and_other_apps_stay(
    app: Flask, tenant_id: UUID, browser: Browser, lms: Maker, take_back: TakeBack
) -> None:
    other = register(app, tenant_id)
    approve(app, tenant_id, other.client_id)
    another, verifier = Maker(app, other.client_id, other.client_secret), Verifier()
    bos = agree(signed_in(app, tenant_id, BO), lms, "profile", verifier)
    hers = agree(browser, another, "profile", verifier)
    taken = take_back(lms.client_id)
    assert lms.exchange(bos, verifier).status_code == 200
    assert another.exchange(hers, verifier).status_code == (200 if taken == 404 else 400)
