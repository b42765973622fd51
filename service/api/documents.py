"""The API described: OpenAPI 3.1 for machines, and a page to browse it, with nothing from another origin."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, send_from_directory
from werkzeug.exceptions import NotFound

from service.api.guard import open_to_all
from service.api.smorest import Api

ADDRESS = "/v1/openapi.json"
INFO = {
    "description": (
        "Teachers open their doors to colleagues, visit each other, note what they see, talk, and try again. "
        "Every refusal is a problem (RFC 9457): switch on the last part of its `type`, which /problems explains. "
        "Offline clients use the sync doors; all others read and write the same records under their own addresses."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Come Watch API</title>
<link rel="icon" href="favicon-32x32.png"><link rel="stylesheet" href="swagger-ui.css"></head>
<body><div id="api"></div><script src="swagger-ui-bundle.js"></script><script src="start.js"></script></body></html>
"""
_START = f'SwaggerUIBundle({{url: "{ADDRESS}", dom_id: "#api", deepLinking: true, validatorUrl: null}});\n'
_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
# Swagger UI sets styles on elements; scripts come from this origin only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def register(app: Flask, api: Api) -> None:
    """Serve the document and the page."""
    text = write(api.document())
    pages = Blueprint("documents", __name__, url_prefix="/v1")

    def openapi() -> Response:
        return Response(text, mimetype="application/json")

    views: dict[str, Callable[..., Response]] = {
        "/openapi.json": openapi,
        "/docs/": page,
        "/docs/start.js": start,
        "/docs/<name>": asset,
    }
    for rule, view in views.items():
        pages.add_url_rule(rule, view_func=view)
    open_to_all(app, pages)


def write(document: dict[str, Any]) -> bytes:
    """The document as it is served and committed."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def page() -> Response:
    """The page, which may run scripts of this origin."""
    response = Response(_PAGE, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def start() -> Response:
    """What starts the page: a file of its own, as no script stands inside the page."""
    return Response(_START, mimetype="text/javascript")


def asset(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in _ASSETS:
        raise NotFound
    return send_from_directory(_dist(), name)


def _dist() -> Path:
    spec = find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:
        raise NotFound
    return Path(spec.origin).parent / "dist"
