"""Registering apps, and a tenant's word on what each may be let do there."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from sqlalchemy import Connection, Row, Text, delete, func, insert, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.problems import Problem, Refused
from service.accounts import sessions
from service.accounts.apps.models import app, approval, void
from service.accounts.apps.scopes import SCOPES
from service.accounts.models import session
from service.audit import note

WITHDRAWN = "the app is no longer approved here"
NARROWED = "the app may do less here than it was let do"
REVOKED = "the person took back what she let the app do"
LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_CLIENT_ID = re.compile(r"app-[0-9a-f]{24}")
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_ADDRESS = re.compile(r"[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new app; its secret is told only now."""

    client_id: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of an app when it is registered."""

    name: str
    redirect_uris: Sequence[str]
    scopes: Collection[str]
    public: bool = False


def register(connection: Connection, wish: Wish, tenant_id: UUID | None, now: datetime) -> Registered:
    """A new app, of a tenant or of the operator (None); Refused for addresses and scopes that cannot be."""
    _demand_known(wish.scopes)
    faults = [fault for uri in wish.redirect_uris if (fault := fault_of_redirect(uri))]
    if faults:
        raise Refused(Problem.INVALID_REQUEST, errors={"/redirect_uris": faults})
    secret = None if wish.public else f"cws_{secrets.token_urlsafe(32)}"
    client_id = f"app-{secrets.token_hex(12)}"
    row = {
        "client_id": client_id,
        "name": wish.name,
        "secret_hash": secret and sha256(secret),
        "redirect_uris": list(wish.redirect_uris),
        "scopes": sorted(set(wish.scopes)),
        "tenant_id": tenant_id,
        "created_at": now,
    }
    connection.execute(insert(app).values(row))
    return Registered(client_id, secret)


def fault_of_redirect(uri: str) -> str | None:
    """Why nobody can be sent back to this address; None for a good one.

    >>> fault_of_redirect("https://lms.example/back"), fault_of_redirect("org.example.app:/back")
    (None, None)
    """
    parts = _parts(uri)
    if parts is None or "#" in uri or "*" in uri or "\\" in uri or "@" in parts.netloc:
        return f"{uri[:100]!r} must be one plain address, without fragment, wildcard or user."
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and parts.netloc.rpartition(":")[0] in LOOPBACK:
        return None
    if _OWN_SCHEME.fullmatch(parts.scheme):
        return None
    return (
        f"{uri!r} must be https, an app's own scheme such as org.example.app:/back, or http://127.0.0.1:port."
    )


def _parts(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        return parts if _ADDRESS.fullmatch(uri) and parts.port != 0 else None
    except ValueError:  # brackets without an address, a port that is none
        return None


def find(connection: Connection, client_id: str) -> Row[Any] | None:
    """The app's row; None for what cannot even be an app's id."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    return connection.execute(select(app).where(app.c.client_id == client_id)).one_or_none()


def approved_scopes(connection: Connection, tenant_id: UUID, client_id: str) -> frozenset[str] | None:
    """What the tenant approved of the app; None when nothing."""
    given = select(approval.c.scopes).where(
        approval.c.tenant_id == tenant_id, approval.c.client_id == client_id
    )
    scopes = connection.scalar(given)
    return None if scopes is None else frozenset(scopes)


def all_apps(connection: Connection) -> Sequence[Row[Any]]:
    """All apps of the installation, the newest first."""
    return connection.execute(select(app).order_by(app.c.created_at.desc(), app.c.client_id)).all()


def of_tenant(connection: Connection, tenant_id: UUID) -> Sequence[Row[Any]]:
    """The apps that the tenant registered or approved, each with what it approved (null: nothing)."""
    joined = app.outerjoin(
        approval, (approval.c.client_id == app.c.client_id) & (approval.c.tenant_id == tenant_id)
    )
    found = (
        select(app, approval.c.scopes.label("approved_scopes"))
        .select_from(joined)
        .where(or_(app.c.tenant_id == tenant_id, approval.c.tenant_id == tenant_id))
        .order_by(app.c.created_at.desc(), app.c.client_id)
    )
    return connection.execute(found).all()


def approve(
    connection: Connection,
    tenant_id: UUID,
    client_id: str,
    scopes: Collection[str],
    by: str | None,
    now: datetime,
) -> None:
    """Let people of the tenant use the app, for these scopes at most. Who let it do more is asked anew.

    Refused(NOT_FOUND) for an app that is not there, or another tenant's; Refused(INVALID_REQUEST) for scopes that it
    does not ask for.
    """
    row = find(connection, client_id)
    if row is None or row.tenant_id not in (None, tenant_id):
        raise Refused(Problem.NOT_FOUND)
    _demand_known(scopes)
    beyond = sorted(set(scopes) - set(row.scopes))
    if beyond:
        raise Refused(Problem.INVALID_REQUEST, errors={"/scopes": [f"The app never asks for {beyond[0]}."]})
    given = {"scopes": sorted(set(scopes)), "approved_by": by, "approved_at": now}
    put = upsert(approval).values(tenant_id=tenant_id, client_id=client_id, **given)
    news = {name: put.excluded[name] for name in given}
    connection.execute(put.on_conflict_do_update(index_elements=["tenant_id", "client_id"], set_=news))
    held = type_coerce(session.c.scopes, ARRAY(Text))  # PostgreSQL's own type, which knows what contains what
    more = (session.c.client_id == client_id) & ~held.contained_by(sorted(set(scopes)))
    sessions.end(connection, tenant_id, more, NARROWED, now)
    note(connection, tenant_id, None, "app_approved", {"app_id": client_id, "by": by or "operator"}, now)


def withdraw(connection: Connection, tenant_id: UUID, client_id: str, by: str | None, now: datetime) -> int:
    """Let nobody in the tenant use the app any more, at once; how many approvals there were."""
    gone = connection.execute(
        delete(approval).where(approval.c.tenant_id == tenant_id, approval.c.client_id == client_id)
    )
    sessions.end(connection, tenant_id, session.c.client_id == client_id, WITHDRAWN, now)
    if gone.rowcount:
        note(connection, tenant_id, None, "app_revoked", {"app_id": client_id, "by": by or "operator"}, now)
    return gone.rowcount


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> Sequence[Row[Any]]:
    """The apps that act for the person now: client_id, name, scopes, since when, and when last."""
    hers = select(
        session.c.client_id,
        func.max(app.c.name).label("name"),
        func.array_agg(func.array_to_string(session.c.scopes, " ")).label("granted"),
        func.min(session.c.created_at).label("since"),
        func.max(session.c.last_used_at).label("last_used_at"),
    ).join(app, app.c.client_id == session.c.client_id)
    living = hers.where(
        session.c.tenant_id == tenant_id, session.c.person_id == person_id, session.c.revoked_at.is_(None)
    )
    return connection.execute(living.group_by(session.c.client_id).order_by(session.c.client_id)).all()


def revoke(connection: Connection, tenant_id: UUID, person_id: str, client_id: str, now: datetime) -> int:
    """Take back what the person lets the app do, at once, wherever it runs or is about to; how often she let it."""
    waiting = void(connection, tenant_id, [person_id], client_id)
    hers = (session.c.person_id == person_id) & (session.c.client_id == client_id)
    ended = sessions.end(connection, tenant_id, hers, REVOKED, now)
    if ended or waiting:
        about = {"app_id": client_id, "person_id": person_id}
        note(connection, tenant_id, None, "app_ended_by_person", about, now)
    return ended + waiting


def sha256(secret: str) -> str:
    """What is stored of a secret: SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _demand_known(scopes: Collection[str]) -> None:
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        said = f"There is no scope {unknown[0]!r:.80}." if unknown else "An app asks for one scope at least."
        raise Refused(Problem.INVALID_REQUEST, errors={"/scopes": [said]})
