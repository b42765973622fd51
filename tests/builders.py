"""Plain functions that put people into a tenant and phones into their hands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.accounts import directory, sessions
from service.api.services import EXTENSION, Services
from sync.changes import Change
from sync.server.actor import system_actor

CHALLENGE = (
    'Bearer realm="comewatch", resource_metadata="http://127.0.0.1:8080/.well-known/oauth-protected-resource"'
)
"""How whoever is not let in is told where to get a token."""


def services_of(app: Flask) -> Services:
    """What the app stands on."""
    services = app.extensions[EXTENSION]
    assert isinstance(services, Services)
    return services


def make_tenant(services: Services, slug: str = "north") -> UUID:
    """A tenant without people."""
    with services.database.begin_reference() as connection:
        return directory.create_tenant(connection, slug, f"{slug} district", services.now())


def put(services: Services, tenant_id: UUID, collection: str, record_id: str, **fields: Any) -> str:
    """Let the service itself write a record; returns its id."""
    change = Change(f"made-{collection}-{record_id}", collection, record_id, fields)
    with services.database.begin(tenant_id) as connection:
        (outcome,) = services.door.push(connection, system_actor(tenant_id), [change])
    assert outcome.problem is None, outcome.problem
    assert outcome.status.value in ("applied", "merged"), outcome  # merged: a moment in other words, say
    return record_id


def make_person(services: Services, tenant_id: UUID, person_id: str, *roles: str, **fields: Any) -> str:
    """A colleague, a teacher unless said otherwise; returns her id."""
    named = {"display_name": person_id.title(), "roles": list(roles or ("teacher",))}
    return put(services, tenant_id, "people", person_id, **(named | fields))


def sign_in(services: Services, tenant_id: UUID, person_id: str, device_id: str | None = None) -> str:
    """An access token for the person on a device of hers."""
    device = (device_id or f"phone-of-{person_id}", "A phone")
    with services.database.begin(tenant_id) as connection:
        session_id = sessions.start(connection, tenant_id, person_id, device, services.now())
        row = sessions.find(connection, tenant_id, session_id)
        assert row is not None
        return sessions.pair(services.tokens, row, 1).access_token


@dataclass
class Caller:
    """Somebody with an HTTP client, and with a token unless she is nobody."""

    client: FlaskClient
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """The app's answer to one request."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(
            path, method=method, headers=bearer | self.headers | (headers or {}), **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, said: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, **({} if said is None else {"json": said}), **options)

    def patch(self, path: str, said: Any, **options: Any) -> TestResponse:
        return self.call("PATCH", path, json=said, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)


def caller(app: Flask, tenant_id: UUID, person_id: str, device_id: str | None = None) -> Caller:
    """The person, signed in."""
    token = sign_in(services_of(app), tenant_id, person_id, device_id)
    return Caller(app.test_client(use_cookies=False), token)
