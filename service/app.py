"""The app, put together: settings, services, blueprints. Whoever adds a blueprint adds it to `BLUEPRINTS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from service.accounts.apps.leave import scopes_of
from service.accounts.oidc.attempt import Attempts
from service.accounts.oidc.discovery import Discovery
from service.accounts.passkeys import Passkeys
from service.accounts.tokens import Tokens
from service.api import (
    acts,
    apps,
    board,
    calendar,
    captions,
    consent,
    digest,
    documents,
    guard,
    headers,
    health,
    leaving,
    live,
    magic_links,
    media,
    oauth,
    oidc,
    open_formats,
    passkeys,
    playback,
    problems,
    providers,
    push,
    recording_tracks,
    records,
    roster,
    rxdb,
    sign_in,
    stopping,
    sync,
    uppy,
    visits,
    watermelon,
    ways_in,
    webhooks,
)
from service.api.encoding import Json
from service.api.glance import Glance
from service.api.limits import Limits
from service.api.services import Services
from service.api.smorest import Api, Blueprint
from service.database import Database
from service.hints import Hints
from service.integrations.webhooks.following import Webhooks
from service.media.store import Store
from service.outbound import Outbound
from service.records import KINDS
from service.settings import Settings
from sync.clock import Now, system_now
from sync.server.push import Door

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.blueprint,
    problems.blueprint,
    sign_in.blueprint,
    leaving.blueprint,
    oidc.blueprint,
    providers.blueprint,
    passkeys.blueprint,
    magic_links.blueprint,
    ways_in.blueprint,
    apps.blueprint,
    roster.blueprint,
    sync.blueprint,
    live.blueprint,
    rxdb.blueprint,
    watermelon.blueprint,
    board.blueprint,
    acts.blueprint,
    visits.blueprint,
    open_formats.blueprint,
    media.blueprint,
    recording_tracks.blueprint,
    captions.blueprint,
    playback.blueprint,
    uppy.blueprint,
    stopping.blueprint,
    webhooks.blueprint,
    calendar.blueprint,
    push.blueprint,
    digest.blueprint,
    *records.blueprints(KINDS),
)


class App(Flask):
    """Flask whose views are plain functions: nobody asks of each at each request whether it is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


def create_app(settings: Settings | None = None, *, now: Now = system_now) -> Flask:
    """The WSGI app over these settings, or those of the environment. `now` is for tests."""
    app = App("service", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.json = Json(app)
    make_services(settings or Settings.from_environment(), now).serve(app)
    headers.register(app)
    guard.register(app)
    documents.register(app, make_api(app))
    oauth.register(app)
    consent.register(app)
    app.wsgi_app = Glance(app)  # type: ignore[assignment,method-assign]  # as Flask wants it
    return app


def make_api(app: Flask) -> Api:
    """The API with all its blueprints."""
    app.config.update(API_TITLE="Come Watch", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    api = Api(app, info=documents.INFO, servers=[{"url": "/"}])
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    return api


def make_services(settings: Settings, now: Now = system_now) -> Services:
    """Everything that the views stand on; no connection is opened yet."""
    database = Database(
        settings.database_url,
        prepared_statements=settings.prepared_statements,
        pool_size=settings.pool_size,
        told=Hints(settings.live_hint_socket),
    )
    outbound = Outbound(settings.development)
    discovery = Discovery(outbound, now)
    return Services(
        settings=settings,
        database=database,
        kinds=KINDS,
        door=Door(KINDS, now, Webhooks(scopes_of)),
        now=now,
        store=Store(settings),
        tokens=Tokens(settings, now),
        outbound=outbound,
        attempts=Attempts(settings, database, discovery, now),
        passkeys=Passkeys(settings, database, now),
        limits=Limits(settings, now),
    )


def openapi() -> dict[str, Any]:
    """The OpenAPI document, made without settings or servers."""
    return make_api(Flask("service", static_folder=None)).document()


def write_documents(directory: Path) -> None:
    """Write what the service says of itself: openapi.json and problems.md. `python -m service.app` does it in docs/."""
    (directory / "openapi.json").write_bytes(documents.write(openapi()))
    (directory / "problems.md").write_text(problems.markdown(), encoding="utf-8")


if __name__ == "__main__":
    write_documents(Path("docs"))
