"""A client library that others use (Authlib's, over httpx), configured by what we publish, and a check of our tokens by it."""

from __future__ import annotations

import time
import warnings
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from service.accounts.apps.scopes import SCOPES
from tests.accounts.conftest import Clock
from tests.api.apps.conftest import ANA, ISSUER, Browser, Maker, Verifier


def library(app: Flask, maker: Maker, scope: str) -> Any:
    with warnings.catch_warnings():  # it brings along a part of itself that it calls outdated
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client
    method = "client_secret_basic" if maker.secret else "none"
    return OAuth2Client(
        maker.client_id,
        maker.secret,
        token_endpoint_auth_method=method,
        scope=scope,
        redirect_uri=maker.redirect_uri,
        code_challenge_method="S256",
        transport=httpx.WSGITransport(app=app),
    )


def test_a_client_library_goes_all_the_way(app: Flask, browser: Browser, lms: Maker, mobile: Maker) -> None:
    published = app.test_client().get("/.well-known/oauth-authorization-server").json or {}
    for maker in (lms, mobile):
        verifier = Verifier()
        with library(app, maker, "profile notes:read") as client:
            url, state = client.create_authorization_url(
                published["authorization_endpoint"], code_verifier=verifier.text
            )
            said = dict(parse_qsl(urlsplit(url).query))
            back = browser.post("/oauth/authorize", said, {"said": "yes"})
            token = client.fetch_token(
                published["token_endpoint"],
                authorization_response=back.location,
                state=state,
                code_verifier=verifier.text,
            )
            assert token["expires_in"] == 600
            assert client.get(f"{ISSUER}/v1/me").json()["person"]["id"] == ANA
            renewed = client.refresh_token(published["token_endpoint"], token["refresh_token"])
            assert client.get(f"{ISSUER}/v1/me").status_code == 200
            client.revoke_token(published["revocation_endpoint"], renewed["refresh_token"])
            assert client.get(f"{ISSUER}/v1/me").status_code == 401


def test_what_we_publish_is_as_the_documents_have_it(app: Flask, lms: Maker) -> None:
    nobody = app.test_client()
    published = nobody.get("/.well-known/oauth-authorization-server").json or {}
    as_https = {
        n: v.replace(ISSUER, "https://watch.example") if isinstance(v, str) else v
        for n, v in published.items()
    }
    AuthorizationServerMetadata(as_https).validate()
    assert published["code_challenge_methods_supported"] == ["S256"]
    assert published["authorization_response_iss_parameter_supported"] is True
    assert published["scopes_supported"] == sorted(SCOPES)
    resource = nobody.get("/.well-known/oauth-protected-resource").json or {}
    assert resource["authorization_servers"] == [published["issuer"]] == [ISSUER]
    for name, address in published.items():
        if name.endswith("_endpoint"):
            assert nobody.get(urlsplit(address).path).status_code in (200, 400, 405), name


def test_a_token_is_proved_by_the_published_key(
    app: Flask, browser: Browser, lms: Maker, clock: Clock
) -> None:
    from tests.api.apps.conftest import tokens

    given = tokens(browser, lms)
    published = app.test_client().get("/oauth/jwks").json or {}
    assert "d" not in published["keys"][0], "the private part stays here"
    read = jwt.decode(given["access_token"], KeySet.import_key_set(published), ["ES256"])
    assert read.header["typ"] == "at+jwt"
    said = read.claims
    assert {"iss", "aud", "sub", "client_id", "exp", "iat", "jti", "scope"} <= said.keys()
    assert (said["iss"], said["sub"], said["client_id"]) == (ISSUER, ANA, lms.client_id)
    assert said["exp"] - said["iat"] == 600
    assert said["iat"] == int(clock().timestamp()) != int(time.time())
