"""Web Push: where this device is reached when something matters today, and how the person wants to be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from schemas.fields import Choice, Flag, Moment, Whole, Words
from schemas.problems import Problem, Refused
from schemas.sync import Message
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.integrations import preferences
from service.integrations.push import subscriptions
from service.integrations.push.vapid import vapid

blueprint = Blueprint("notices", __name__, url_prefix="/v1", description="How you hear of what matters.")
_HOUR = {"description": "By the clock on your wall."}


class PushKeysSchema(Message):
    """The device's keys, as `PushSubscription.toJSON()` writes them."""

    p256dh = Words(100, shortest=80, required=True)
    auth = Words(30, shortest=20, required=True)


class NewPushSubscriptionSchema(Message):
    """Where this device is reached: `PushSubscription.toJSON()` without `expirationTime`."""

    endpoint = Words(2000, shortest=9, required=True)
    keys = fields.Nested(PushKeysSchema, required=True)


class PushSubscriptionSchema(Message):
    """A device that is reached. Its address is not told again."""

    id = fields.UUID(required=True)
    device_id = fields.String(required=True)
    created_at = Moment(required=True)


class PushSubscriptionsSchema(Message):
    """Your devices that are reached, and the `applicationServerKey` to subscribe by."""

    items = fields.List(fields.Nested(PushSubscriptionSchema), required=True)
    public_key = fields.String(required=True)


class NoticePreferencesSchema(Message):
    """How you want to be told. In quiet hours no device is woken; from and until alike: there are none."""

    push = Flag(metadata={"description": "Wake your devices for what matters today."})
    digest = Flag(metadata={"description": "One mail a day at most, with what concerns you."})
    hour = Whole(0, 23, metadata={"description": "The hour of the digest, by the clock on your wall."})
    quiet_from = Whole(0, 23, metadata=_HOUR)
    quiet_until = Whole(0, 23, metadata=_HOUR)
    zone = Words(64, metadata={"description": "Europe/Madrid, say."})
    language = Choice(*preferences.LANGUAGES)


@blueprint.route("/push-subscriptions", methods=("POST",), policy=Policy.SIGNED_IN)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.takes(NewPushSubscriptionSchema)
@blueprint.gives(201, PushSubscriptionSchema)
@blueprint.refuses(Problem.INVALID_REQUEST)
@in_transaction
def subscribe_push(work: Work, said: dict[str, Any]) -> Any:
    """Have this device woken for what matters today; another address of it is forgotten."""
    services = work.services
    if not subscriptions.PushServices(services.settings, services.outbound).allow(said["endpoint"]):
        raise _faulty("/endpoint", "This is no address of a push service that we call (PUSH_HOSTS).")
    if not subscriptions.are_keys(said["keys"]):
        raise _faulty("/keys", "These are no keys of a PushSubscription.")
    seal = subscriptions.open_seal(services.settings)
    return subscriptions.put(work.connection, work.actor, seal, said, services.now())


@blueprint.route("/push-subscriptions", policy=Policy.SIGNED_IN)
@blueprint.gives(200, PushSubscriptionsSchema)
@in_transaction
def list_push_subscriptions(work: Work) -> dict[str, Any]:
    """Your devices that are woken, and the key to subscribe by."""
    items = subscriptions.of_person(work.connection, work.actor.tenant_id, work.actor.person_id)
    return {"items": items, "public_key": vapid(work.services.settings).public}


@blueprint.route("/push-subscriptions/<uuid:subscription_id>", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@blueprint.refuses(Problem.NOT_FOUND)
@in_transaction
def unsubscribe_push(work: Work, subscription_id: UUID) -> None:
    """Wake a device no more."""
    subscriptions.remove(work.connection, work.actor, subscription_id)


@blueprint.route("/notice-preferences", policy=Policy.SIGNED_IN)
@blueprint.gives(200, NoticePreferencesSchema)
@in_transaction
def get_notice_preferences(work: Work) -> dict[str, Any]:
    """How you want to be told."""
    return preferences.read(work.connection, work.actor.tenant_id, work.actor.person_id)


@blueprint.route("/notice-preferences", methods=("PUT",), policy=Policy.SIGNED_IN)
@blueprint.takes(NoticePreferencesSchema)
@blueprint.gives(200, NoticePreferencesSchema)
@blueprint.refuses(Problem.INVALID_REQUEST)
@in_transaction
def put_notice_preferences(work: Work, said: dict[str, Any]) -> dict[str, Any]:
    """Say how you want to be told; what you leave out stays."""
    if said.get("zone", "UTC") not in preferences.ZONES:
        raise _faulty("/zone", "This is no zone of the IANA database, such as Europe/Madrid.")
    whose = (work.actor.tenant_id, work.actor.person_id)
    preferences.write(work.connection, *whose, said)
    return preferences.read(work.connection, *whose)


def _faulty(where: str, why: str) -> Refused:
    return Refused(Problem.INVALID_REQUEST, errors={where: [why]})
