"""Our Api and Blueprint: the only file that knows flask-smorest, webargs and apispec."""

from __future__ import annotations

import http
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeVar

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Request
from flask_smorest.utils import prepare_response
from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from schemas.fields import Ids, Moment
from schemas.problems import Problem, Refused
from service.api import errors, hardened, once
from service.api.terms import BODY_LIMIT, Deprecated, Policy, Terms, declare

View = TypeVar("View", bound=Callable[..., Any])
Words = Schema | type[Schema] | dict[str, Any] | None
SECURITY = "bearer"
SCOPES = "x-scopes"
"""In the document: the scopes of which each lets an app in (OpenAPI knows scopes of OAuth's schemes only)."""


class Decorator(Protocol):
    """Returns a view of the same type."""

    def __call__(self, view: View, /) -> View:
        """The view, decorated."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a request that a view listens to."""

    name: str
    meaning: str
    example: str

    def parameter(self) -> dict[str, Any]:
        """The header in OpenAPI's words."""
        schema = {"type": "string", "examples": [self.example]}
        return {
            "in": "header",
            "name": self.name,
            "required": False,
            "description": self.meaning,
            "schema": schema,
        }


IF_MATCH = Header("If-Match", "Only if the record still has this ETag.", '"42"')
IF_NONE_MATCH = Header("If-None-Match", "Only if the record has another ETag by now.", '"42"')
IDEMPOTENCY_KEY = Header(
    once.IDEMPOTENCY_KEY,
    "For a day the same key again is the same request, and gets the same answer; another request is `key-reused`.",
    "4f1c-1",
)
DEVICE_TIME = Header(
    "X-Device-Time", "The device's own clock, to learn how far it is off.", "2026-11-21T09:30:00Z"
)
ETAG = {"ETag": {"description": "The record's number, quoted.", "schema": {"type": "string"}}}
_REFUSE_UNKNOWN: dict[str, str | None] = dict.fromkeys(FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, RAISE)


class Parser(FlaskParser):
    """webargs with our reader of bodies; what it does not know it refuses, in the query too."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = _REFUSE_UNKNOWN

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body; nothing at all counts as an empty object."""
        return hardened.read(req) if req.get_data(cache=True) else missing

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **options: Any) -> NoReturn:
        """Tell every fault at once, each with its place."""
        raise Refused(Problem.INVALID_REQUEST, errors=places(error.messages_dict))


def places(messages: Mapping[str, Any]) -> dict[str, list[str]]:
    """marshmallow's messages by location, flattened: JSON pointers into the body, ?name for the query.

    >>> places({"json": {"fields": {"text": ["Too long."]}}, "query": {"limit": ["Not a number."]}})
    {'/fields/text': ['Too long.'], '?limit': ['Not a number.']}
    """
    found: dict[str, list[str]] = {}
    for location, inside in messages.items():
        if location == "json":
            _flatten(inside, [], found)
        else:
            found |= {f"?{name}": [str(said) for said in _list(told)] for name, told in inside.items()}
    return found


def _flatten(messages: Any, path: list[str | int], found: dict[str, list[str]]) -> None:
    if not isinstance(messages, Mapping):
        found.setdefault(hardened.pointer(path), []).extend(str(said) for said in _list(messages))
        return
    for name, inside in messages.items():
        _flatten(inside, path if name == "_schema" else [*path, name], found)


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


class Converter(OpenAPIConverter):
    """Says of each object whether it takes members that it does not name."""

    def schema2jsonschema(self, schema: Schema) -> dict[str, Any]:
        """The schema as OpenAPI 3.1 has it."""
        words: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec's own
        if schema.unknown != EXCLUDE:
            words["additionalProperties"] = schema.unknown == INCLUDE
        if type(schema).__doc__:
            words.setdefault("description", (type(schema).__doc__ or "").strip().split("\n")[0])
        return words


class Plugin(MarshmallowPlugin):
    """apispec's plugin with our converter."""

    Converter = Converter


def _ours(_: OpenAPIConverter, field: Any, *, ret: Mapping[str, Any], **__: Any) -> dict[str, Any]:
    """What our own fields mean beyond what apispec can see; ECMA's patterns know no end of text but $."""
    words: dict[str, Any] = {"uniqueItems": True} if isinstance(field, Ids) else {}
    if field.metadata.get("server_owned"):
        words["readOnly"] = True
    if "pattern" in ret:
        words["pattern"] = ret["pattern"].replace("\\Z", "$")
    return words


class Api(flask_smorest.Api):  # type: ignore[misc]  # untyped base
    """The API of one app: its problems, its OpenAPI document, its blueprints."""

    ERROR_SCHEMA = errors.ProblemSchema

    def __init__(self, app: Flask, **description: Any) -> None:
        plugin = Plugin(schema_name_resolver=schema_name)
        super().__init__(app, spec_kwargs={"marshmallow_plugin": plugin, **description})
        self.ma_plugin.map_to_openapi_type(Moment, "string", "date-time")
        self.ma_plugin.converter.add_attribute_function(_ours)
        scheme = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token.",
        }
        self.spec.components.security_scheme(SECURITY, scheme)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document: dict[str, Any] = self.spec.to_dict()
        return document

    def _register_error_handlers(self) -> None:
        errors.register(self._app)

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            problem = errors.BY_STATUS.get(status)
            phrase = f"Problem `{problem.slug}`" if problem else status.phrase
            self._describe(status.name, phrase, problem=status >= 400)
        self._describe("DEFAULT_ERROR", "Any other problem", problem=True)

    def _register_pagination_header(self) -> None:
        """Nothing: cursors travel in bodies."""

    def _describe(self, name: str, phrase: str, *, problem: bool) -> None:
        response: dict[str, Any] = {"description": phrase} | (
            {"schema": self.ERROR_SCHEMA} if problem else {}
        )
        prepare_response(response, self.spec, errors.PROBLEM_TYPE)
        self.spec.components.response(name, response, lazy=True)


def schema_name(schema: Any) -> str:
    """The name of a schema in the document: its class without `Schema`."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _hears(view: Callable[..., Any], header: Header) -> bool:
    """Whether the view was said to listen to this header."""
    return header.parameter() in getattr(view, "_apidoc", {}).get("manual_doc", {}).get("parameters", ())


def _asks(view: Callable[..., Any]) -> bool:
    """Whether the view takes parameters of a query."""
    arguments = getattr(view, "_apidoc", {}).get("arguments", {})
    return any(parameter["in"] == "query" for parameter in arguments.get("parameters", ()))


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # untyped base
    """Typed doors to the decorators that we use. Every route says who may call it."""

    ARGUMENTS_PARSER = Parser()

    def route(
        self,
        rule: str,
        *,
        policy: Policy,
        methods: tuple[str, ...] = ("GET",),
        body_limit: int = BODY_LIMIT,
        secret: bool = False,
        sign_in: bool = False,
        name: str | None = None,
        scopes: Collection[str] = (),
        deprecated: Deprecated | None = None,
    ) -> Decorator:
        """Serve the view at `rule`; `name` is its operation id where the function's own name will not do.

        `scopes`: each lets another's app in; without any it is served to people on our own apps alone. `deprecated`
        is said in the document and by every answer.
        """

        def decorate(view: View) -> View:
            operation = name or view.__name__
            signed_in = policy is Policy.SIGNED_IN
            described = self.says(operationId=operation, security=[{SECURITY: []}] if signed_in else [])(view)
            if scopes:
                described = self.says(**{SCOPES: sorted(scopes)})(described)
            if deprecated:
                described = self.says(deprecated=True)(described)
            if signed_in:
                described = self.refuses(Problem.SIGN_IN_REQUIRED, Problem.SESSION_ENDED)(described)
            if _hears(described, IDEMPOTENCY_KEY):
                described = once.once(described)
            asks = _asks(described)
            terms = Terms(policy, body_limit, secret, asks, sign_in, frozenset(scopes), deprecated)
            declare(described, terms)
            self.add_url_rule(rule, operation, described, methods=list(methods))
            return view

        return decorate

    def takes(self, words: Schema | type[Schema], *, location: str = "json", **options: Any) -> Decorator:
        """Parse a body (or the query) by a schema and hand it over as the next positional argument."""
        instance = words if isinstance(words, Schema) else words()  # else webargs makes one for each request
        decorate: Decorator = self.arguments(instance, location=location, **options)
        return decorate

    def reads(self, words: Schema | type[Schema]) -> Decorator:
        """Document a body that the view reads by itself."""
        return self.says(requestBody={"required": True, "content": {"application/json": {"schema": words}}})

    def hears(self, *headers: Header) -> Decorator:
        """Document headers that the view listens to."""
        return self.says(parameters=[header.parameter() for header in headers])

    def says(self, **words: Any) -> Decorator:
        """Document anything else, in OpenAPI's own words."""
        decorate: Decorator = self.doc(**words)
        return decorate

    def gives(self, status: int, words: Words = None, *, etag: bool = False, **options: Any) -> Decorator:
        """Answer with this status, the result dumped by the schema; `etag` says that the answer carries one."""
        decorate: Decorator = self.response(status, words, headers=ETAG if etag else None, **options)
        return decorate

    def may_give(self, status: int, words: Words, description: str) -> Decorator:
        """Document another good answer."""
        options = {"schema": words, "description": description, "success": True}
        decorate: Decorator = self.alt_response(status, **options)
        return decorate

    def refuses(self, *problems: Problem) -> Decorator:
        """Document the problems that a view answers, with their slugs."""

        def decorate(view: View) -> View:
            for status in sorted({problem.status for problem in problems}):
                view = self._refuses(status, [problem for problem in problems if problem.status == status])(
                    view
                )
            return view

        return decorate

    def _refuses(self, status: int, problems: list[Problem]) -> Decorator:
        described = "Problem " + ", ".join(f"`{problem.slug}`" for problem in problems)
        options = {
            "schema": errors.ProblemSchema,
            "content_type": errors.PROBLEM_TYPE,
            "description": described,
        }
        decorate: Decorator = self.alt_response(status, **options)
        return decorate
