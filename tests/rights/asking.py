"""Everybody who might ask, each with a token or without; and what is asked is rolled back, so that each asks of the same world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from service.accounts import sessions
from service.accounts.models import session
from service.accounts.tokens import Tokens
from service.database import Database
from service.media.capability import PLAYBACK, UPLOAD, Capabilities, Capability
from service.media.record import raw_key
from sync.server.actor import SYSTEM
from tests.builders import Caller, caller, sign_in
from tests.rights.belongings import Belongings
from tests.rights.leave_of_apps import APP, HOLDS, ITSELF, NARROW, WITHDRAWN, lets_in
from tests.rights.school import FILM, HANA, OLGA, PEOPLE, School

ANONYMOUS, EXPIRED, REVOKED, WRONG_AUDIENCE, ELSEWHERE = (
    "nobody", "hana-expired", "hana-signed-out", "hana-for-another-service", "hana-of-the-other-tenant",
)  # fmt: skip
SHUT_OUT = {ANONYMOUS: "sign-in-required", EXPIRED: "sign-in-required", WRONG_AUDIENCE: "sign-in-required",
            REVOKED: "session-ended", SYSTEM: "session-ended", WITHDRAWN: "session-ended"}  # fmt: skip
"""Who gets no further than the door of the house, and by which problem."""
IN_PLACE_OF = {ELSEWHERE: HANA, APP: OLGA, NARROW: OLGA}
"""As whom she reads who is asked for by another name: an app acts for who let it in."""
VARIES = {"Date", "Comewatch-Time", "Server-Timing", "RateLimit"}
"""Headers that tell when, or how long: nothing of what was asked."""


def refusal(endpoint: str, asker: str) -> int | None:
    """The status of whatever somebody asks here who is not let in at all; None for who is.

    That a token has no scope for it is told before it is asked whether its session lives.
    """
    if asker in HOLDS and not lets_in(endpoint, asker):
        return 403
    return 401 if asker in SHUT_OUT else None


class Stage:
    """Two tenants, and everybody of the first (and one of the second) with a token in hand."""

    def __init__(self, app: Flask) -> None:
        self.app, self.near, self.far = app, School(app), School(app, far=True)
        self.belongings, _ = Belongings(self.near), Belongings(self.far)
        self.askers = {person_id: caller(app, self.near.tenant_id, person_id) for person_id in PEOPLE}
        self.askers[ELSEWHERE] = caller(app, self.far.tenant_id, HANA)
        self.askers |= {
            one: Caller(app.test_client(use_cookies=False), self._token(one))
            for one in (*SHUT_OUT, APP, NARROW, ITSELF)
        }

    def leave(self, purpose: bytes, which: str) -> str:
        """An address of Olga's that is its own leave: a good one, or one that was good or looks like it."""
        if which == "forged":
            return "forged"
        other = UPLOAD if purpose == PLAYBACK else PLAYBACK
        capabilities = Capabilities(
            self.near.services.settings.secret_key, other if "purpose" in which else purpose
        )
        media_id = self.near.ids["media/released" if purpose == PLAYBACK else "media/sent"]
        phone = REVOKED if "signed out" in which else OLGA
        if which == "of what is gone":
            media_id = self.near.gone["media"]
        session_id = self.near.services.tokens.read_access(self.askers[phone].token).session_id
        until = self.near.services.now() + timedelta(hours=1)
        return capabilities.write(Capability(self.near.tenant_id, session_id, media_id, until))

    def uploading(self) -> tuple[str, str]:
        """The key and the id of an upload in parts of Olga's file, which is begun anew."""
        store, key = self.near.services.store, raw_key(self.near.tenant_id, self.near.ids["media/sent"])
        store.abort_parts(key)
        return key, store.begin_parts(key, FILM["media_type"])

    def _token(self, which: str) -> str:
        services, tenant_id = self.near.services, self.near.tenant_id
        if which == ANONYMOUS:
            return ""
        if which in HOLDS:
            return self.belongings.tokens[which]
        if which == SYSTEM:
            return sign_in(services, tenant_id, SYSTEM)
        token = sign_in(services, tenant_id, HANA, f"phone-{which}")
        claims = services.tokens.read_access(token)
        if which == EXPIRED:
            return Tokens(services.settings, lambda: services.now() - timedelta(hours=1)).write_access(claims)
        if which == WRONG_AUDIENCE:
            return self._for_another(token)
        with services.database.begin(tenant_id) as connection:
            lost = session.c.device_id == f"phone-{which}"
            assert sessions.end(connection, tenant_id, lost, sessions.REMOVED, services.now()) == 1
        return token

    def _for_another(self, token: str) -> str:
        """The same claims under our own signature, said to another service."""
        key = ECKey.import_key(self.near.services.settings.token_key)
        read = jwt.decode(token, key, ["ES256"])
        return jwt.encode(read.header, read.claims | {"aud": "another-service"}, key, ["ES256"])

    def ask(self, asker: str, method: str, path: str, *, stays: bool = False, **options: Any) -> TestResponse:
        """One request of somebody, of which nothing stays unless it may: what is read leaves a line in the log of readings."""
        with nullcontext() if stays or method == "GET" else rolled_back():
            return self.askers[asker].call(method, path, **options)


class Rehearsed(Exception):
    """Takes a transaction back that did all it does."""


@contextmanager
def rolled_back() -> Iterator[None]:
    """Meanwhile every transaction of a request is taken back at its end."""
    begin_asking = Database.begin_asking

    @contextmanager
    def rehearsed(database: Database, *said: Any) -> Iterator[Any]:
        with suppress(Rehearsed), begin_asking(database, *said) as begun:
            yield begun
            raise Rehearsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "begin_asking", rehearsed)
        yield


def told(answer: TestResponse) -> tuple[Any, ...]:
    """All that an answer tells, to be held against another byte for byte."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARIES)
    return answer.status_code, headers, answer.data
