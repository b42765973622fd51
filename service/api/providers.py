"""The schools' own sign-ins of a tenant, for its administrators. For others there is nothing here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from schemas.problems import Problem, Refused
from schemas.sign_in import NewProviderSchema, ProviderSchema, ProvidersSchema
from service.accounts.directory import DirectoryError
from service.accounts.oidc import providers
from service.accounts.oidc.providers import NewProvider
from service.accounts.seal import Seal
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.audit import note
from service.outbound import OutboundError

blueprint = Blueprint(
    "providers", __name__, url_prefix="/v1/identity-providers", description="A tenant's own sign-ins"
)


@blueprint.route("", policy=Policy.SIGNED_IN)
@blueprint.gives(200, ProvidersSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def list_providers(work: Work) -> dict[str, Any]:
    """The tenant's providers of sign-in."""
    _demand_admin(work)
    return {"items": [_told(work, row) for row in providers.of_tenant(work.connection, work.actor.tenant_id)]}


@blueprint.route("", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.takes(NewProviderSchema)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, ProviderSchema)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def add_provider(work: Work, said: dict[str, Any]) -> dict[str, Any]:
    """Add a provider of OpenID Connect for domains that are the tenant's.

    It signs in people whose accounts there they have linked. That it may find them by their addresses is for the
    operator to say: whoever may set a provider could else come in as anybody.
    """
    _demand_admin(work)
    _check_issuer(work, said["issuer"])
    tenant_id, seal = work.actor.tenant_id, Seal(work.services.settings.secret_key)
    try:
        made = providers.add(work.connection, seal, tenant_id, NewProvider(**said), work.services.now())
    except DirectoryError as error:
        raise Refused(Problem.INVALID_REQUEST, errors={"/domains": [str(error)]}) from None
    _note(work, made, "added")
    return _told(work, providers.find(work.connection, made))


@blueprint.route("/<uuid:provider_id>", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def remove_provider(work: Work, provider_id: UUID) -> None:
    """Ask this provider no more. Those who are signed in stay so."""
    _demand_admin(work)
    if not providers.remove(work.connection, work.actor.tenant_id, provider_id):
        raise Refused(Problem.NOT_FOUND)
    _note(work, provider_id, "removed")


def _note(work: Work, provider_id: UUID, way: str) -> None:
    about = {"provider_id": str(provider_id), "way": way}
    note(work.connection, work.actor.tenant_id, work.actor, "provider_changed", about, work.services.now())


def _demand_admin(work: Work) -> None:
    if "admin" not in work.actor.roles:
        raise Refused(Problem.NOT_FOUND)


def _check_issuer(work: Work, issuer: str) -> None:
    try:
        work.services.attempts.check_issuer(issuer)
    except OutboundError as error:
        raise Refused(Problem.INVALID_REQUEST, errors={"/issuer": [str(error)]}) from None


def _told(work: Work, row: Any) -> dict[str, Any]:
    return {**row._mapping, "redirect_uri": work.services.attempts.redirect_uri(row.id)}
