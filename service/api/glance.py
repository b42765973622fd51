"""A phone with nothing new: told so in one round trip, before any transaction is begun for it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import g

from service.accounts import admission
from service.api.devices import is_noted
from service.api.services import services
from sync.cursor import Cursor
from sync.server import feed


def nothing_new(collections: Sequence[str], cursor: Cursor) -> Cursor | None:
    """Where a phone now stands that has all there is; None when the long way must tell, for whatever reason.

    An empty phone, a session to be confirmed or refused, a device to be noted: all that goes the long way.
    """
    claims = g.claims
    if not cursor.seq or not is_noted(claims.tenant_id, claims.device_id):
        return None
    news = feed.question(claims.tenant_id, claims.person_id, cursor)
    answers = services().database.ask(claims.tenant_id, admission.question(claims), news)
    if answers is None or not admission.admits(answers[0], claims):
        return None
    return feed.resting(answers[1], collections, cursor)
