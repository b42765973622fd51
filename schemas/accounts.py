"""Signing in, and the devices one is signed in on."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields

from schemas.fields import Flag, Id, Moment, Whole, Words
from schemas.records.people import PersonSchema


class CodeSchema(Schema):
    """An invitation code, and the device that shows it."""

    class Meta:
        unknown = RAISE

    code = Words(
        100,
        shortest=1,
        required=True,
        metadata={"description": "As it was given; case, spaces and hyphens do not matter."},
    )
    device_id = Id(required=True)
    device_name = Words(
        100, shortest=1, required=True, metadata={"description": "What the person calls the device."}
    )


class RefreshSchema(Schema):
    """A refresh token, to be given once for the next pair."""

    class Meta:
        unknown = RAISE

    refresh_token = Words(200, required=True)


class TokensSchema(Schema):
    """What a device is given: keep both, and replace both together."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = Whole(
        required=True, metadata={"description": "Seconds until the access token must be renewed."}
    )
    refresh_token = fields.String(required=True)
    person_id = Id(required=True)
    tenant_id = fields.UUID(required=True)
    device_id = Id(required=True)


class TenantSchema(Schema):
    """A district or a school on its own."""

    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)


class MeSchema(Schema):
    """Who is signed in here."""

    person = fields.Nested(PersonSchema, required=True)
    tenant = fields.Nested(TenantSchema, required=True)
    device_id = Id(required=True)
    roles = fields.List(fields.String(), required=True)


class DeviceSchema(Schema):
    """A device that the person is signed in on."""

    device_id = Id(required=True)
    device_name = fields.String(required=True)
    created_at = Moment(required=True, metadata={"description": "When she signed in there."})
    last_used_at = Moment(
        required=True, metadata={"description": "When it last renewed its tokens, or first showed them."}
    )
    current = Flag(required=True, metadata={"description": "Whether this very device asks."})


class DeviceNameSchema(Schema):
    """What the person calls a device from now on."""

    class Meta:
        unknown = RAISE

    device_name = Words(100, shortest=1, required=True)


class DevicesSchema(Schema):
    """The devices that the person is signed in on, the last used first."""

    items = fields.List(fields.Nested(DeviceSchema), required=True)
