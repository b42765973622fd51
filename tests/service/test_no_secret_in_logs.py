"""A real server process is told secrets at every door, good ones too: its log holds none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import orjson
import pytest
from flask import Flask

from service.accounts import sign_in as codes
from service.accounts.apps import registry
from service.accounts.apps.registry import Wish
from service.api.services import Services
from service.app import create_app
from service.settings import Settings
from tests.api.test_hard_input import doors, filled
from tests.builders import make_person, make_tenant, services_of, sign_in
from tests.conftest import environment
from tests.service.test_serve import Api, make_api

CANARY = "c4n4ry" + uuid4().hex
"""Said at every door wherever something can be said."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def surroundings(session_database_url: str, token_key: str) -> dict[str, str]:
    """Whatever it could say it says; the store is away, so that it says something."""
    return {**os.environ, **environment(session_database_url, token_key), "LOG_LEVEL": "DEBUG"}


@pytest.fixture(scope="module")
def api(surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api = make_api(surroundings, tmp_path_factory.mktemp("logs"))
    api.start()
    yield api
    api.stop()


class Line:
    """A connection to the server, which sends the canary along in every header that could hold a secret."""

    def __init__(self, api: Api) -> None:
        self.line = HTTPConnection("127.0.0.1", api.port, timeout=60)

    def say(self, method: str, path: str, body: Any = None, token: str = CANARY, **more: str) -> Any:
        """What is answered, read as JSON where it is some."""
        headers = {"Authorization": f"Bearer {token}", "Cookie": f"__Host-comewatch={CANARY}", **JSON, **more}
        said = body if isinstance(body, str | None) else orjson.dumps(body)
        self.line.request(method, path, said, {name.replace("_", "-"): it for name, it in headers.items()})
        answer = self.line.getresponse()
        text = answer.read()
        assert answer.status not in (500, 502, 504), (method, path, text)
        return orjson.loads(text) if text.startswith(b"{") else {}


def test_the_log_of_a_server_holds_no_secret(api: Api, surroundings: dict[str, str]) -> None:
    app = create_app(Settings.from_environment(surroundings))
    services, line = services_of(app), Line(api)
    tenant_id = make_tenant(services)
    hana = make_person(services, tenant_id, "hana-host", "admin")
    secrets, token = enter(services, line, tenant_id, hana)
    secrets += be_given_secrets(line, token) + be_an_app(services, line, tenant_id)
    for who in (CANARY, sign_in(services, tenant_id, hana, "tablet-of-hana")):
        knock_everywhere(app, line, who)
    line.line.close()
    services.database.dispose()

    log = Path(api.log).read_text()
    assert [secret for secret in secrets if secret in log] == []
    assert log.strip(), "it logged nothing at all, so this showed nothing"


def enter(services: Services, line: Line, tenant_id: UUID, person_id: str) -> tuple[list[str], str]:
    """By a code, and once more by a refresh token: all that was said and given, and the token that is good now."""
    with services.database.begin(tenant_id) as connection:
        code = codes.make_code(connection, tenant_id, person_id, services.now())
    phone = {"device_id": "phone-of-hana", "device_name": CANARY}
    entered = line.say("POST", "/v1/sign-in/code", {"code": code, **phone})
    renewed = line.say("POST", "/v1/sign-in/refresh", {"refresh_token": entered["refresh_token"]})
    tokens = [each[name] for each in (entered, renewed) for name in ("access_token", "refresh_token")]
    return [CANARY, code, *tokens], renewed["access_token"]


def be_given_secrets(line: Line, token: str) -> list[str]:
    """An address that is its own leave, a webhook's secret, and a file under a name that nobody else may read."""
    hook = {"url": f"https://hooks.example/{CANARY}", "events": ["notes.created"]}
    film = {"file_name": f"{CANARY}.mp4", "media_type": "video/mp4", "size_bytes": 9, "sha256": "0" * 64}
    line.say("POST", "/v1/media", {"id": "film", **film, "consent_basis": "families_agreed"}, token)
    return [
        line.say("POST", "/v1/calendar-link", token=token)["url"],
        line.say("POST", "/v1/webhooks", hook, token)["secret"],
    ]


def be_an_app(services: Services, line: Line, tenant_id: UUID) -> list[str]:
    """Its secret, said where tokens are got."""
    with services.database.begin_reference() as connection:
        wish = Wish("Lesson Box", ("https://lms.example/back",), ("notes:read",), public=False)
        client = registry.register(connection, wish, tenant_id, services.now())
    said = {"client_id": client.client_id, "client_secret": str(client.client_secret), "code": CANARY}
    form = urlencode({"grant_type": "client_credentials", **said})
    line.say("POST", "/oauth/token", form, Content_Type=FORM["Content-Type"])
    return [str(client.client_secret)]


def knock_everywhere(app: Flask, line: Line, token: str) -> None:
    """The canary as every word, parameter, query and address that is its own leave; who asks signs out last."""
    names = ("id", "text", "code", "token", "address", "refresh_token", "device_id")
    for method, rule in sorted(doors(app), key=lambda door: door[1] == "/v1/sign-out"):
        words = dict.fromkeys(names, CANARY)
        line.say(method, filled(rule, CANARY), words if method != "GET" else None, token)
        line.say(method, f"{filled(rule, CANARY)}?code={CANARY}", None, token)
    for capability in ("/v1/u/{}/s3/params", "/v1/play/{}/film.m3u8", "/v1/calendar/{}.ics", "/{}"):
        line.say("GET", capability.format(CANARY))
