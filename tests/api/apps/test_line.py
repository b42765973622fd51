"""The whole way of an app: sent here, agreed to, let in, renewed, asked about, given back."""

from __future__ import annotations

import pytest

from tests.api.apps.conftest import ANA, Browser, Maker, tokens


@pytest.mark.parametrize("which", ["lms", "mobile"])
def test_the_whole_way(request: pytest.FixtureRequest, browser: Browser, which: str) -> None:
    maker: Maker = request.getfixturevalue(which)
    given = tokens(browser, maker)
    assert given["scope"] == "notes:read profile"
    assert given["expires_in"] == 600
    me = maker.caller(given["access_token"]).get("/v1/me")
    assert me.status_code == 200, me.text
    assert (me.json or {})["person"]["id"] == ANA
    renewed = maker.refresh(given["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert maker.caller((renewed.json or {})["access_token"]).get("/v1/notes").status_code == 200
    gone = maker.post("/oauth/revoke", {"token": given["access_token"]})
    assert gone.status_code == 200
    assert maker.caller((renewed.json or {})["access_token"]).get("/v1/me").status_code == 401
