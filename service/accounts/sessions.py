"""A session is a person on a device. It is renewed by turns of its generation, and ended by whoever may.

Generation g is the newest pair of tokens given out. The refresh token of g turns it to g + 1. The one of g - 1 is
answered with g again, the same, as long as nobody has shown g (the answer was lost) and a minute longer (two requests
crossed). Any earlier one was copied: the session ends, for the thief and for the phone. A later one, which only we can
have signed, was given out before a backup was restored: it goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from schemas.problems import Problem, Refused
from service import hints
from service.accounts.models import session
from service.accounts.tokens import ACCESS_LASTS, Claims, Refresh, Tokens
from service.audit import note
from service.database import Database
from sync.clock import Now, system_now
from sync.server.actor import Actor

IDLE = timedelta(days=180)
ABSOLUTE = timedelta(days=400)
CROSSING = timedelta(seconds=60)
COPIED = "a refresh token was used twice"
IDLE_TOO_LONG = "not used for 180 days"
TOO_OLD = "400 days old"
REPLACED = "the person signed in anew on this device"
SIGNED_OUT = "signed out"
REMOVED = "the device was removed"
NOTED = {
    COPIED: "token_copied",
    IDLE_TOO_LONG: "idle",
    TOO_OLD: "too_old",
    REPLACED: "replaced",
    SIGNED_OUT: "signed_out",
    REMOVED: "removed",
}
"""How the audit log says why a session ended."""
Count = Callable[[str], None]
"""Counts a sign-in by the account that was proven; Refused(RATE_LIMITED) after too many."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a phone is given when it signs in or renews."""

    access_token: str
    refresh_token: str
    person_id: str
    tenant_id: UUID
    device_id: str
    token_type: str = "Bearer"  # noqa: S105  # the name of a scheme, no secret
    expires_in: int = int(ACCESS_LASTS.total_seconds())


@dataclass(frozen=True, slots=True)
class App:
    """Another's app that acts for a person, and what she lets it do."""

    client_id: str
    scopes: frozenset[str]


def start(
    connection: Connection,
    tenant_id: UUID,
    person_id: str,
    device: tuple[str, str],
    now: datetime,
    app: App | None = None,
) -> UUID:
    """A new session of the person on the device (id, name), or in her name of an app; her earlier ones there end."""
    device_id, name = device
    hers = (session.c.person_id == person_id) & (session.c.device_id == device_id)
    end(connection, tenant_id, hers, REPLACED, now)
    moments = {"created_at": now, "last_used_at": now}
    session_id = uuid4()
    whose = {"tenant_id": tenant_id, "id": session_id, "person_id": person_id}
    given = {"client_id": app.client_id, "scopes": sorted(app.scopes)} if app else {}
    row = {**whose, "device_id": device_id, "device_name": name, **moments, **given}
    connection.execute(insert(session).values(row))
    began = {"session_id": str(session_id), "person_id": person_id}
    note(connection, tenant_id, Actor(tenant_id, person_id, device_id), "signed_in", began, now)
    return session_id


def end(
    connection: Connection,
    tenant_id: UUID,
    which: ColumnElement[bool],
    reason: str,
    now: datetime,
    *,
    wipe: bool = False,
) -> int:
    """End the living sessions among these, at once; how many there were. `wipe` is asked at the next contact."""
    living = (session.c.tenant_id == tenant_id) & session.c.revoked_at.is_(None) & which
    ends = update(session).where(living).values(revoked_at=now, reason=reason, wipe=wipe)
    ended = connection.execute(ends.returning(session.c.id, session.c.person_id, session.c.device_id)).all()
    if ended:
        hints.note_ended(connection)  # streams that they opened are to close now
    for row in ended:
        whose = {"session_id": str(row.id), "person_id": row.person_id, "device_id": row.device_id}
        why = {"reason": NOTED[reason]} if reason in NOTED else {}
        note(connection, tenant_id, None, "device_wiped" if wipe else "session_ended", whose | why, now)
    return len(ended)


def find(connection: Connection, tenant_id: UUID, session_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """The session's row; locked, it is nobody else's to turn until this transaction ends."""
    found = select(session).where(session.c.tenant_id == tenant_id, session.c.id == session_id)
    return connection.execute(found.with_for_update() if lock else found).one_or_none()


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> Sequence[Row[Any]]:
    """The person's living sessions on devices of her own, the last used first."""
    hers = (
        (session.c.tenant_id == tenant_id)
        & (session.c.person_id == person_id)
        & session.c.revoked_at.is_(None)
        & session.c.client_id.is_(None)
    )
    return connection.execute(
        select(session).where(hers).order_by(session.c.last_used_at.desc(), session.c.id)
    ).all()


def is_signed_in(connection: Connection, tenant_id: UUID, person_id: str, device_id: str) -> bool:
    """Whether the person has a session on the device that has not ended."""
    return any(row.device_id == device_id for row in of_person(connection, tenant_id, person_id))


def rename(connection: Connection, tenant_id: UUID, person_id: str, device_id: str, name: str) -> int:
    """Call the person's living sessions on the device by another name; how many there were."""
    hers = (session.c.tenant_id == tenant_id) & (session.c.person_id == person_id)
    there = hers & (session.c.device_id == device_id) & session.c.revoked_at.is_(None)
    return connection.execute(update(session).where(there).values(device_name=name)).rowcount


def pair(tokens: Tokens, row: Row[Any], generation: int, narrowed: frozenset[str] | None = None) -> Pair:
    """The tokens of this generation: the refresh token always the same, the access token fresh.

    `narrowed`: an app may ask for an access token that can do less than its session.
    """
    whose = (row.tenant_id, row.id, generation, row.person_id, row.device_id)
    scopes = None if row.client_id is None else narrowed or frozenset(row.scopes)
    claims = Claims(*whose, scopes=scopes, client_id=row.client_id)
    refresh_token = tokens.write_refresh(Refresh(row.tenant_id, row.id, generation))
    return Pair(tokens.write_access(claims), refresh_token, row.person_id, row.tenant_id, row.device_id)


def open_on(
    connection: Connection,
    tokens: Tokens,
    tenant_id: UUID,
    person_id: str,
    device: tuple[str, str],
    now: datetime,
) -> Pair:
    """`start`, and the first pair of tokens."""
    session_id = start(connection, tenant_id, person_id, device, now)
    row = find(connection, tenant_id, session_id)
    assert row is not None
    return pair(tokens, row, 1)


def refresh(database: Database, tokens: Tokens, token: str, now: Now = system_now) -> Pair:
    """The next pair; Refused(SIGN_IN_REQUIRED) for a token not ours, Refused(SESSION_ENDED) for an ended session.

    Owns its transaction: what ends a session must be kept although the request is refused.
    """
    shown = tokens.read_refresh(token)
    with database.begin(shown.tenant_id) as connection:
        row = find(connection, shown.tenant_id, shown.session_id, lock=True)
        # an app's refresh token is the app's alone to renew, who must say that it is that app
        turned = turn(connection, row, shown, now()) if row and row.client_id is None else ended()
    if row is None or isinstance(turned, Refused):
        raise turned if isinstance(turned, Refused) else ended()
    return pair(tokens, row, turned)


def ended(row: Row[Any] | None = None) -> Refused:
    """The refusal that an ended session is answered with; a removed device is asked to wipe itself."""
    return Refused(
        Problem.SESSION_ENDED, row.reason if row else "", extra={"wipe": True} if row and row.wipe else {}
    )


def is_news(row: Row[Any], generation: int) -> bool:
    """Whether this generation, in use, was not known to be."""
    return bool(row.confirmed < generation <= row.generation)


def confirm(connection: Connection, row: Row[Any], generation: int, now: datetime) -> None:
    """Note that this generation is in use; left to the next request when somebody holds the row, as it waits for none."""
    if not is_news(row, generation):
        return
    this = (session.c.tenant_id == row.tenant_id) & (session.c.id == row.id)
    free = select(session.c.id).where(this).with_for_update(skip_locked=True)
    if connection.execute(free).one_or_none():
        connection.execute(update(session).where(this).values(**_seen(generation, now)))


def turn(connection: Connection, row: Row[Any], shown: Refresh, now: datetime) -> int | Refused:
    """The generation that follows on the one shown, of a session whose row is locked; or why it has ended, by now.

    Raises nothing: what ends a session must be kept.
    """
    this = session.c.id == row.id
    if row.revoked_at:
        return ended(row)
    reason = _reason_to_end(row, shown.generation, now)
    if reason:
        end(connection, row.tenant_id, this, reason, now)
        return ended()
    if shown.generation >= row.generation:
        turned = {"generation": shown.generation + 1, **_seen(shown.generation, now)}
        connection.execute(update(session).where(session.c.tenant_id == row.tenant_id, this).values(**turned))
    return shown.generation + 1


def _reason_to_end(row: Row[Any], generation: int, now: datetime) -> str | None:
    if now - row.created_at > ABSOLUTE:
        return TOO_OLD
    if now - row.last_used_at > IDLE:
        return IDLE_TOO_LONG
    # a later one than was ever given out here: given out in the life that a restored backup does not know
    return None if generation >= row.generation or _answer_was_lost(row, generation, now) else COPIED


def _answer_was_lost(row: Row[Any], generation: int, now: datetime) -> bool:
    """Whether the phone may not have heard the answer to its last turn, or heard it a moment ago."""
    unseen = row.confirmed < row.generation
    return bool(generation == row.generation - 1 and (unseen or now - row.confirmed_at <= CROSSING))


def _seen(generation: int, now: datetime) -> dict[str, Any]:
    return {"confirmed": generation, "confirmed_at": now, "last_used_at": now}
