"""The doors of WatermelonDB's synchronization: see docs/watermelondb.md for a client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, request

from schemas import watermelon as words
from schemas.problems import Problem, Refused
from schemas.sync import MOST_CHANGES
from service.api import hardened
from service.api.devices import device_time, note_device
from service.api.smorest import DEVICE_TIME, Blueprint
from service.api.sync import PUSH_LIMIT, READING, WRITING, collections, log_read, readable
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.records import KINDS
from sync.server.dialects import watermelon
from sync.server.dialects.watermelon import Asked
from sync.server.dialects.watermelon_push import Pushing, Said, in_order

LONGEST_NAME = 200
_HOW = ("created", "updated", "deleted")
blueprint = Blueprint(
    "watermelon",
    __name__,
    url_prefix="/v1/sync",
    description="Offline sync for apps that are built on WatermelonDB.",
)


@blueprint.route("/watermelon", policy=Policy.SIGNED_IN, name="watermelon_pull", scopes=READING)
@blueprint.hears(DEVICE_TIME)
@blueprint.takes(words.WatermelonPullSchema, location="query")
@blueprint.gives(200, words.WatermelonPulledSchema)
@blueprint.refuses(Problem.UNKNOWN_COLLECTION)
@in_transaction
def pull(work: Work, asked: dict[str, Any]) -> Response:
    """Read what changed since `last_pulled_at`, a page at a time, in WatermelonDB's own words."""
    note_device(work, device_time())
    wanted = readable(work.actor, collections(asked["collections"], "?collections"))
    pulled = watermelon.pull(
        work.connection,
        work.actor,
        Asked(
            asked["last_pulled_at"] or 0,
            wanted,
            anew=set(wanted).intersection(asked["migration"]),
            schema_version=asked["schema_version"],
            limit=asked["limit"],
        ),
    )
    for page in pulled.pages:
        log_read(work, page.others)
    return Response(watermelon.text(KINDS, pulled), mimetype="application/json")


@blueprint.route(
    "/watermelon",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=PUSH_LIMIT,
    name="watermelon_push",
    scopes=WRITING,
)
@blueprint.takes(words.WatermelonPushQuerySchema, location="query")
@blueprint.reads(words.WatermelonPushSchema)
@blueprint.hears(DEVICE_TIME)
@blueprint.gives(204)
@blueprint.refuses(Problem.INVALID_JSON, Problem.INVALID_REQUEST, Problem.TOO_LARGE)
def push(asked: dict[str, Any]) -> None:
    """Send what was changed. Never an error because of a row: what was not taken as it is, the next pull tells."""
    _take(asked["last_pulled_at"], ahead=False)


@blueprint.route(
    "/watermelon/rescue",
    methods=("POST",),
    policy=Policy.SIGNED_IN,
    body_limit=PUSH_LIMIT,
    name="watermelon_rescue",
    scopes=WRITING,
)
@blueprint.takes(words.WatermelonPushQuerySchema, location="query")
@blueprint.reads(words.WatermelonPushSchema)
@blueprint.hears(DEVICE_TIME)
@blueprint.gives(204)
@blueprint.refuses(Problem.INVALID_JSON, Problem.INVALID_REQUEST, Problem.TOO_LARGE)
def rescue(asked: dict[str, Any]) -> None:
    """Send what was changed before a pull, which may destroy it on the phone; `last_pulled_at` is the phone's before that pull."""
    _take(asked["last_pulled_at"], ahead=True)


@blueprint.route("/schema/watermelon", policy=Policy.PUBLIC, name="watermelon_schema")
@blueprint.gives(200, words.WatermelonSchema)
def schema() -> dict[str, Any]:
    """Every collection as a table, for WatermelonDB's `appSchema` and `tableSchema`."""
    tables = [words.table(name, kind.schema) for name, kind in KINDS.items()]
    return {"version": words.VERSION, "tables": tables}


def _take(last_pulled_at: str | None, *, ahead: bool) -> None:
    """All rows of the request, in as many transactions as they need."""
    rows = in_order(KINDS, read_rows(hardened.read_loosely(request)))
    at = _number(last_pulled_at or "")
    for start in range(0, len(rows) or 1, MOST_CHANGES):  # who sends nothing is asked for her session too
        _take_some(rows[start : start + MOST_CHANGES], at, ahead=ahead)


@in_transaction
def _take_some(work: Work, rows: list[Said], last_pulled_at: int | None, *, ahead: bool) -> None:
    note_device(work, device_time())
    raw = json.dumps([[said.collection, said.id, said.row] for said in rows])
    pushing = Pushing(work.services.door, work.connection, work.actor)
    take = pushing.rescue if ahead else pushing.push
    take(rows, last_pulled_at, raw)


def _number(text: str) -> int | None:
    """A number of the clock, as far as JavaScript can count; None for anything else."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    return number if 0 <= number <= words.LAST else None


def read_rows(body: Any) -> Iterator[Said]:
    """The rows of a push's body. Raises Refused when it is none at all."""
    changes = body.get("changes") if isinstance(body, dict) else None
    if not isinstance(changes, dict):
        raise Refused(
            Problem.INVALID_REQUEST, errors={"/changes": ["A push has an object of changes by table."]}
        )
    for name, table in changes.items():
        for how in _HOW:
            rows = table.get(how) if isinstance(table, dict) else None
            for row in rows if isinstance(rows, list) else ():
                yield _said(name, how, row)


def _said(name: str, how: str, row: Any) -> Said:
    record_id = row.get("id") if isinstance(row, dict) else row
    problem = _problem_of(name, row, record_id)
    return Said(
        _printable(name),
        _printable(record_id) if isinstance(record_id, str) else "",
        row if isinstance(row, dict) else {"row": row},
        created=how == "created",
        deleted=how == "deleted",
        problem=problem,
    )


def _problem_of(name: str, row: Any, record_id: Any) -> Mapping[str, Any] | None:
    """Why a row cannot be read; None for a sound one."""
    try:
        hardened.check([name, row])
    except hardened.UnsoundError as fault:
        return Problem.INVALID_CHANGE.document(errors={hardened.pointer(fault.path[1:]): [fault.message]})
    if isinstance(record_id, str) and 0 < len(record_id) <= LONGEST_NAME >= len(name):
        return None
    return Problem.INVALID_CHANGE.document(errors={"/id": ["A row has an id, which is a text."]})


def _printable(name: str) -> str:
    return name.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_NAME]
