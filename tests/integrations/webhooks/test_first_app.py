"""The app that docs/first-app.md prints works as it stands: in through the consent screen, and told of a guest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO, Any
from uuid import UUID

import httpx
import pytest

from service.accounts import sign_in
from service.accounts.apps import registry
from service.api.services import Services
from service.app import make_services
from service.dev import programs
from service.dev.ports import free_pair
from service.settings import Settings
from tests import builders
from tests.conftest import environment

GUIDE = Path(__file__).parents[3] / "docs" / "first-app.md"
HANA, OLGA, DOOR = "hana-host", "olga-observes", "door-of-hana"
SCOPES = ("profile", "invitations:read", "webhooks:manage")
LONGEST = 60
PATIENCE_S = 90.0


def printed() -> str:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    return found[1]


def test_it_is_short() -> None:
    assert 30 < len(printed().splitlines()) < LONGEST


def test_it_is_made_known_with_the_scopes_that_it_asks_for() -> None:
    guide = GUIDE.read_text()
    for command in re.findall(r"comewatch app (?:create|approve) .*", guide):
        assert tuple(re.findall(r"--scope (\S+)", command)) == SCOPES
    assert f'"scope": "{" ".join(SCOPES)}"' in printed()


@pytest.fixture
def surroundings(database_url: str, token_key: str) -> dict[str, str]:
    url = f"http://127.0.0.1:{free_pair()}"
    return {**os.environ, **environment(database_url, token_key), "PUBLIC_URL": url, "LOG_LEVEL": "WARNING"}


@pytest.fixture
def services(surroundings: dict[str, str], tmp_path: Path) -> Iterator[Services]:
    """The API and the worker run, over the same database as these."""
    url = surroundings["PUBLIC_URL"]
    port = int(url.rpartition(":")[2])
    running = [
        programs.api("127.0.0.1", port, url=url, env=surroundings, logs=tmp_path),
        programs.worker(env=surroundings, logs=tmp_path),
    ]
    services = make_services(Settings.from_environment(surroundings))
    try:
        for program in running:
            program.start()
        yield services
    finally:
        for program in running:
            program.stop()
        services.database.dispose()


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = builders.make_tenant(services)
    for person_id in (HANA, OLGA):
        builders.make_person(services, tenant_id, person_id)
    door = {"host_id": HANA, "to_tenant": True, "seats": 2, "state": "open"}
    builders.put(services, tenant_id, "invitations", DOOR, **door, starts_at="2026-12-23T09:00:00.000Z")
    return tenant_id


def made_known(services: Services, tenant_id: UUID, redirect: str) -> str:
    wish = registry.Wish("Guest book", [redirect], SCOPES, public=True)
    with services.database.begin_reference() as connection:
        client_id = registry.register(connection, wish, None, services.now()).client_id
    with services.database.begin(tenant_id) as connection:
        registry.approve(connection, tenant_id, client_id, SCOPES, None, services.now())
    return client_id


@contextmanager
def running(services: Services, client_id: str, port: int, log: IO[bytes]) -> Iterator[IO[str]]:
    """The printed app; yields what it says."""
    said = {"SERVER": services.settings.public_url, "CLIENT_ID": client_id, "PORT": str(port)}
    command = [sys.executable, "-c", printed()]
    with subprocess.Popen(
        command, env=os.environ | said, stdout=subprocess.PIPE, stderr=log, text=True
    ) as app:
        patience = Timer(PATIENCE_S, app.kill)  # who waits for a line then reads that there is none
        patience.start()
        try:
            assert app.stdout is not None
            yield app.stdout
        finally:
            patience.cancel()
            app.terminate()


def agree(services: Services, tenant_id: UUID, address: str) -> httpx.Response:
    """What Hana's browser does: signs in with a code, presses the button, and is sent back to the app."""
    with services.database.begin(tenant_id) as connection:
        code = sign_in.make_code(connection, tenant_id, HANA, services.now())
    url = services.settings.public_url
    with httpx.Client(headers={"Origin": url}, timeout=30, trust_env=False) as browser:
        page = browser.get(address).raise_for_status()
        signed_in = browser.post(f"{url}{action_of(page)}", data={"code": code})
        assert signed_in.status_code == 303, signed_in.text
        # a browser takes our own machine for safe, and keeps the cookie without TLS; httpx's jar does not send it
        cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
        asked = f"{url}{signed_in.headers['location'].removeprefix(url)}"
        question = browser.get(asked, headers=cookie).raise_for_status().text
        assert "Guest book" in question
        shown = re.search(r'name="shown" value="([^"]+)"', question)
        assert shown, question
        sent_back = browser.post(asked, data={"said": "yes", "shown": shown[1]}, headers=cookie)
        assert sent_back.status_code == 302, sent_back.text
        return browser.get(sent_back.headers["location"])


def action_of(page: httpx.Response) -> str:
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    return found[1].replace("&amp;", "&")


def test_it_is_let_in_and_hears_of_a_guest(services: Services, tenant_id: UUID, tmp_path: Path) -> None:
    port = free_pair()
    client_id = made_known(services, tenant_id, f"http://127.0.0.1:{port}/back")
    with (tmp_path / "app.log").open("wb") as log, running(services, client_id, port, log) as says:
        word, _, address = says.readline().rstrip().partition(" ")
        assert word == "Open", (tmp_path / "app.log").read_text()
        assert agree(services, tenant_id, address).status_code == 204, (tmp_path / "app.log").read_text()
        assert says.readline() == f"Your door: {DOOR} open\n"
        assert claims(services, tenant_id)["state"] == "accepted"
        assert says.readline() == f"A guest: {OLGA} for {DOOR}\n"
        forged = httpx.post(f"http://127.0.0.1:{port}/hooks", json={"type": "seats.accepted"}, timeout=30)
        assert forged.status_code == 400
        stray = httpx.get(f"http://127.0.0.1:{port}/back?code=x&state=x", timeout=30)
        assert stray.status_code == 400


def claims(services: Services, tenant_id: UUID) -> dict[str, Any]:
    """Olga takes a seat, over the same API."""
    bearer = {"Authorization": f"Bearer {builders.sign_in(services, tenant_id, OLGA)}"}
    url = f"{services.settings.public_url}/v1/invitations/{DOOR}/claim"
    seat: dict[str, Any] = httpx.post(url, headers=bearer, timeout=30).raise_for_status().json()
    return seat
