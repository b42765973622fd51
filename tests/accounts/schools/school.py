"""A school's provider in a Node process, a person's browser, and the phone whose app opened it."""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from uuid import UUID

import httpx
from flask import Flask
from werkzeug.test import TestResponse

from service.accounts import one_time
from service.accounts.oidc import providers
from service.accounts.oidc.providers import NewProvider
from service.accounts.seal import Seal
from service.api.oidc import COOKIE
from tests.builders import Caller, services_of
from tests.clients import node

HERE = Path(__file__).parent
DOMAIN, SECRET = "north.example", "told-to-nobody-but-us"
APP = "comewatch://signed-in"


class School:
    """The provider, run by oidc-provider: `client` and `person` make what it knows."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "node_modules").symlink_to(node.libraries() / "node_modules")
        (directory / "provider.mjs").write_text((HERE / "provider.mjs").read_text())
        command, _ = node.commands()
        self.process = subprocess.Popen(
            [*command, "provider.mjs", json.dumps({"port": free_port()})],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer: str = self._heard()

    def knows(self, sub: str, **claims: Any) -> None:
        self._do("person", sub=sub, **claims)

    def trusts(self, client_id: str, redirect_uri: str) -> None:
        words = {"client_id": client_id, "client_secret": SECRET, "redirect_uris": [redirect_uri]}
        self._do("client", **words, grant_types=["authorization_code"], response_types=["code"])

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def _do(self, command: str, **options: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": command, **options}) + "\n")
        self.process.stdin.flush()
        self._heard()

    def _heard(self) -> Any:
        assert self.process.stdout
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                answer = json.loads(line)
                assert "gives" in answer, answer
                return answer["gives"]
        raise AssertionError("the provider ended")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def add_provider(
    app: Flask, tenant_id: UUID, issuer: str, *, links: bool = False, secret: str | None = SECRET
) -> UUID:
    """A provider of the tenant, for addresses at north.example."""
    services = services_of(app)
    new = NewProvider("North High", issuer, f"comewatch-{secrets.token_hex(4)}", secret, [DOMAIN], links)
    with services.database.begin_reference() as connection:
        providers.bind_domains(connection, tenant_id, [DOMAIN])
        return providers.add(connection, Seal(services.settings.secret_key), tenant_id, new, services.now())


def client_id_of(app: Flask, provider_id: UUID) -> str:
    with services_of(app).database.begin_reference() as connection:
        row = providers.find(connection, provider_id)
    assert row is not None
    return str(row.client_id)


@dataclass
class Phone:
    """An app on a phone: opens the browser, and trades the code that comes back."""

    app: Flask
    provider_id: UUID
    device_id: str = "phone-of-ana"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def start(self, **more: str) -> str:
        """The address that it opens in the browser."""
        said = {"device_id": self.device_id, "device_name": "Ana's phone", "return_to": APP}
        said |= {"code_challenge": one_time.challenge(self.verifier)} | more
        return f"/v1/sign-in/oidc/{self.provider_id}/start?{urlencode(said)}"

    def trade(self, code: str, /, **more: str) -> TestResponse:
        said = {"code": code, "code_verifier": self.verifier, "device_id": self.device_id} | more
        return Caller(self.app.test_client(use_cookies=False)).post("/v1/sign-in/oidc", said)


class Browser:
    """The system's browser, with cookies of ours and of the school's."""

    def __init__(self, app: Flask) -> None:
        self.ours, self.school = app.test_client(), httpx.Client(follow_redirects=False)

    def go(self, path: str) -> TestResponse:
        """An answer of ours."""
        return self.ours.get(path)

    def to_school(self, start: str) -> str:
        """Begin at our address; returns that of the provider."""
        answer = self.go(start)
        assert answer.status_code == 302, answer.text
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
        return answer.headers["Location"]

    def sign_in_there(self, address: str, person: str) -> str:
        """Fill in the school's own pages; returns our callback's address with the answer."""
        for _ in range(12):
            answer = self.school.get(address)
            if answer.is_redirect:
                address = urljoin(address, answer.headers["Location"])
            else:
                answer = self.school.post(
                    urljoin(address, _action(answer.text)), data=_form(answer.text, person)
                )
                address = urljoin(address, answer.headers["Location"])
            if "/v1/sign-in/oidc/" in address:
                parts = urlsplit(address)
                return f"{parts.path}?{parts.query}"
        raise AssertionError(f"no end at {address}")

    def come_back(self, callback: str) -> dict[str, str]:
        """What the app's address is told at the end."""
        answer = self.go(callback)
        assert answer.status_code == 302, answer.text
        address = answer.headers["Location"]
        assert address.startswith(f"{APP}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

    def all_the_way(self, phone: Phone, person: str, **more: str) -> dict[str, str]:
        return self.come_back(self.sign_in_there(self.to_school(phone.start(**more)), person))


def _action(page: str) -> str:
    found = re.search(r'action="([^"]+)"', page)
    assert found, page
    return found[1]


def _form(page: str, person: str) -> dict[str, str]:
    if 'name="login"' in page:
        return {"prompt": "login", "login": person, "password": "any"}
    return {"prompt": "consent"}
