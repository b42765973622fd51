"""The person's calendar, for the calendar program that she uses: its address is the leave."""

from __future__ import annotations

from flask import Response, request
from marshmallow import fields

from schemas.problems import Problem, Refused
from schemas.sync import Message
from service.api.services import services
from service.api.smorest import IDEMPOTENCY_KEY, Blueprint
from service.api.terms import Policy
from service.api.transaction import Work, in_transaction
from service.integrations.calendar import feed, links
from sync.server.actor import Actor

TYPE = "text/calendar; charset=utf-8"
blueprint = Blueprint("calendar", __name__, url_prefix="/v1", description="Come Watch in your own calendar.")


class CalendarLinkSchema(Message):
    """A secret address: who has it reads the calendar. It is told once."""

    url = fields.String(required=True)


@blueprint.route("/calendar-link", methods=("POST",), policy=Policy.SIGNED_IN, secret=True)
@blueprint.hears(IDEMPOTENCY_KEY)
@blueprint.gives(201, CalendarLinkSchema)
@in_transaction
def renew_calendar_link(work: Work) -> dict[str, str]:
    """A new address for your calendar; the one before opens nothing any more."""
    whose = (work.actor.tenant_id, work.actor.person_id)
    token = links.renew(work.connection, *whose, work.services.now())
    return {"url": f"{work.services.settings.public_url.rstrip('/')}/v1/calendar/{token}.ics"}


@blueprint.route("/calendar-link", methods=("DELETE",), policy=Policy.SIGNED_IN)
@blueprint.gives(204)
@in_transaction
def revoke_calendar_link(work: Work) -> None:
    """Let the address of your calendar open nothing any more."""
    links.revoke(work.connection, work.actor.tenant_id, [work.actor.person_id])


@blueprint.route("/calendar/<string(maxlength=128):token>.ics", policy=Policy.PUBLIC, secret=True)
@blueprint.gives(200, {"type": "string"}, content_type="text/calendar")
@blueprint.refuses(Problem.NOT_FOUND)
def calendar(token: str) -> Response:
    """Open doors of yours, seats you took and visits planned, as iCalendar. `POST /v1/calendar-link` gives the address."""
    tenant_id = links.tenant_of(token)
    if tenant_id is None:
        raise Refused(Problem.NOT_FOUND)
    with services().database.begin(tenant_id) as connection:
        person_id = links.person_of(connection, tenant_id, token)
        if person_id is None:
            raise Refused(Problem.NOT_FOUND)
        found = feed.entries(connection, Actor(tenant_id, person_id, "calendar"), services().now())
    response = Response(feed.write(found), content_type=TYPE)
    response.add_etag()
    response.make_conditional(request)
    return response
