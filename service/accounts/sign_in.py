"""Invitation codes: given by hand, typed once, worth one session.

What opens is 140 random bits, of which only the SHA-256 is kept. Unknown, used and expired codes get one answer.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select, update

from schemas.problems import Problem, Refused
from service.accounts import sessions
from service.accounts.models import session, sign_in_code
from service.accounts.sessions import Pair
from service.accounts.tokens import Tokens
from service.audit import note
from service.database import Database
from sync.clock import Now, system_now

CODE_LASTS = timedelta(days=7)
KEPT = timedelta(days=7)
"""How long after its time a code is known to have been one."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 7, 4
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def make_code(connection: Connection, tenant_id: UUID, person_id: str, now: datetime) -> str:
    """A new code for the person, told only now: seven groups of four. Those she has not used yet are void."""
    hers = (sign_in_code.c.tenant_id == tenant_id) & (sign_in_code.c.person_id == person_id)
    connection.execute(delete(sign_in_code).where(hers, sign_in_code.c.used_at.is_(None)))
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    lasts = {"created_at": now, "expires_at": now + CODE_LASTS}
    whose = {"tenant_id": tenant_id, "person_id": person_id}
    connection.execute(insert(sign_in_code).values(code_hash=code_hash(code), **whose, **lasts))
    note(connection, tenant_id, None, "code_made", {"person_id": person_id}, now)
    return code


def code_hash(code: str) -> str:
    """SHA-256 of a code in hex, however it was typed.

    >>> code_hash("abcd 0i1l") == code_hash("ABCD-O111")
    True
    """
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).hexdigest()


def by_code(
    database: Database, tokens: Tokens, code: str, device: tuple[str, str], now: Now = system_now
) -> Pair:
    """Open a session on the device (id, name) with a code; Refused(CODE_NOT_VALID) when it opens nothing.

    The same device may ask again until its session is seen in use: the answer to the first time may have been lost.
    """
    hashed = code_hash(code)
    with database.begin_reference() as connection:
        tenant_id = connection.scalar(
            select(sign_in_code.c.tenant_id).where(sign_in_code.c.code_hash == hashed)
        )
    if tenant_id is None:
        raise Refused(Problem.CODE_NOT_VALID)
    with database.begin(tenant_id) as connection:
        opened = _open(connection, tokens, hashed, device, now())
    if opened is None:
        raise Refused(Problem.CODE_NOT_VALID)
    return opened


def forget_old(connection: Connection, now: datetime) -> int:
    """Forget codes that ran out a week ago; how many there were."""
    return connection.execute(delete(sign_in_code).where(sign_in_code.c.expires_at < now - KEPT)).rowcount


def _open(
    connection: Connection, tokens: Tokens, hashed: str, device: tuple[str, str], now: datetime
) -> Pair | None:
    """None when the code opens nothing any more: that somebody tried is kept although she is refused."""
    this = sign_in_code.c.code_hash == hashed
    code = connection.execute(select(sign_in_code).where(this).with_for_update()).one_or_none()
    if code is None:
        return None
    unheard = _unheard(connection, code, device[0]) if code.used_at and now <= code.expires_at else None
    if unheard:
        return sessions.pair(tokens, unheard, 1)
    if code.used_at or now > code.expires_at:
        failed = {"person_id": code.person_id, "reason": "code_used" if code.used_at else "code_expired"}
        note(connection, code.tenant_id, None, "sign_in_failed", failed, now)
        return None
    pair = sessions.open_on(connection, tokens, code.tenant_id, code.person_id, device, now)
    opened = tokens.read_refresh(pair.refresh_token).session_id
    connection.execute(update(sign_in_code).where(this).values(used_at=now, session_id=opened))
    return pair


def _unheard(connection: Connection, code: Row[Any], device_id: str) -> Row[Any] | None:
    """The session that this code opened on this very device and that nobody has used yet."""
    unheard = select(session).where(
        session.c.tenant_id == code.tenant_id,
        session.c.id == code.session_id,
        session.c.device_id == device_id,
        session.c.generation == 1,
        session.c.confirmed == 0,
        session.c.revoked_at.is_(None),
    )
    return connection.execute(unheard).one_or_none()
