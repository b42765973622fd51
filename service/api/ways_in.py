"""What a person signs in by: she sees it, and adds and removes within a short while after she signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import select

from schemas.problems import Problem, Refused
from schemas.sign_in import (
    IdentitySchema,
    NewPasskeySchema,
    PasskeyNameSchema,
    PasskeyOptionsSchema,
    PasskeySchema,
    ReturnedCodeSchema,
    WaysInSchema,
)
from service.accounts import passkeys, ways_in
from service.accounts.oidc import identities
from service.accounts.passkeys import LONGEST_ID, Owner
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.records.people import table as people

blueprint = Blueprint("ways-in", __name__, url_prefix="/v1/me", description="What a person signs in by")
_PASSKEY = f"/passkeys/<string(maxlength={LONGEST_ID}):passkey_id>"
_CHANGES = (Problem.RECENT_SIGN_IN_REQUIRED, Problem.LAST_WAY_IN, Problem.NOT_FOUND)


@blueprint.route("/ways-in", policy=Policy.SIGNED_IN)
@blueprint.gives(200, WaysInSchema)
@in_transaction
def list_ways_in(work: Work) -> dict[str, Any]:
    """The addresses, accounts at schools and passkeys by which one signs in; /v1/devices lists where one is signed in."""
    return ways_in.of_person(work.connection, work.actor.tenant_id, work.actor.person_id)


@blueprint.route("/identities", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.takes(ReturnedCodeSchema)
@blueprint.gives(201, IdentitySchema)
@blueprint.refuses(Problem.RECENT_SIGN_IN_REQUIRED, Problem.CODE_NOT_VALID, Problem.IDENTITY_TAKEN)
def link_identity(said: dict[str, Any]) -> Any:
    """Add an account at a school, with the code at which the browser ended that was opened with `linking=true`."""
    _demand_recent()
    claims = g.claims
    shown = (said["code"], said["code_verifier"], claims.device_id)
    vouched = services().attempts.vouched(claims.tenant_id, *shown)
    return _link(vouched)


@blueprint.route("/identities/<uuid:identity_id>", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(*_CHANGES)
@in_transaction
def unlink_identity(work: Work, identity_id: UUID) -> None:
    """Sign in by this account no more."""
    _recent(work)
    if not identities.unlink(work.connection, *_whose(work), identity_id):
        raise Refused(Problem.NOT_FOUND)
    ways_in.demand_one(work.connection, *_whose(work))


@blueprint.route("/passkeys/options", methods=("POST",), policy=Policy.SIGNED_IN, secret=True)
@blueprint.gives(200, PasskeyOptionsSchema)
@blueprint.refuses(Problem.RECENT_SIGN_IN_REQUIRED)
@in_transaction
def offer_passkey(work: Work) -> dict[str, Any]:
    """What the device needs to make a passkey."""
    _recent(work)
    return work.services.passkeys.offer(work.connection, _owner(work))


@blueprint.route("/passkeys", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.takes(NewPasskeySchema)
@blueprint.gives(201, PasskeySchema)
@blueprint.refuses(Problem.SIGN_IN_FAILED, Problem.RECENT_SIGN_IN_REQUIRED)
def add_passkey(said: dict[str, Any]) -> Any:
    """Keep the passkey that the device just made."""
    _demand_recent()
    claims = g.claims
    owner = Owner(claims.tenant_id, claims.person_id)
    made = services().passkeys.register(owner, said["name"], said["credential"])
    return _one_passkey(made)


@blueprint.route(_PASSKEY, methods=("PATCH",), policy=Policy.SIGNED_IN)
@blueprint.takes(PasskeyNameSchema)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def rename_passkey(work: Work, said: dict[str, Any], passkey_id: str) -> None:
    """Call a passkey by another name."""
    if not passkeys.rename(work.connection, *_whose(work), passkey_id, said["name"]):
        raise Refused(Problem.NOT_FOUND)


@blueprint.route(_PASSKEY, methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(*_CHANGES)
@in_transaction
def remove_passkey(work: Work, passkey_id: str) -> None:
    """Sign in by this passkey no more."""
    _recent(work)
    if not passkeys.remove(work.connection, *_whose(work), passkey_id):
        raise Refused(Problem.NOT_FOUND)
    ways_in.demand_one(work.connection, *_whose(work))


@in_transaction
def _demand_recent(work: Work) -> None:
    """In a transaction of its own: what follows spends a one-time secret, whatever comes of it."""
    _recent(work)


@in_transaction
def _link(work: Work, vouched: Any) -> Any:
    made = identities.link(work.connection, *_whose(work), vouched, work.services.now())
    rows = identities.of_person(work.connection, *_whose(work))
    return next(row for row in rows if row.id == made)


@in_transaction
def _one_passkey(work: Work, passkey_id: str) -> Any:
    return next(row for row in passkeys.of_person(work.connection, *_whose(work)) if row.id == passkey_id)


def _recent(work: Work) -> None:
    ways_in.demand_recent(work.connection, *_whose(work), work.actor.device_id, work.services.now())


def _whose(work: Work) -> tuple[UUID, str]:
    return work.actor.tenant_id, work.actor.person_id


def _owner(work: Work) -> Owner:
    tenant_id, person_id = _whose(work)
    named = select(people.c.display_name).where(people.c.tenant_id == tenant_id, people.c.id == person_id)
    return Owner(tenant_id, person_id, work.connection.execute(named).scalar_one())
