"""Read events: the host sees who has read what of her visits. They are written once and stay."""

from __future__ import annotations

from schemas.problems import Problem
from schemas.records.read_events import ReadEventSchema
from service.records import scopes
from service.records.checks import changed, checks, made_by, refused
from service.records.rules import Rule, is_person
from service.records.tables import kind_table, moment, names, word
from sync.changes import Record
from sync.server.actor import Actor
from sync.server.kind import Kind, Near, Write

table = kind_table(
    "read_events",
    names("visit_id", "visits", required=True),
    word("record_kind"),
    word("record_id"),
    names("reader_id", "people"),
    word("how"),
    moment("at"),
)

is_reader = is_person("reader_id")
opened = Rule(lambda actor, event, near: event.get("how") == "opened")


def _audience(event: Record, near: Near) -> set[str]:
    visit = near.record("visits", event["visit_id"]) or {}
    return scopes.people(event.get("reader_id"), visit.get("host_id"))


def _of_this_visit(actor: Actor, write: Write, near: Near) -> Record | None:
    """A phone may only say that it opened what belongs to the visit; alike refused for what is not there."""
    event = write.after or {}
    if write.before is not None or actor.is_system or event["record_id"] is None:
        return None
    opened_one = near.record(event["record_kind"] or "", event["record_id"]) or {}
    visit_id = event["record_id"] if event["record_kind"] == "visits" else opened_one.get("visit_id")
    if visit_id != event["visit_id"]:
        raise refused("record_id", "There is no such record of this visit: name what was opened.")
    return None


def _written_once(actor: Actor, write: Write, near: Near) -> Record | None:
    touched = sorted(changed(write)) if write.before and not actor.is_system else []
    if touched:
        raise refused(touched[0], "What was read was read: it cannot be changed.", Problem.NOT_ALLOWED)
    return None


KIND = Kind(
    name="read_events",
    table=table,
    schema=ReadEventSchema(),
    audience=_audience,
    parents={"visit_id": "visits"},
    may_write=is_reader,
    check=checks(
        made_by(is_reader & opened, "A phone says only what its own person opened."),
        _of_this_visit,
        _written_once,
    ),
)
