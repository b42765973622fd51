"""Webhooks: the addresses that are told what happened, and what became of it."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.fields import Flag, Id, Moment
from schemas.sync import Message

_SECRET = "Signs every delivery (Standard Webhooks); it is shown this once."  # noqa: S105  # words about one


class WebhookSchema(Message):
    """An address that is told what happened."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    description = fields.String(required=True)
    owner_id = Id(
        required=True, attribute="person_id", metadata={"description": "Told is what this person may see."}
    )
    app_id = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    disabled_at = Moment(required=True, allow_none=True)
    disabled_because = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "switched_off, gone (it answered 410), or unreachable (for five days)."},
    )
    failing_since = Moment(
        required=True, allow_none=True, metadata={"description": "No delivery has arrived since."}
    )


class WebhookWithSecretSchema(WebhookSchema):
    """An address with its secret, which is shown this once."""

    secret = fields.String(required=True, metadata={"description": _SECRET})


class WebhooksSchema(Message):
    """The addresses that one manages, the oldest first."""

    items = fields.List(fields.Nested(WebhookSchema), required=True)


class DeliverySchema(Message):
    """What became of one event on its way to one address."""

    id = fields.UUID(required=True)
    event = fields.String(required=True)
    collection = fields.String(required=True, allow_none=True)
    record_id = fields.String(required=True, allow_none=True)
    happened_at = Moment(required=True)
    state = fields.String(required=True, metadata={"description": "waiting, delivered or dead."})
    attempts = fields.Integer(required=True)
    next_at = Moment(required=True, metadata={"description": "Not before this moment, while it waits."})
    ended_at = Moment(required=True, allow_none=True)
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "HTTP status of the last answer."}
    )
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the last attempt failed."}
    )


class DeliveriesSchema(Message):
    """A page of deliveries, the newest first."""

    items = fields.List(fields.Nested(DeliverySchema), required=True)
    cursor = fields.String(required=True, allow_none=True)


class ReplaySchema(Message):
    """What to send again: some deliveries, or the dead ones of a span of time."""

    delivery_ids = fields.List(fields.UUID(), validate=validate.Length(min=1, max=1000))
    since = Moment()
    until = Moment()
    delivered = Flag(metadata={"description": "Of the span, also what has been delivered."})

    @validates_schema
    def one_of_both(self, said: dict[str, Any], **_: Any) -> None:
        """Either ids or a span."""
        if ("delivery_ids" in said) == ("since" in said):
            raise ValidationError("Name delivery_ids, or a span that begins with since.")


class ReplayedSchema(Message):
    """How many are sent again, 1,000 at most; ask again for the rest."""

    count = fields.Integer(required=True)
