"""Signing in with an invitation code, renewing, signing out; who am I, and on which devices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from schemas.accounts import (
    CodeSchema,
    DeviceNameSchema,
    DevicesSchema,
    MeSchema,
    RefreshSchema,
    TokensSchema,
)
from schemas.problems import Problem, Refused
from service.accounts import sessions, sign_in
from service.accounts.models import session, tenant
from service.accounts.sessions import Pair
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.records.people import table as people

blueprint = Blueprint("sign-in", __name__, url_prefix="/v1", description="Signing in, and one's devices")


@blueprint.route("/sign-in/code", methods=("POST",), policy=Policy.PUBLIC, secret=True, sign_in=True)
@blueprint.takes(CodeSchema)
@blueprint.gives(200, TokensSchema)
@blueprint.refuses(Problem.CODE_NOT_VALID)
def sign_in_by_code(said: dict[str, Any]) -> Pair:
    """Open a session with an invitation code.

    A code works once. The same device may send it again until it has used its tokens, as the answer may be lost.
    """
    services().limits.demand_attempt(said["code"])
    device = (said["device_id"], said["device_name"])
    return sign_in.by_code(services().database, services().tokens, said["code"], device, services().now)


@blueprint.route("/sign-in/refresh", methods=("POST",), policy=Policy.PUBLIC, secret=True)
@blueprint.takes(RefreshSchema)
@blueprint.gives(200, TokensSchema)
@blueprint.refuses(Problem.SIGN_IN_REQUIRED, Problem.SESSION_ENDED)
def refresh(said: dict[str, Any]) -> Pair:
    """Exchange a refresh token for the next pair.

    When the answer is lost, send the same token again: it gives the same successor until that is used. After
    `session-ended` sign in again and keep what is on the device, unless the problem says `wipe`.
    """
    return sessions.refresh(services().database, services().tokens, said["refresh_token"], services().now)


@blueprint.route("/sign-out", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@in_transaction
def sign_out(work: Work) -> None:
    """End this device's session at once."""
    _end(work, work.actor.device_id, sessions.SIGNED_OUT)


@blueprint.route("/me", policy=Policy.SIGNED_IN, scopes=("profile",))
@blueprint.gives(200, MeSchema)
@in_transaction
def me(work: Work) -> dict[str, Any]:
    """Who is signed in here, in which tenant, with which roles."""
    actor = work.actor
    person = select(people).where(people.c.tenant_id == actor.tenant_id, people.c.id == actor.person_id)
    return {
        "person": work.connection.execute(person).mappings().one(),
        "tenant": work.connection.execute(select(tenant).where(tenant.c.id == actor.tenant_id)).one(),
        "device_id": actor.device_id,
        "roles": sorted(actor.roles),
    }


@blueprint.route("/devices", policy=Policy.SIGNED_IN)
@blueprint.gives(200, DevicesSchema)
@in_transaction
def list_devices(work: Work) -> dict[str, Any]:
    """The devices that the person is signed in on."""
    rows = sessions.of_person(work.connection, work.actor.tenant_id, work.actor.person_id)
    return {"items": [{**row._mapping, "current": row.device_id == work.actor.device_id} for row in rows]}


@blueprint.route("/devices/<device_id>", methods=("PATCH",), policy=Policy.SIGNED_IN)
@blueprint.takes(DeviceNameSchema)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def rename_device(work: Work, said: dict[str, Any], device_id: str) -> None:
    """Call one of one's own devices by another name."""
    whose = (work.actor.tenant_id, work.actor.person_id, device_id)
    if not sessions.rename(work.connection, *whose, said["device_name"]):
        raise Refused(Problem.NOT_FOUND)


@blueprint.route("/devices/<device_id>", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def remove_device(work: Work, device_id: str) -> None:
    """Sign one of one's own devices out at once; at its next contact it is asked to wipe what it holds."""
    if not _end(work, device_id, sessions.REMOVED, wipe=True):
        raise Refused(Problem.NOT_FOUND)


def _end(work: Work, device_id: str, reason: str, *, wipe: bool = False) -> int:
    hers = (session.c.person_id == work.actor.person_id) & (session.c.device_id == device_id)
    now = work.services.now()
    return sessions.end(work.connection, work.actor.tenant_id, hers, reason, now, wipe=wipe)
