"""Signing in with a school's account, a passkey or a link, and what a person signs in by."""

from __future__ import annotations

from marshmallow import EXCLUDE, INCLUDE, Schema, fields, validate

from schemas.fields import Flag, Id, Moment, Words
from schemas.sync import Message

_S256 = validate.Regexp(r"^[A-Za-z0-9_-]{43}\Z", error="Not a code_challenge (RFC 7636, S256).")
_VERIFIER = validate.Regexp(r"^[A-Za-z0-9._~-]{43,128}\Z", error="Not a code_verifier (RFC 7636).")
_CHALLENGE = {
    "description": "SHA-256 of a code_verifier that the device keeps, in base64url without padding (RFC 7636)."
}


class DeviceMessage(Message):
    """What a device says of itself when somebody signs in on it."""

    device_id = Id(required=True)
    device_name = Words(
        100, shortest=1, required=True, metadata={"description": "What the person calls the device."}
    )


class AddressSchema(Message):
    """An address, to learn which schools' sign-ins are asked about such addresses."""

    address = Words(255, shortest=3, required=True)


class KnownProviderSchema(Schema):
    """A school's own sign-in."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class KnownProvidersSchema(Schema):
    """The sign-ins of schools that addresses of this domain have."""

    items = fields.List(fields.Nested(KnownProviderSchema), required=True)


class StartSchema(DeviceMessage):
    """What the app says when it opens the browser at a school's sign-in."""

    code_challenge = fields.String(required=True, validate=_S256, metadata=_CHALLENGE)
    return_to = Words(
        500,
        load_default=None,
        metadata={
            "description": "Where the browser ends, one of APP_ADDRESSES; without it, at a page with the code."
        },
    )
    linking = fields.String(
        load_default=None,
        validate=validate.OneOf(["true"]),
        metadata={"description": "`true` where somebody who is signed in adds this account to hers."},
    )


class CallbackSchema(Schema):
    """What the school's provider sends the browser back with; members that we do not know are ignored."""

    class Meta:
        unknown = EXCLUDE

    state = Words(200)
    code = Words(4000)
    iss = Words(2000)
    error = Words(200)


class ReturnedCodeSchema(Message):
    """The one-time code at which a school's sign-in ended, and the proof that this device began it."""

    code = Words(100, shortest=1, required=True)
    code_verifier = fields.String(required=True, validate=_VERIFIER)


class OpeningCodeSchema(ReturnedCodeSchema):
    """The same, from a device that wants a session."""

    device_id = Id(required=True)


class NewProviderSchema(Message):
    """A school's provider of sign-in (OpenID Connect), as its administrator knows it."""

    name = Words(100, shortest=1, required=True)
    issuer = Words(500, shortest=9, required=True)
    client_id = Words(500, shortest=1, required=True)
    client_secret = Words(1000, load_default=None, allow_none=True, load_only=True)
    domains = fields.List(Words(190, shortest=4), load_default=list, validate=validate.Length(max=50))


class ProviderSchema(Schema):
    """A provider of the tenant. Its client secret is never told."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    issuer = fields.String(required=True)
    client_id = fields.String(required=True)
    domains = fields.List(fields.String(), required=True)
    links_by_verified_address = Flag(required=True)
    redirect_uri = fields.String(
        required=True, metadata={"description": "To be registered with the provider, exactly so."}
    )
    created_at = Moment(required=True)


class ProvidersSchema(Schema):
    """The tenant's providers, by name."""

    items = fields.List(fields.Nested(ProviderSchema), required=True)


class CredentialSchema(Schema):
    """What navigator.credentials gave (PublicKeyCredential.toJSON()), whole."""

    class Meta:
        unknown = INCLUDE

    id = Words(1400, shortest=1, required=True)
    rawId = Words(1400, shortest=1, required=True)  # noqa: N815  # WebAuthn's word
    type = fields.String(required=True, validate=validate.Equal("public-key"))
    response = fields.Dict(keys=fields.String(), required=True)


class PasskeyOptionsSchema(Schema):
    """What navigator.credentials is given; its challenge can be answered once, within five minutes."""

    publicKey = fields.Dict(keys=fields.String(), required=True)  # noqa: N815  # WebAuthn's word


class NewPasskeySchema(Message):
    """A passkey that the device just made."""

    name = Words(100, shortest=1, required=True, metadata={"description": "What the person calls it."})
    credential = fields.Nested(CredentialSchema, required=True)


class PasskeyNameSchema(Message):
    """What the person calls a passkey from now on."""

    name = Words(100, shortest=1, required=True)


class ShownPasskeySchema(DeviceMessage):
    """A passkey's answer, from a device that wants a session."""

    credential = fields.Nested(CredentialSchema, required=True)


class PasskeySchema(Schema):
    """A passkey."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    created_at = Moment(required=True)
    last_used_at = Moment(required=True, allow_none=True)
    went_back_at = Moment(
        required=True,
        allow_none=True,
        metadata={
            "description": "When its counter last fell: somebody may have a copy. Remove it if in doubt."
        },
    )


class IdentitySchema(Schema):
    """An account at a school's provider."""

    id = fields.UUID(required=True)
    issuer = fields.String(required=True)
    created_at = Moment(required=True)
    last_used_at = Moment(required=True, allow_none=True)


class WaysInSchema(Schema):
    """What the person signs in by."""

    addresses = fields.List(fields.String(), required=True)
    identities = fields.List(fields.Nested(IdentitySchema), required=True)
    passkeys = fields.List(fields.Nested(PasskeySchema), required=True)


class LinkAskedSchema(DeviceMessage):
    """Who wants a link, and on which device it shall open."""

    address = Words(255, shortest=3, required=True)
    code_challenge = fields.String(required=True, validate=_S256, metadata=_CHALLENGE)


class LinkShownSchema(Message):
    """The part of the link after `#`, from the device that asked for it."""

    token = Words(100, shortest=1, required=True)
    code_verifier = fields.String(required=True, validate=_VERIFIER)
    device_id = Id(required=True)
