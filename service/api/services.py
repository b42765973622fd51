"""What the views stand on, made once per process by `service.app` and reachable from no room below."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from flask import Flask, current_app

from service.accounts.oidc.attempt import Attempts
from service.accounts.passkeys import Passkeys
from service.accounts.tokens import Tokens
from service.api.limits import Limits
from service.database import Database
from service.media.store import Store
from service.outbound import Outbound
from service.settings import Settings
from sync.clock import Now
from sync.server.devices import Sighting
from sync.server.kind import Kinds
from sync.server.push import Door

EXTENSION = "comewatch"


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms below, ready to use."""

    settings: Settings
    database: Database
    kinds: Kinds
    door: Door
    now: Now
    store: Store
    tokens: Tokens
    outbound: Outbound
    attempts: Attempts
    passkeys: Passkeys
    limits: Limits
    sightings: dict[tuple[UUID, str], Sighting] = field(default_factory=dict)

    def serve(self, app: Flask) -> None:
        """Make them the services of this app."""
        app.extensions[EXTENSION] = self


def services() -> Services:
    """The services of the app that answers this request."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Services)
    return found
