"""Every table of the product, by the room that declares it, and the order in which the first steps make them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import MetaData, Table

from service.accounts.apps.models import metadata as apps
from service.accounts.models import metadata as accounts
from service.accounts.ways import metadata as ways
from service.answers import metadata as answers
from service.audit.log import metadata as audit
from service.integrations.calendar.models import metadata as calendar
from service.integrations.preferences import metadata as preferences
from service.integrations.push.tables import metadata as push
from service.integrations.roster.tables import metadata as roster
from service.integrations.webhooks.tables import metadata as webhooks
from service.mail.models import metadata as mail
from service.media.erasure import metadata as erasure
from service.portability.models import metadata as portability
from service.records import metadata as records
from service.records.read_log import metadata as read_log
from sync.server.tables import metadata as engine

METADATA: list[MetaData] = [
    engine,
    accounts,
    records,
    read_log,
    erasure,
    webhooks,
    answers,
    portability,
    ways,
    apps,
    mail,
    calendar,
    audit,
    roster,
    preferences,
    push,
]
JOBS = "procrastinate_"
"""The queue keeps its own tables (step 2); alembic neither compares nor drops them."""
_VISITS = ("visits", "notes", "debriefs", "next_steps", "media", "comments")
_INVITATIONS = ("invitations", "seats", "visit_requests")
_GRANTS = ("role_grants", "pauses")
_NOTICES = ("conflicts", "rejected_writes", "read_events")


def tables() -> list[Table]:
    """All tables, those that others point at first."""
    return [table for metadata in METADATA for table in metadata.sorted_tables]


def first_steps() -> dict[str, list[Table]]:
    """The tables that each of the first steps makes, by the step's name. The jobs' step is written by hand."""
    later = {*_INVITATIONS, *_VISITS, *_NOTICES, *_GRANTS}
    steps = [
        ("engine", engine.sorted_tables),
        ("jobs", []),
        ("accounts", accounts.sorted_tables),
        ("people", [table for table in records.sorted_tables if table.name not in later]),
        ("invitations", _named(_INVITATIONS)),
        ("visits", _named(_VISITS)),
        ("notices", _named(_NOTICES) + read_log.sorted_tables + erasure.sorted_tables),
        ("portability", portability.sorted_tables),
        ("webhooks", webhooks.sorted_tables + answers.sorted_tables),
        ("ways_in", ways.sorted_tables),
        ("apps", apps.sorted_tables),
        ("mail", mail.sorted_tables),
        ("calendar", calendar.sorted_tables),
        ("audit", audit.sorted_tables + _named(_GRANTS)),
        ("roster", roster.sorted_tables),
        ("push", preferences.sorted_tables + push.sorted_tables),
    ]
    return {f"{number:04}_{room}": made for number, (room, made) in enumerate(steps, 1)}


def _named(names: tuple[str, ...]) -> list[Table]:
    return [table for table in records.sorted_tables if table.name in names]


def ours(name: str | None, type_: str, parents: MutableMapping[Any, Any]) -> bool:
    """Whether alembic compares the object of this name."""
    return not (type_ == "table" and (name or "").startswith(JOBS))
