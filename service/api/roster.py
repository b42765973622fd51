"""For administrators: the district's roster, sent as a zip, looked at, and applied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import request
from sqlalchemy import Row

from schemas.problems import Problem, Refused
from schemas.roster import RosterApplySchema, RosterPreviewSchema, RosterQuerySchema
from service.api import hardened
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, begun, in_transaction
from service.integrations.roster import previews, sieve
from service.integrations.roster.findings import Findings
from service.integrations.roster.words import Roster

ZIPS = ("application/zip", "application/x-zip-compressed")
LARGEST_ZIP = 32 * 2**20
"""Bytes, held in memory while they are read: the 300,000 rows of a large district have some two MiB."""
_FILE = {"schema": {"type": "string", "format": "binary"}}
_ONE = "/<uuid:preview_id>"

blueprint = Blueprint(
    "roster", __name__, url_prefix="/v1/admin/roster/previews", description="The district's roster."
)


@blueprint.route(
    "", methods=("POST",), policy=Policy.SIGNED_IN, body_limit=LARGEST_ZIP, name="preview_roster"
)
@blueprint.takes(RosterQuerySchema, location="query")
@blueprint.says(requestBody={"required": True, "content": {ZIPS[0]: _FILE}})
@blueprint.gives(202, RosterPreviewSchema)
@blueprint.refuses(
    Problem.NOT_ALLOWED,
    Problem.ROSTER_BUSY,
    Problem.INVALID_REQUEST,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.TOO_LARGE,
    Problem.UNAVAILABLE,
)
def preview(asked: dict[str, Any]) -> dict[str, Any]:
    """Administrator: send a OneRoster zip, and learn what it would change. Students never get past this door."""
    zip_ = hardened.read_bytes(request, *ZIPS)
    with begun() as work:
        _demand_admin(work)
        preview_id = previews.begin(work.connection, work.actor, work.services.now())
        known = previews.known(work.connection, work.actor.tenant_id)
    try:
        roster, findings = sieve.strain(zip_, known, services().now().date(), asked["dates"])
        return _go_on(work.actor.tenant_id, preview_id, roster, findings)
    except Exception:
        with begun() as work:
            previews.give_up(work.connection, work.actor.tenant_id, preview_id)
        raise


@blueprint.route(_ONE, policy=Policy.SIGNED_IN, name="get_roster_preview")
@blueprint.gives(200, RosterPreviewSchema)
@blueprint.refuses(Problem.NOT_ALLOWED, Problem.NOT_FOUND)
@in_transaction
def look(work: Work, preview_id: UUID) -> dict[str, Any]:
    """Administrator: how far it is, and what it would change. After a day it is forgotten."""
    _demand_admin(work)
    return _told(previews.find(work.connection, work.actor.tenant_id, preview_id))


@blueprint.route(f"{_ONE}/apply", methods=("POST",), policy=Policy.SIGNED_IN, name="apply_roster")
@blueprint.takes(RosterApplySchema)
@blueprint.gives(202, RosterPreviewSchema)
@blueprint.refuses(
    Problem.NOT_ALLOWED,
    Problem.NOT_FOUND,
    Problem.ILLEGAL_MOVE,
    Problem.ROSTER_BUSY,
    Problem.INVALID_REQUEST,
)
@in_transaction
def apply(work: Work, said: dict[str, Any], preview_id: UUID) -> dict[str, Any]:
    """Administrator: have a preview done. Asked again, nothing is done twice."""
    _demand_admin(work)
    now = work.services.now()
    return _told(previews.ask_to_apply(work.connection, work.actor, preview_id, now, **said))


def _go_on(tenant_id: UUID, preview_id: UUID, roster: Roster, findings: Findings) -> dict[str, Any]:
    previews.put_away(services().store, tenant_id, preview_id, roster, findings)
    with begun() as work:
        return _told(previews.go_on(work.connection, tenant_id, preview_id, findings))


def _demand_admin(work: Work) -> None:
    if "admin" not in work.actor.roles:
        raise Refused(Problem.NOT_ALLOWED, "Only an administrator sends the district's roster.")


def _told(row: Row[Any]) -> dict[str, Any]:
    """The preview in the words of the wire."""
    return {
        **row._mapping,
        "expires_at": row.asked_at + previews.LASTS,
        "preview": orjson.loads(row.told) if row.told else None,
        "refused": orjson.loads(row.refused) if row.refused else [],
    }
