"""How REST reads: ready JSON, through the one predicate of who sees what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy import ColumnElement, Row, Select

from schemas.problems import Problem, Refused
from service.api.paging import decode_cursor, encode_cursor
from service.api.transaction import Work
from service.records import read_log
from sync.changes import Record
from sync.server.audience import Found, find, live, visible
from sync.server.kind import Kind
from sync.server.tables import document


def filters(kind: Kind) -> list[str]:
    """The fields by which a kind can be listed: what it names, and its state."""
    columns = {column.name: column for column in kind.table.columns}
    indexed = (name for name in kind.schema.fields if name in columns)
    return [name for name in indexed if "names" in columns[name].info or name == "state"]


def page(work: Work, kind: Kind, asked: dict[str, Any]) -> Response:
    """A page of the records that the asker may see, and the cursor of the next one."""
    rows = _rows(work, kind, asked)
    shown = rows[: asked["limit"]]
    cursor = f'"{encode_cursor(shown[-1].record_id)}"' if len(rows) > len(shown) else "null"
    log_reads(work, kind, "delivered", [row.record_id for row in shown if row.author != work.actor.person_id])
    return json_text(f'{{"items":[{",".join(row.body for row in shown)}],"cursor":{cursor}}}')


def demand(work: Work, kind: Kind, record_id: str) -> Found:
    """The record; Refused(NOT_FOUND) alike for absent and invisible."""
    found = find(work.connection, work.actor, kind.name, record_id)
    if found is None:
        raise Refused(Problem.NOT_FOUND)
    return found


def record(work: Work, kind: Kind, record_id: str) -> Record:
    """What is in the record; Refused(NOT_FOUND) as `demand`."""
    inside: Record = orjson.loads(demand(work, kind, record_id).body)
    return inside


def every(work: Work, kind: Kind, *conditions: ColumnElement[bool]) -> list[Record]:
    """All records of a kind that the asker may see and of whose table the conditions hold, each with its `seq`."""
    found = work.connection.execute(_visible(work, kind, *conditions))
    return [orjson.loads(row.body) | {"seq": row.seq} for row in found]


def opened(work: Work, kind: Kind, record_id: str) -> Response:
    """The record as an answer with its ETag, its opening noted; 304 for whoever holds it as it is."""
    found = demand(work, kind, record_id)
    if found.author != work.actor.person_id:
        log_reads(work, kind, "opened", [record_id])
    response = tagged(found)
    response.make_conditional(request)
    return response


def tagged(found: Found, status: int = 200) -> Response:
    """The record as an answer with its ETag."""
    response = json_text(found.body, status)
    response.set_etag(str(found.seq))
    return response


def json_text(text: str, status: int = 200) -> Response:
    """Ready JSON as an answer."""
    return Response(text, status, mimetype="application/json")


def log_reads(work: Work, kind: Kind, how: str, ids: Sequence[str]) -> None:
    """Note what of somebody's visit was read, where its host can see it."""
    if kind.read_logged and ids:
        read_log.record(work.connection, work.actor, how, kind.name, ids, work.services.now())


def _rows(work: Work, kind: Kind, asked: dict[str, Any]) -> Sequence[Row[Any]]:
    named = (kind.table.c[name] == asked[name] for name in filters(kind) if name in asked)
    later = document.c.record_id > decode_cursor(asked.get("cursor"))
    return work.connection.execute(_visible(work, kind, later, *named).limit(asked["limit"] + 1)).all()


def _visible(work: Work, kind: Kind, *conditions: ColumnElement[bool]) -> Select[Any]:
    """The records of a kind that the asker may see and of whose table the conditions hold, in the order of their ids."""
    seen = visible(work.actor, kind.name, document.c.record_id)
    return live(work.actor.tenant_id, kind, seen, *conditions)
