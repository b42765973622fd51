"""The apps that act for a person, and, for administrators, those that her tenant registered or approved."""

from __future__ import annotations

from typing import Any

from schemas.apps import ApprovalSchema, AppsSchema, GrantedAppsSchema, NewAppSchema, RegisteredAppSchema
from schemas.problems import Problem, Refused
from service.accounts.apps import registry
from service.accounts.apps.registry import Registered, Wish
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.audit import note

blueprint = Blueprint("apps", __name__, url_prefix="/v1", description="Others' apps")
_ONE = "<string(maxlength=64):client_id>"


@blueprint.route("/apps", policy=Policy.SIGNED_IN)
@blueprint.gives(200, GrantedAppsSchema)
@in_transaction
def list_apps(work: Work) -> dict[str, Any]:
    """The apps that you let act for you."""
    rows = registry.of_person(work.connection, work.actor.tenant_id, work.actor.person_id)
    return {"items": [{**row._mapping, "scopes": _together(row.granted)} for row in rows]}


@blueprint.route(f"/apps/{_ONE}", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def revoke_app(work: Work, client_id: str) -> None:
    """Take back, at once, what you let an app do."""
    whose = (work.actor.tenant_id, work.actor.person_id)
    if not registry.revoke(work.connection, *whose, client_id, work.services.now()):
        raise Refused(Problem.NOT_FOUND)


@blueprint.route("/admin/apps", policy=Policy.SIGNED_IN, name="list_tenants_apps")
@blueprint.gives(200, AppsSchema)
@blueprint.refuses(Problem.NOT_ALLOWED)
@in_transaction
def list_all(work: Work) -> dict[str, Any]:
    """The apps that your tenant registered or approved."""
    _demand_admin(work)
    return {"items": registry.of_tenant(work.connection, work.actor.tenant_id)}


@blueprint.route("/admin/apps", methods=("POST",), policy=Policy.SIGNED_IN, secret=True)
@blueprint.takes(NewAppSchema)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, RegisteredAppSchema)
@blueprint.refuses(Problem.NOT_ALLOWED, Problem.INVALID_REQUEST)
@in_transaction
def register_app(work: Work, said: dict[str, Any]) -> Registered:
    """Register an app. Its secret is told only now; nobody can use the app before it is approved."""
    _demand_admin(work)
    actor, now = work.actor, work.services.now()
    made = registry.register(work.connection, Wish(**said), actor.tenant_id, now)
    note(work.connection, actor.tenant_id, actor, "app_registered", {"app_id": made.client_id}, now)
    return made


@blueprint.route(f"/admin/apps/{_ONE}/approval", methods=("PUT",), policy=Policy.SIGNED_IN)
@blueprint.takes(ApprovalSchema)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_ALLOWED, Problem.NOT_FOUND, Problem.INVALID_REQUEST)
@in_transaction
def approve_app(work: Work, said: dict[str, Any], client_id: str) -> None:
    """Let people of your tenant use an app, for these scopes at most. Whoever let it do more is asked anew."""
    _demand_admin(work)
    actor, now = work.actor, work.services.now()
    registry.approve(work.connection, actor.tenant_id, client_id, said["scopes"], actor.person_id, now)


@blueprint.route(f"/admin/apps/{_ONE}/approval", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_ALLOWED, Problem.NOT_FOUND)
@in_transaction
def withdraw_app(work: Work, client_id: str) -> None:
    """Let nobody in your tenant use an app any more, at once."""
    _demand_admin(work)
    actor, now = work.actor, work.services.now()
    if not registry.withdraw(work.connection, actor.tenant_id, client_id, actor.person_id, now):
        raise Refused(Problem.NOT_FOUND)


def _demand_admin(work: Work) -> None:
    if "admin" not in work.actor.roles:
        raise Refused(Problem.NOT_ALLOWED, "Only an administrator looks after the apps of all.")


def _together(granted: list[str]) -> list[str]:
    """The scopes of all sessions of one app."""
    return sorted({scope for scopes in granted for scope in scopes.split()})
