"""Every refusal and every fault becomes one document: RFC 9457, from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from flask import Flask, Response
from marshmallow import INCLUDE, Schema, fields
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from schemas.problems import Problem, Refused
from service.api.services import services
from service.logs import logger

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
BY_STATUS = {
    401: Problem.SIGN_IN_REQUIRED,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD_NOT_ALLOWED,
    406: Problem.NOT_ACCEPTABLE,
    412: Problem.PRECONDITION_FAILED,
    413: Problem.TOO_LARGE,
    415: Problem.UNSUPPORTED_MEDIA_TYPE,
    422: Problem.INVALID_REQUEST,
    428: Problem.PRECONDITION_REQUIRED,
    429: Problem.RATE_LIMITED,
    503: Problem.UNAVAILABLE,
}
"""What a status means where no other problem is told."""
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
_OWN_HEADERS = {"content-type", "content-length"}
_log = logger(__name__)


class ProblemSchema(Schema):
    """A problem (RFC 9457). Switch on the last part of `type`, which never changes."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(
        required=True, metadata={"description": "/problems/{slug}; open it for an explanation."}
    )
    title = fields.String(
        required=True, metadata={"description": "The same words for every problem of a type."}
    )
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(metadata={"description": "What went wrong this time."})
    instance = fields.String(metadata={"description": "Names a fault of ours in our logs."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={
            "description": "Messages by place: a JSON pointer into the body (in a text its line, such as `line 3, column 1`), "
            "or ?name of a query parameter."
        },
    )


def register(app: Flask) -> None:
    """Answer everything that goes wrong in this app."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_exception)
    app.register_error_handler(NoConnectionError, away)
    app.register_error_handler(DBAPIError, database_fault)
    app.register_error_handler(Exception, internal)


def refused(error: Refused) -> Response:
    """The answer to something that we refused ourselves."""
    return problem_response(error.document(), _headers(error.problem, error.extra))


def http_exception(error: HTTPException) -> AnyResponse:
    """Werkzeug's refusals in our words, with the headers it gave them (Allow, Retry-After)."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    problem = BY_STATUS.get(error.code, Problem.MALFORMED_REQUEST if error.code < 500 else Problem.INTERNAL)
    kept = ((name, value) for name, value in error.get_headers() if name.lower() not in _OWN_HEADERS)
    return problem_response(problem.document(), [*_headers(problem, {}), *kept])


def database_fault(error: DBAPIError) -> Response:
    """PostgreSQL away, overloaded or interrupted is no fault of the request."""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return away(error)
    return internal(error)


def away(error: Exception) -> Response:
    """A part of the service does not answer: come again."""
    _log.warning("a part of the service is away", exc_info=error)
    return refused(Refused(Problem.UNAVAILABLE))


def internal(error: Exception) -> Response:
    """A fault of ours: the asker gets a number, the log gets the story."""
    instance = f"urn:uuid:{uuid4()}"
    _log.error("a fault of ours", request_id=instance, exc_info=error)
    return problem_response(Problem.INTERNAL.document(instance=instance))


def problem_response(document: Mapping[str, Any], headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A problem document as an answer. ASCII only: it may quote text that no other encoder would take."""
    response = Response(json.dumps(document), int(document["status"]), content_type=PROBLEM_TYPE)
    response.headers.extend(list(headers))
    return response


def _headers(problem: Problem, extra: Mapping[str, Any]) -> list[tuple[str, str]]:
    if problem.status == 401:
        return [("WWW-Authenticate", _challenge())]
    if problem is Problem.SCOPE_REQUIRED:
        needed = f'error="insufficient_scope", scope="{" ".join(extra.get("scopes", ()))}"'
        return [("WWW-Authenticate", f"{_challenge()}, {needed}")]
    if problem.status in {429, 503} or "retry_after" in extra:
        return [("Retry-After", str(extra.get("retry_after", RETRY_AFTER_S)))]
    return []


def _challenge() -> str:
    """How one gets in, as RFC 9728 tells it."""
    where = f"{services().settings.public_url.rstrip('/')}{RESOURCE_METADATA}"
    return f'Bearer realm="comewatch", resource_metadata="{where}"'
