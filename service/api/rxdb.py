"""The doors of RxDB's replication: see docs/rxdb.md for a client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from schemas import rxdb as words
from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES
from service.api import hardened
from service.api.devices import device_time, note_device
from service.api.glance import nothing_new
from service.api.smorest import DEVICE_TIME, Blueprint
from service.api.sync import PUSH_LIMIT, READING, WRITING, collections, log_read, readable
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.records import KINDS
from sync.changes import Record
from sync.server.dialects import rxdb
from sync.server.dialects.rxdb import Checkpoint, Row
from sync.server.feed import Page
from sync.server.kind import Kind

LONGEST_ID = 200
_MEMBERS = {"newDocumentState", "assumedMasterState"}
blueprint = Blueprint(
    "rxdb", __name__, url_prefix="/v1/sync", description="Offline sync for apps that are built on RxDB."
)


@blueprint.route("/rxdb/<name>/pull", policy=Policy.SIGNED_IN, name="rxdb_pull", scopes=READING)
@blueprint.hears(DEVICE_TIME)
@blueprint.takes(words.RxdbPullSchema, location="query")
@blueprint.gives(200, words.RxdbPulledSchema)
@blueprint.refuses(Problem.SYNC_RESET_REQUIRED, Problem.UNKNOWN_COLLECTION)
def pull(asked: dict[str, int], name: str) -> Response:
    """Read what changed in one collection since the checkpoint, a page at a time."""
    collection, limit, since = kind(name).name, asked.pop("limit"), Checkpoint(**asked)
    at_rest = nothing_new([collection], since.cursor(collection))
    page = Page((), at_rest, more=False) if at_rest else read_page(collection, since, limit)
    return Response(rxdb.page_text(page), mimetype="application/json")


@in_transaction
def read_page(work: Work, collection: str, since: Checkpoint, limit: int) -> Page:
    """The next page of the feed, noted where reading is logged."""
    readable(work.actor, [collection])
    page = rxdb.pull(work.connection, work.actor, collection, since, limit)
    note_device(work, device_time())
    log_read(work, page.others)
    return page


@blueprint.route(
    "/rxdb/<name>/push",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=PUSH_LIMIT,
    name="rxdb_push",
    scopes=WRITING,
)
@blueprint.reads(words.RxdbRowSchema(many=True))
@blueprint.hears(DEVICE_TIME)
@blueprint.gives(200)
@blueprint.refuses(
    Problem.INVALID_JSON, Problem.INVALID_REQUEST, Problem.UNKNOWN_COLLECTION, Problem.TOO_LARGE
)
def push(name: str) -> list[Record]:
    """Send documents; answers those that must differ from what was sent. Never an error because of a row."""
    into, rows = kind(name), hardened.read_loosely(request)
    if not isinstance(rows, list):
        raise Refused(Problem.INVALID_REQUEST, errors={"": ["A push is a list of rows."]})
    answers: list[Record] = []
    for start in range(0, len(rows) or 1, MOST_CHANGES):  # who sends nothing is asked for her session too
        answers += take(into, rows[start : start + MOST_CHANGES])
    return answers


@in_transaction
def take(work: Work, into: Kind, said: list[Any]) -> list[Record]:
    """Hand at most 500 rows to the door, in a transaction of their own; those that are no rows are refused and kept."""
    note_device(work, device_time())
    faults = [fault_of(row) for row in said]
    sound = [_row(row) for row, fault in zip(said, faults, strict=True) if fault is None]
    answers = rxdb.push(work.services.door, work.connection, work.actor, into, sound, json.dumps(said))
    refused = [refuse(work, into, row, fault) for row, fault in zip(said, faults, strict=True) if fault]
    return answers + [answer for answer in refused if answer]


def fault_of(row: Any) -> Mapping[str, Any] | None:
    """The problem of a row that cannot be read; None for a sound one."""
    try:
        hardened.check(row)
    except hardened.UnsoundError as fault:
        return Problem.INVALID_CHANGE.document(errors={hardened.pointer(fault.path): [fault.message]})
    if not _id_of(row):
        place, message = "/newDocumentState/id", f"A document has an id of 1 to {LONGEST_ID} characters."
    elif not isinstance(row.get("assumedMasterState"), dict | None):
        place, message = "/assumedMasterState", "A document, or null."
    elif row.keys() - _MEMBERS:
        place, message = "", "A row has a newDocumentState and perhaps an assumedMasterState."
    else:
        return None
    return Problem.INVALID_CHANGE.document(errors={place: [message]})


def refuse(work: Work, into: Kind, row: Any, problem: Mapping[str, Any]) -> Record | None:
    """Keep what cannot be read for its author; where it has an id, answer with what stands there."""
    record_id = _id_of(row).replace("\0", "").encode("utf-8", "replace").decode()
    return rxdb.refuse(
        work.services.door, work.connection, work.actor, into, record_id, json.dumps(row), problem
    )


@blueprint.route("/schema/rxdb", policy=Policy.PUBLIC, name="rxdb_schema")
@blueprint.gives(200, words.RxdbSchema)
def schema() -> dict[str, Any]:
    """Every collection's schema, for RxDB's `addCollections`."""
    return {"collections": {name: _describe(kind) for name, kind in KINDS.items()}}


def kind(name: str) -> Kind:
    """The kind of this name. Raises Refused."""
    return KINDS[collections([name], "/collection")[0]]


def _describe(kind: Kind) -> dict[str, Any]:
    return {"read_only": kind.server_only, "json_schema": words.describe(kind.schema)}


def _row(said: dict[str, Any]) -> Row:
    return Row(_id_of(said), said["newDocumentState"], said.get("assumedMasterState"))


def _id_of(said: Any) -> str:
    state = said.get("newDocumentState") if isinstance(said, dict) else None
    record_id = state.get("id") if isinstance(state, dict) else None
    return record_id if isinstance(record_id, str) and len(record_id) <= LONGEST_ID else ""
