"""A request whose address is its leave: who stands behind it, and for which record, asked anew each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import g
from sqlalchemy import Connection

from schemas.problems import Problem, Refused
from service.accounts import admission
from service.accounts.tokens import Claims
from service.api.services import Services, services
from service.api.transaction import Work
from service.media.capability import Capabilities, Capability
from sync.server.actor import Actor


@dataclass(frozen=True, slots=True)
class Leave:
    """One request under a capability: its transaction, its person and the record that it is about."""

    services: Services
    connection: Connection
    actor: Actor
    media_id: str


@contextmanager
def on_leave(token: str, purpose: bytes) -> Iterator[Leave]:
    """A transaction for who holds the capability, if her session lives. Else NOT_FOUND, whatever is why."""
    using = services()
    now = using.now()
    capability = Capabilities(using.settings.secret_key, purpose).read(token, now)
    claims = _claims(capability)
    with using.database.begin_asking(claims.tenant_id, admission.question(claims, now)) as (
        connection,
        (rows,),
    ):
        try:
            actor = admission.admit(connection, rows, claims, now)
        except Refused:
            raise Refused(Problem.NOT_FOUND) from None
        yield Leave(using, connection, actor, capability.media_id)


def give_leave(work: Work, media_id: str, purpose: bytes, lasts: timedelta) -> tuple[str, Capability]:
    """A capability for the asker's session, as a part of an address."""
    until = work.services.now() + lasts
    capability = Capability(work.actor.tenant_id, g.claims.session_id, media_id, until)
    return Capabilities(work.services.settings.secret_key, purpose).write(capability), capability


def _claims(capability: Capability) -> Claims:
    """No generation: this does not show that a phone has its newest tokens."""
    return Claims(capability.tenant_id, capability.session_id, 0, "", "")
