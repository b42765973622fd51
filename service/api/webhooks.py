"""Webhooks: which addresses are told what happened, and what became of it.

They are managed by an administrator of the tenant, or by an app that was given leave to; told is what the person whose
token asked for them may see.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from schemas.fields import Choice, Flag, Words
from schemas.problems import Problem, Refused
from schemas.sync import Message
from schemas.webhooks import (
    DeliveriesSchema,
    DeliverySchema,
    ReplayedSchema,
    ReplaySchema,
    WebhookSchema,
    WebhooksSchema,
    WebhookWithSecretSchema,
)
from service.api.paging import PageQuerySchema
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.audit import note
from service.integrations.webhooks import deliveries
from service.integrations.webhooks.apps import MANAGE
from service.integrations.webhooks.endpoints import Endpoints, Owner
from service.integrations.webhooks.events import EVENTS
from service.integrations.webhooks.following import DEAD, DELIVERED, WAITING
from service.sealing import WEBHOOK_SECRETS, Seal

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/v1/webhooks", description="Addresses that are told what happened."
)
_ONE = "/<uuid:webhook_id>"
_REFUSED = (Problem.NOT_FOUND, Problem.NOT_ALLOWED)


def _events(**options: Any) -> fields.List[str]:
    return fields.List(Choice(*EVENTS), validate=validate.Length(min=1, max=len(EVENTS)), **options)


class NewWebhookSchema(Message):
    """An address to be told."""

    url = Words(
        2000, shortest=1, required=True, metadata={"description": "https, on port 443 of a public machine."}
    )
    events = _events(required=True)
    description = Words(200)


class WebhookPatchSchema(Message):
    """What to change of an address."""

    url = Words(2000, shortest=1)
    events = _events()
    description = Words(200)
    active = Flag(metadata={"description": "false tells it nothing more; true begins again."})


class DeliveriesQuerySchema(PageQuerySchema):
    """Which deliveries: all, or those in a state."""

    state = Choice(WAITING, DELIVERED, DEAD)


@blueprint.route("", methods=("POST",), policy=Policy.SIGNED_IN, scopes=(MANAGE,), secret=True)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.takes(NewWebhookSchema)
@blueprint.gives(201, WebhookWithSecretSchema)
@blueprint.refuses(Problem.NOT_ALLOWED, Problem.TOO_MANY_WEBHOOKS, Problem.INVALID_REQUEST)
@in_transaction
def create_webhook(work: Work, said: dict[str, Any]) -> dict[str, Any]:
    """Have an address told what happens to the records that you may see."""
    made = endpoints(work).add(said, work.services.now())
    _note(work, made["id"], "added")
    return made


@blueprint.route("", policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.gives(200, WebhooksSchema)
@blueprint.refuses(Problem.NOT_ALLOWED)
@in_transaction
def list_webhooks(work: Work) -> dict[str, Any]:
    """The addresses that you manage."""
    return {"items": endpoints(work).all()}


@blueprint.route(_ONE, policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.gives(200, WebhookSchema)
@blueprint.refuses(*_REFUSED)
@in_transaction
def get_webhook(work: Work, webhook_id: UUID) -> Any:
    """One address."""
    return endpoints(work).demand(webhook_id)


@blueprint.route(_ONE, methods=("PATCH",), policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.takes(WebhookPatchSchema)
@blueprint.gives(200, WebhookSchema)
@blueprint.refuses(*_REFUSED, Problem.INVALID_REQUEST)
@in_transaction
def change_webhook(work: Work, said: dict[str, Any], webhook_id: UUID) -> Any:
    """Change an address, its events, or whether it is told at all."""
    changed = endpoints(work).change(webhook_id, said, work.services.now())
    _note(work, webhook_id, "changed")
    return changed


@blueprint.route(_ONE, methods=("DELETE",), policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.gives(204)
@blueprint.refuses(*_REFUSED)
@in_transaction
def delete_webhook(work: Work, webhook_id: UUID) -> None:
    """Forget an address, and all that was sent to it."""
    endpoints(work).remove(webhook_id)
    _note(work, webhook_id, "removed")


@blueprint.route(
    f"{_ONE}/rotate-secret", methods=("POST",), policy=Policy.SIGNED_IN, scopes=(MANAGE,), secret=True
)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(200, WebhookWithSecretSchema)
@blueprint.refuses(*_REFUSED)
@in_transaction
def rotate_secret(work: Work, webhook_id: UUID) -> dict[str, Any]:
    """Make a new secret. For 24 hours deliveries are signed with the one before as well."""
    rotated = endpoints(work).rotate(webhook_id, work.services.now())
    _note(work, webhook_id, "secret_rotated")
    return rotated


@blueprint.route(f"{_ONE}/ping", methods=("POST",), policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(202, DeliverySchema)
@blueprint.refuses(*_REFUSED, Problem.WEBHOOK_DISABLED)
@in_transaction
def ping_webhook(work: Work, webhook_id: UUID) -> Any:
    """Send an event that says nothing (`webhooks.ping`), to see whether it arrives."""
    return deliveries.ping(work.connection, _active(work, webhook_id), work.services.now())


@blueprint.route(f"{_ONE}/deliveries", policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.takes(DeliveriesQuerySchema, location="query")
@blueprint.gives(200, DeliveriesSchema)
@blueprint.refuses(*_REFUSED, Problem.INVALID_CURSOR)
@in_transaction
def list_deliveries(work: Work, asked: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """What was sent in the last 30 days, the newest first: `state=dead` are those that were given up."""
    endpoint, limit = endpoints(work).demand(webhook_id), asked["limit"]
    which = (asked.get("state"), limit + 1, _decode(asked.get("cursor")))
    rows = deliveries.page(work.connection, work.actor, endpoint, *which)
    return {"items": rows[:limit], "cursor": _encode(rows[limit - 1]) if len(rows) > limit else None}


@blueprint.route(f"{_ONE}/replay", methods=("POST",), policy=Policy.SIGNED_IN, scopes=(MANAGE,))
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.takes(ReplaySchema)
@blueprint.gives(202, ReplayedSchema)
@blueprint.refuses(*_REFUSED, Problem.WEBHOOK_DISABLED)
@in_transaction
def replay_deliveries(work: Work, said: dict[str, Any], webhook_id: UUID) -> dict[str, int]:
    """Send deliveries again, under the ids that they had."""
    endpoint = _active(work, webhook_id)
    return {"count": deliveries.replay(work.connection, endpoint, said, work.services.now())}


def endpoints(work: Work) -> Endpoints:
    """Those that the asker manages; Refused(NOT_ALLOWED) when that is not hers to do."""
    seal = Seal(work.services.settings.secret_key, WEBHOOK_SECRETS)
    return Endpoints(work.connection, _owner(work), seal, work.services.outbound)


def _note(work: Work, webhook_id: UUID, way: str) -> None:
    about = {"webhook_id": str(webhook_id), "way": way}
    note(work.connection, work.actor.tenant_id, work.actor, "webhook_changed", about, work.services.now())


def _owner(work: Work) -> Owner:
    actor = work.actor
    if actor.app_id is None and "admin" not in actor.roles:
        raise Refused(
            Problem.NOT_ALLOWED, f"Webhooks are managed by administrators, and by apps with {MANAGE}."
        )
    house = actor.app_id is None
    return Owner(actor.tenant_id, actor.person_id, actor.app_id, actor.hidden, keeps_house=house)


def _active(work: Work, webhook_id: UUID) -> Any:
    endpoint = endpoints(work).demand(webhook_id)
    if endpoint.disabled_at:
        raise Refused(Problem.WEBHOOK_DISABLED)
    return endpoint


def _encode(row: Any) -> str:
    said = f"{row.happened_at.isoformat()} {row.id}"
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _decode(text: str | None) -> tuple[datetime, UUID] | None:
    if text is None:
        return None
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
        at, _, delivery_id = said.partition(" ")
        return datetime.fromisoformat(at), UUID(delivery_id)
    except (binascii.Error, ValueError):
        raise Refused(Problem.INVALID_CURSOR) from None
