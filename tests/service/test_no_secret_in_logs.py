"""A real server process is told secrets at every door, good ones too: its log holds none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from service.accounts import sign_in as codes
from service.accounts.apps import registry
from service.accounts.apps.registry import Wish
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
    with services.database.begin(tenant_id) as connection:
        code = codes.make_code(connection, tenant_id, hana, services.now())
    with services.database.begin_reference() as connection:
        wish = Wish("Lesson Box", ("https://lms.example/back",), ("notes:read",), public=False)
        client = registry.register(connection, wish, tenant_id, services.now())
    secrets = [CANARY, code, str(client.client_secret)]

    entered = line.say(
        "POST", "/v1/sign-in/code", {"code": code, "device_id": "phone-of-hana", "device_name": CANARY}
    )
    renewed = line.say("POST", "/v1/sign-in/refresh", {"refresh_token": entered["refresh_token"]})
    secrets += [each[name] for each in (entered, renewed) for name in ("access_token", "refresh_token")]
    token = renewed["access_token"]
    secrets += [
        line.say("POST", "/v1/calendar-link", token=token)["url"],
        line.say(
            "POST",
            "/v1/webhooks",
            {"url": f"https://hooks.example/{CANARY}", "events": ["notes.created"]},
            token,
        ).get("secret", CANARY),
    ]
    form = f"grant_type=client_credentials&client_id={client.client_id}&client_secret={client.client_secret}&code={CANARY}"
    line.say("POST", "/oauth/token", form, Content_Type=FORM["Content-Type"])
    media = {
        "id": "film-of-hana",
        "file_name": f"{CANARY}.mp4",
        "media_type": "video/mp4",
        "size_bytes": 9,
        "sha256": "0" * 64,
        "consent_basis": "families_agreed",
    }
    line.say("POST", "/v1/media", media, token)

    for who in (CANARY, sign_in(services, tenant_id, hana, "tablet-of-hana")):
        for method, rule in sorted(doors(app), key=lambda door: door[1] == "/v1/sign-out"):
            words = dict.fromkeys(
                ("id", "text", "code", "token", "address", "refresh_token", "device_id"), CANARY
            )
            line.say(method, filled(rule, CANARY), words if method != "GET" else None, who)
            line.say(method, f"{filled(rule, CANARY)}?code={CANARY}", None, who)
    for capability in ("/v1/u/{}/s3/params", "/v1/play/{}/film.m3u8", "/v1/calendar/{}.ics", "/{}"):
        line.say("GET", capability.format(CANARY))
    line.line.close()
    services.database.dispose()

    log = Path(api.log).read_text()
    assert [secret for secret in secrets if secret in log] == []
    assert log.strip(), "it logged nothing at all, so this showed nothing"
