"""The catalogue of problems for people, each at its own type URI."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template_string, request
from marshmallow import Schema, fields
from werkzeug.exceptions import NotFound

from schemas.problems import Problem
from service.api.smorest import Blueprint
from service.api.terms import Policy

blueprint = Blueprint("problems", __name__, description="What can be refused, and what to do about it.")
_BY_SLUG = {problem.slug: problem for problem in Problem}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><h1>{{ title }}</h1>
{% for it in problems %}<h2><a href="{{ it.type }}">{{ it.title }}</a></h2>
<p><code>{{ it.slug }}</code>, HTTP {{ it.status }}</p>
<p>{{ it.what_to_do }}</p>
{% endfor %}</body></html>
"""
_MARKDOWN = """# Problems

Whatever the service refuses it refuses with a problem (RFC 9457, `application/problem+json`); in the sync doors it is the
`problem` of one change's outcome. Switch on the slug, the last part of `type`: it never changes once published. Each is
explained at its own address, `/problems/{slug}`. `errors`, where it is there, holds messages by place: a JSON pointer into
the body, or `?name` of a query parameter. This file is written by `python -m service.app`.
"""


class ProblemTypeSchema(Schema):
    """One type of problem."""

    type = fields.String(required=True, metadata={"description": "Its URI, as in the `type` of a problem."})
    slug = fields.String(required=True, metadata={"description": "What clients switch on; never changes."})
    status = fields.Integer(required=True)
    title = fields.String(required=True)
    what_to_do = fields.String(required=True)


class ProblemTypesSchema(Schema):
    """The catalogue."""

    items = fields.List(fields.Nested(ProblemTypeSchema), required=True)


@blueprint.route("/problems", policy=Policy.PUBLIC)
@blueprint.gives(200, ProblemTypesSchema)
def list_problems() -> Response:
    """Every problem that this service can answer, as JSON or as a page."""
    listed = [explain(problem) for problem in Problem]
    return _page("Problems", listed) if _wants_page() else jsonify(items=listed)


@blueprint.route("/problems/<slug>", policy=Policy.PUBLIC)
@blueprint.gives(200, ProblemTypeSchema)
@blueprint.refuses(Problem.NOT_FOUND)
def explain_problem(slug: str) -> Response:
    """What a problem means and what to do about it, as JSON or as a page."""
    if slug not in _BY_SLUG:
        raise NotFound
    explained = explain(_BY_SLUG[slug])
    return _page(explained["title"], [explained]) if _wants_page() else jsonify(explained)


def explain(problem: Problem) -> dict[str, Any]:
    """A row of the catalogue as JSON values."""
    told = {"title": problem.value.title, "what_to_do": problem.value.what_to_do, "status": problem.status}
    return {"type": f"/problems/{problem.slug}", "slug": problem.slug, **told}


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _page(title: str, problems: list[dict[str, Any]]) -> Response:
    return Response(render_template_string(_PAGE, title=title, problems=problems), mimetype="text/html")


def markdown() -> str:
    """The catalogue as docs/problems.md."""
    rows = [f"| `{it.slug}` | {it.status} | {it.value.title} | {it.value.what_to_do} |" for it in Problem]
    head = "| slug | HTTP | what it is | what to do |\n|---|---|---|---|"
    return f"{_MARKDOWN}\n{head}\n" + "\n".join(rows) + "\n"
