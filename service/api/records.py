"""REST for every kind of the table of contents, alike: list, read, create, change, delete, history, restore."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from schemas.fields import Choice, Id
from schemas.native import server_owned
from schemas.problems import Problem
from schemas.sync import Message, RestoreSchema, VersionsSchema
from service.api import hardened, reading, revising
from service.api.paging import PageQuerySchema
from service.api.smorest import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from sync.server.history import versions
from sync.server.kind import Kind, Kinds

_ONE = "/<string(maxlength=64):record_id>"
_WRITES = (Problem.NOT_ALLOWED, Problem.INVALID_REQUEST, Problem.INVALID_JSON, Problem.UNSUPPORTED_MEDIA_TYPE)


def blueprints(kinds: Kinds) -> list[Blueprint]:
    """One blueprint for each kind."""
    return [_blueprint(kind) for kind in kinds.values()]


def _blueprint(kind: Kind) -> Blueprint:
    blueprint = Blueprint(
        kind.name,
        __name__,
        url_prefix=f"/v1/{kind.name}",
        description=(type(kind.schema).__doc__ or "").strip(),
    )
    _add_reading(blueprint, kind)
    _add_delete(blueprint, kind)
    if not kind.server_only:
        _add_writing(blueprint, kind)
        _add_history(blueprint, kind)
    return blueprint


def _add_reading(blueprint: Blueprint, kind: Kind) -> None:
    @blueprint.route("", policy=Policy.SIGNED_IN, name=f"list_{kind.name}", scopes=kind.scopes)
    @blueprint.takes(_query(kind), location="query")
    @blueprint.gives(200, _page(kind))
    @blueprint.refuses(Problem.INVALID_CURSOR)
    @in_transaction
    def list_records(work: Work, asked: dict[str, Any]) -> Response:
        """The records that you may see, in the order of their ids."""
        return reading.page(work, kind, asked)

    @blueprint.route(_ONE, policy=Policy.SIGNED_IN, name=f"read_{kind.name}", scopes=kind.scopes)
    @blueprint.gives(200, kind.schema, etag=True)
    @blueprint.may_give(304, None, "Still as you hold it.")
    @blueprint.hears(IF_NONE_MATCH)
    @blueprint.refuses(Problem.NOT_FOUND)
    @in_transaction
    def read_record(work: Work, record_id: str) -> Response:
        """One record, with its ETag; 304 when If-None-Match names it."""
        return reading.opened(work, kind, record_id)


def _add_writing(blueprint: Blueprint, kind: Kind) -> None:
    @blueprint.route(
        "", methods=("POST",), policy=Policy.SIGNED_IN, name=f"create_{kind.name}", scopes=_writing(kind)
    )
    @blueprint.reads(kind.schema)
    @blueprint.hears(IDEMPOTENCY_KEY)
    @blueprint.gives(201, kind.schema, etag=True)
    @blueprint.may_give(200, kind.schema, "It was there already, and says the same.")
    @blueprint.may_give(204, None, "It is made, and not for you to see.")
    @blueprint.refuses(*_WRITES, Problem.ALREADY_EXISTS, Problem.PARENT_UNKNOWN, Problem.ILLEGAL_MOVE)
    def create_record() -> Response:
        """Make a record under an id of yours. The same again answers 200."""
        return revising.create(kind, hardened.read(request))

    @blueprint.route(
        _ONE, methods=("PATCH",), policy=Policy.SIGNED_IN, name=f"change_{kind.name}", scopes=_writing(kind)
    )
    @blueprint.reads(_patch(kind))
    @blueprint.hears(IF_MATCH, IDEMPOTENCY_KEY)
    @blueprint.gives(200, kind.schema, etag=True)
    @blueprint.may_give(204, None, "It is changed, and no longer for you to see.")
    @blueprint.refuses(*_WRITES, Problem.NOT_FOUND, Problem.PRECONDITION_FAILED, Problem.ILLEGAL_MOVE)
    def change_record(record_id: str) -> Response:
        """Change the fields that the body names; with If-Match, only if nobody has changed the record since."""
        return revising.change(kind, hardened.read(request), record_id)


def _add_delete(blueprint: Blueprint, kind: Kind) -> None:
    @blueprint.route(
        _ONE, methods=("DELETE",), policy=Policy.SIGNED_IN, name=f"delete_{kind.name}", scopes=_writing(kind)
    )
    @blueprint.hears(IF_MATCH)
    @blueprint.gives(204)
    @blueprint.refuses(
        Problem.NOT_ALLOWED, Problem.NOT_FOUND, Problem.PRECONDITION_FAILED, Problem.HAS_DEPENDENTS
    )
    @in_transaction
    def delete_record(work: Work, record_id: str) -> None:
        """Delete a record; with If-Match, only if nobody has changed it since."""
        revising.delete(work, kind, record_id)


def _add_history(blueprint: Blueprint, kind: Kind) -> None:
    @blueprint.route(
        f"{_ONE}/history", policy=Policy.SIGNED_IN, name=f"history_of_{kind.name}", scopes=kind.scopes
    )
    @blueprint.gives(200, VersionsSchema)
    @blueprint.refuses(Problem.NOT_FOUND)
    @in_transaction
    def record_history(work: Work, record_id: str) -> dict[str, Any]:
        """What the record said before, newest first."""
        reading.demand(work, kind, record_id)
        return {"items": versions(work.connection, work.services.kinds, work.actor, kind.name, record_id)}

    @blueprint.route(
        f"{_ONE}/restore",
        methods=("POST",),
        policy=Policy.SIGNED_IN,
        name=f"restore_{kind.name}",
        scopes=_writing(kind),
    )
    @blueprint.hears(IF_MATCH, IDEMPOTENCY_KEY)
    @blueprint.takes(RestoreSchema)
    @blueprint.gives(200, kind.schema, etag=True)
    @blueprint.may_give(204, None, "It is restored, and no longer for you to see.")
    @blueprint.refuses(Problem.NOT_ALLOWED, Problem.NOT_FOUND)
    @in_transaction
    def restore_record(work: Work, said: dict[str, Any], record_id: str) -> Response:
        """Bring back the words of an earlier version; the state stays as it is."""
        return revising.restore(work, kind, record_id, said["seq"])


def _writing(kind: Kind) -> frozenset[str]:
    """The scopes that let an app write it."""
    return frozenset({kind.write_scope} if kind.write_scope else ())


def _name(kind: Kind) -> str:
    return type(kind.schema).__name__.removesuffix("Schema")


def _query(kind: Kind) -> Schema:
    asked = {name: _filter(kind, name) for name in reading.filters(kind)}
    query: Schema = type(f"{_name(kind)}QuerySchema", (PageQuerySchema,), asked)()
    return query


def _filter(kind: Kind, name: str) -> fields.Field[Any]:
    return Choice(*kind.machine.states) if kind.machine and name == "state" else Id()


def _page(kind: Kind) -> Schema:
    words = {
        "__doc__": "A page, and the cursor of the next one.",
        "items": fields.List(fields.Nested(kind.schema), required=True),
        "cursor": fields.String(required=True, allow_none=True),
    }
    page: Schema = type(f"{_name(kind)}PageSchema", (Message,), words)()
    return page


def _patch(kind: Kind) -> Schema:
    """The fields that a client may change."""
    not_hers = [name for name, field in kind.schema.fields.items() if server_owned(field)]
    words = type(f"{_name(kind)}PatchSchema", (type(kind.schema),), {"__doc__": "The fields to change."})
    patch: Schema = words(partial=True, exclude=("id", *not_hers))
    return patch
