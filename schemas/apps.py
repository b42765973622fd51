"""Others' apps: those that act for a person, and those that a tenant registered or approved."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from schemas.fields import Flag, Moment, Words

MOST_SCOPES, MOST_ADDRESSES = 30, 20


def _scopes(what: str) -> fields.List[str]:
    length = validate.Length(min=1, max=MOST_SCOPES)
    return fields.List(Words(40), required=True, validate=length, metadata={"description": what})


class GrantedAppSchema(Schema):
    """An app that acts for the person, and what she lets it do."""

    client_id = fields.String(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    since = Moment(required=True)
    last_used_at = Moment(required=True)


class GrantedAppsSchema(Schema):
    """The apps that act for the person."""

    items = fields.List(fields.Nested(GrantedAppSchema), required=True)


class NewAppSchema(Schema):
    """An app to be registered."""

    class Meta:
        unknown = RAISE

    name = Words(
        80, shortest=1, required=True, metadata={"description": "What people read when they are asked."}
    )
    redirect_uris = fields.List(
        Words(500),
        load_default=list,
        validate=validate.Length(max=MOST_ADDRESSES),
        metadata={"description": "Where people are sent back to, to the letter."},
    )
    scopes = _scopes("All that it may ever ask for (docs/apps.md).")
    public = Flag(
        load_default=False, metadata={"description": "It runs on people's devices, and so keeps no secret."}
    )


class RegisteredAppSchema(Schema):
    """A registered app. The secret is told only now."""

    client_id = fields.String(required=True)
    client_secret = fields.String(required=True, allow_none=True)


class AppSchema(Schema):
    """An app that the tenant registered or approved."""

    client_id = fields.String(required=True)
    name = fields.String(required=True)
    redirect_uris = fields.List(fields.String(), required=True)
    scopes = fields.List(fields.String(), required=True, metadata={"description": "All that it may ask for."})
    approved_scopes = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "What the tenant approved; null: nothing, and nobody can use it."},
    )
    created_at = Moment(required=True)


class AppsSchema(Schema):
    """The apps of a tenant, the newest first."""

    items = fields.List(fields.Nested(AppSchema), required=True)


class ApprovalSchema(Schema):
    """What people of the tenant may let an app do, at most."""

    class Meta:
        unknown = RAISE

    scopes = _scopes("Some of those that the app asks for.")
