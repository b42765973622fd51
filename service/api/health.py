"""Whether this process can do its work: asked by load balancers, told to anybody."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.problems import Problem
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy

blueprint = Blueprint("health", __name__, description="Whether the service works.")


class HealthSchema(Schema):
    """The service works."""

    status = fields.Constant("ok", required=True)


@blueprint.route("/health", policy=Policy.PUBLIC)
@blueprint.gives(200, HealthSchema)
@blueprint.refuses(Problem.UNAVAILABLE)
def health() -> dict[str, str]:
    """Ask PostgreSQL something; 503 with Retry-After when it does not answer within a second."""
    with services().database.begin_reference() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '1s'; SELECT 1")
    return {"status": "ok"}
