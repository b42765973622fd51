"""Where to listen live. Streams are served by a process of their own, which in production answers these addresses itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request

from schemas.live import LiveQuerySchema, MovedSchema, WaitQuerySchema
from schemas.problems import Problem, Refused
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.sync import READING
from service.api.terms import Policy

blueprint = Blueprint(
    "live", __name__, url_prefix="/v1/sync", description="Hear at once that something moved."
)
_ELSEWHERE = "Go on there, within 30 s: the address carries a ticket. Only where the live process has an origin of its own."


@blueprint.route("/stream", policy=Policy.SIGNED_IN, secret=True, scopes=READING)
@blueprint.takes(LiveQuerySchema, location="query")
@blueprint.gives(200, {"type": "string"}, content_type="text/event-stream")
@blueprint.may_give(307, None, _ELSEWHERE)
@blueprint.refuses(Problem.NOT_FOUND)
def stream(asked: dict[str, Any]) -> Response:
    """Hear, for as long as the access token is good, which collections moved and how far.

    Server-sent events, each with `data: {"seq": 4713, "collections": ["notes"]}`: pull those. No documents travel here.
    """
    return elsewhere()


@blueprint.route("/wait", policy=Policy.SIGNED_IN, secret=True, scopes=READING)
@blueprint.takes(WaitQuerySchema, location="query")
@blueprint.gives(200, MovedSchema)
@blueprint.may_give(307, None, _ELSEWHERE)
@blueprint.refuses(Problem.NOT_FOUND)
def wait(asked: dict[str, Any]) -> Response:
    """Wait until something moves after `seq`, or `timeout` seconds at most: then no collection is named."""
    return elsewhere()


def elsewhere() -> Response:
    """The same address at the live process. Across origins a client drops its Authorization, so a ticket goes along."""
    live = services().settings.live_url
    if live is None:
        raise Refused(Problem.NOT_FOUND, "No live process is known here; pull now and then instead.")
    query = urlencode({**request.args.to_dict(), "ticket": services().tokens.write_ticket(g.claims)})
    return Response(status=307, headers={"Location": f"{live.rstrip('/')}{request.path}?{query}"})
