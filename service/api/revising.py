"""REST's writes of one record. A refusal rolls the request back: nothing of it is kept."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
from marshmallow import ValidationError

from schemas.native import server_owned
from schemas.problems import Problem, Refused
from service.api import reading
from service.api.smorest import places
from service.api.transaction import Work, in_transaction
from service.api.writing import write
from sync.changes import Change, Record
from sync.server import sequence
from sync.server.audience import Found, find
from sync.server.history import versions
from sync.server.kind import Kind


@in_transaction
def create(work: Work, kind: Kind, body: Any) -> Response:
    """201 with the new record; 200 when it is there already and says the same."""
    said = fields_of(kind, body)
    record_id = said.pop("id", None)
    if not isinstance(record_id, str):
        raise Refused(Problem.INVALID_REQUEST, errors={"/id": ["Missing data for required field."]})
    sequence.lock(work.connection, work.actor.tenant_id)
    there = find(work.connection, work.actor, kind.name, record_id)
    if there is not None:
        return same_again(kind, there, {"id": record_id, **said})
    write(work, [Change("", kind.name, record_id, said)])
    response = after(work, kind, record_id, 201)
    response.headers["Location"] = f"/v1/{kind.name}/{record_id}"
    return response


@in_transaction
def change(work: Work, kind: Kind, body: Any, record_id: str) -> Response:
    """200 with the changed record."""
    said = fields_of(kind, body)
    if "id" in said:
        raise Refused(Problem.INVALID_REQUEST, errors={"/id": ["The id of a record stays."]})
    found = standing(work, kind, record_id)
    write(work, [Change("", kind.name, record_id, said, base_seq=found.seq)])
    return after(work, kind, record_id)


def delete(work: Work, kind: Kind, record_id: str) -> None:
    """Delete the record."""
    found = standing(work, kind, record_id)
    write(work, [Change("", kind.name, record_id, deleted=True, base_seq=found.seq)])


def restore(work: Work, kind: Kind, record_id: str, seq: int) -> Response:
    """Write the words of an earlier version over those of today; whatever moves by rules of its own stays."""
    found = standing(work, kind, record_id)
    earlier = versions(work.connection, work.services.kinds, work.actor, kind.name, record_id)
    version = next((one for one in earlier if one.seq == seq), None)
    if version is None:
        raise Refused(Problem.NOT_FOUND)
    words = differing(kind, orjson.loads(found.body), dict(version.record))
    write(work, [Change("", kind.name, record_id, words, base_seq=found.seq)])
    return after(work, kind, record_id)


def differing(kind: Kind, now: Record, then: Record) -> Record:
    """The writable fields, but the state, that said something else then."""
    hers = (name for name, field in kind.schema.fields.items() if not server_owned(field))
    return {
        name: then[name]
        for name in hers
        if name not in {"id", "state"} and name in then and then[name] != now[name]
    }


def standing(work: Work, kind: Kind, record_id: str) -> Found:
    """The record that a write means, which stands still until the commit; If-Match must name it as it is."""
    sequence.lock(work.connection, work.actor.tenant_id)
    found = reading.demand(work, kind, record_id)
    if "If-Match" in request.headers and not request.if_match.contains(str(found.seq)):
        raise Refused(Problem.PRECONDITION_FAILED)
    return found


def fields_of(kind: Kind, body: Any) -> Record:
    """The body as fields; the server's own among them are refused, all else is judged at the door."""
    if not isinstance(body, dict):
        raise Refused(Problem.INVALID_REQUEST, errors={"": ["Invalid input type."]})
    not_hers = [name for name, field in kind.schema.fields.items() if name in body and server_owned(field)]
    if not_hers:
        raise Refused(
            Problem.INVALID_REQUEST,
            errors={f"/{name}": ["The server writes this field."] for name in not_hers},
        )
    return dict(body)


def same_again(kind: Kind, there: Found, said: Record) -> Response:
    """200 for a create that was heard before; Refused(ALREADY_EXISTS) for another record under the same id."""
    try:
        again = kind.schema.dump(kind.schema.load(said))
    except ValidationError as error:
        raise Refused(Problem.INVALID_REQUEST, errors=places({"json": error.messages})) from None
    record = orjson.loads(there.body)
    if any(record[name] != again[name] for name in said):
        raise Refused(Problem.ALREADY_EXISTS)
    return reading.tagged(there)


def after(work: Work, kind: Kind, record_id: str, status: int = 200) -> Response:
    """The record as the write left it; nothing to show when the writer no longer sees it."""
    found = find(work.connection, work.actor, kind.name, record_id)
    return reading.tagged(found, status) if found else Response(status=204)
