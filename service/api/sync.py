"""The native sync doors: what changed for this person, and what she changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Response, g, jsonify, request

from schemas import native
from schemas.problems import Problem, Refused
from schemas.sync import DigestQuerySchema, DigestSchema, PulledSchema, PullSchema, PushedSchema, PushSchema
from service.accounts import admission
from service.api import hardened
from service.api.changes import read_rows
from service.api.devices import device_time, is_noted, note_device
from service.api.services import services
from service.api.smorest import DEVICE_TIME, Blueprint
from service.api.terms import Policy
from service.api.together import Sent, Together
from service.api.transaction import Work, in_transaction
from service.records import KINDS, read_log
from sync.cursor import Cursor, decode
from sync.server import feed
from sync.server.actor import Actor
from sync.server.feed import Page
from sync.server.kind import Kind

PUSH_LIMIT = 32 * 2**20
LINES = Together()
READING = frozenset(scope for kind in KINDS.values() for scope in kind.scopes)
WRITING = frozenset(kind.write_scope for kind in KINDS.values() if kind.write_scope)
blueprint = Blueprint(
    "sync", __name__, url_prefix="/v1/sync", description="Offline sync for phones and other apps."
)


@blueprint.route("/pull", methods=("POST",), policy=Policy.SIGNED_IN, scopes=READING)
@blueprint.hears(DEVICE_TIME)
@blueprint.takes(PullSchema)
@blueprint.gives(200, PulledSchema)
@blueprint.refuses(Problem.INVALID_CURSOR, Problem.SYNC_RESET_REQUIRED, Problem.UNKNOWN_COLLECTION)
def pull(said: dict[str, Any]) -> Response:
    """Read what changed for you since the cursor, a page at a time."""
    wanted, asked = collections(said["collections"]), cursor(said["cursor"])
    page = read_ahead(wanted, asked, said["limit"])
    if page is None:
        page = read_page(wanted, asked, said["limit"])
    elif asks_for_notes(page):
        note_page(asked, page)
    return Response(page_text(page), mimetype="application/json")


def read_ahead(wanted: list[str], asked: Cursor, limit: int) -> Page | None:
    """The next page in one round trip, which can write nothing; None where more must be done than to read it."""
    claims, using = g.claims, services()
    if claims.client_id is not None:
        return None
    reader = Actor(claims.tenant_id, claims.person_id, claims.device_id)
    page = feed.question_of_page(reader, wanted, asked, limit)
    answers = using.database.ask(claims.tenant_id, admission.question(claims, using.now()), page)
    if answers is None or not admission.admits(answers[0], claims):
        return None
    return feed.paged(answers[1], wanted, asked, limit)


@in_transaction
def read_page(work: Work, wanted: list[str], asked: Cursor, limit: int) -> Page:
    """The next page of the feed, noted where reading is logged."""
    page = feed.pull(work.connection, work.actor, readable(work.actor, wanted), asked, limit)
    note(work, asked, page)
    return page


@in_transaction
def note_page(work: Work, asked: Cursor, page: Page) -> None:
    """Note a page that was read ahead, before its answer leaves."""
    note(work, asked, page)


def note(work: Work, asked: Cursor, page: Page) -> None:
    """Note who reads how far and, where reading is logged, what."""
    # the answer may be lost: what it asked with is what it holds, and an empty phone needs no tombstone before its birth
    note_device(work, device_time(), asked.seq or page.cursor.boot)
    log_read(work, page.others)


def asks_for_notes(page: Page) -> bool:
    """Whether a page brings what somebody is to hear of, or comes to a device that was not noted of late."""
    unseen = not is_noted(services(), g.claims.tenant_id, g.claims.device_id, device_time())
    return unseen or any(KINDS[name].read_logged for name in page.others)


@blueprint.route("/push", methods=("POST",), policy=Policy.SIGNED_IN, body_limit=PUSH_LIMIT, scopes=WRITING)
@blueprint.reads(PushSchema)
@blueprint.hears(DEVICE_TIME)
@blueprint.gives(200, PushedSchema)
@blueprint.refuses(Problem.INVALID_JSON, Problem.INVALID_REQUEST, Problem.TOO_MANY_CHANGES, Problem.TOO_LARGE)
def push() -> Response:
    """Send what you changed. Never an error because of a row: each has its outcome, in the order sent."""
    rows = read_rows(hardened.read_loosely(request))
    sent = Sent(g.claims, device_time(), rows, request.get_data(as_text=True))
    outcomes = LINES.push(services(), sent)
    return jsonify(outcomes=[outcome.document() for outcome in outcomes])


@blueprint.route("/digest", policy=Policy.SIGNED_IN, scopes=READING)
@blueprint.takes(DigestQuerySchema, location="query")
@blueprint.gives(200, DigestSchema)
@blueprint.refuses(Problem.UNKNOWN_COLLECTION)
@in_transaction
def digest(work: Work, asked: dict[str, Any]) -> dict[str, Any]:
    """Count and digest of what you see of a collection, to prove that a phone holds the same."""
    (name,) = readable(work.actor, collections([asked["collection"]], "?collection"))
    found = feed.digest(work.connection, work.actor, name)
    return {"collection": name, "count": found.count, "digest": found.digest, "seq": found.seq}


@blueprint.route("/schema/native", policy=Policy.PUBLIC, name="native_schema")
@blueprint.gives(200, native.NativeSchema)
def native_schema() -> dict[str, Any]:
    """Every collection and its fields."""
    return {"collections": {name: describe(kind) for name, kind in KINDS.items()}}


def describe(kind: Kind) -> dict[str, Any]:
    """One collection in the words of the native schema."""
    states = list(kind.machine.states) if kind.machine else None
    return {"read_only": kind.server_only, "states": states, "fields": native.describe(kind.schema)}


def collections(asked: list[str] | None, place: str = "/collections") -> list[str]:
    """The collections asked for, all of them by default. Raises Refused for one that is not there."""
    unknown = [name for name in asked or () if name not in KINDS]
    if unknown:
        raise Refused(Problem.UNKNOWN_COLLECTION, errors={place: [f"There is no collection {unknown[0]!r}."]})
    return list(asked or KINDS)


def readable(actor: Actor, wanted: list[str]) -> list[str]:
    """Those of the collections that the asker's app may read; Refused(SCOPE_REQUIRED) when it may read none of them."""
    shown = actor.readable(wanted)
    if not shown:
        raise Refused(
            Problem.SCOPE_REQUIRED, extra={"scopes": sorted({s for n in wanted for s in KINDS[n].scopes})}
        )
    return shown


def cursor(text: str | None) -> Cursor:
    """The cursor that a phone sent back; an empty reader's when it has none."""
    try:
        return decode(text) if text else Cursor()
    except ValueError:
        raise Refused(Problem.INVALID_CURSOR) from None


def page_text(page: Page) -> bytes:
    """The page as JSON, around rows that are ready text: never parsed, never written again."""
    end = f'],"cursor":"{page.cursor.encode()}","more":{"true" if page.more else "false"}}}'
    return b"".join((b'{"changes":[', *page.parts(), end.encode()))


def log_read(work: Work, others: Mapping[str, Collection[str]]) -> None:
    """Note that the reader was given these records of others, by collection, where reading is logged."""
    for name, ids in others.items():
        if KINDS[name].read_logged:
            read_log.record(work.connection, work.actor, read_log.DELIVERED, name, ids, work.services.now())
