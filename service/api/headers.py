"""What every answer of the app carries, and how it is made smaller."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, Response, g, request
from flask_compress import Compress

from service.api.limits import COUNTED, Allowance
from service.api.services import services
from service.api.terms import endpoint_terms
from sync.clock import stamp

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content security policy of answers that are no pages."""

_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": NOTHING,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SHARED = ("/v1/u/", "/v1/play/")
_COMPRESSION = {
    "COMPRESS_REGISTER": False,
    "COMPRESS_ALGORITHM": ["zstd", "br", "gzip"],
    "COMPRESS_STREAMS": False,
    "COMPRESS_LEVEL": 1,
    "COMPRESS_BR_LEVEL": 1,
    "COMPRESS_ZSTD_LEVEL": 1,
    "COMPRESS_MIN_SIZE": 500,
}


TIME = "Comewatch-Time"
"""The server's time to the millisecond: phones learn from it what their clocks are off by (docs/sync-protocol.md)."""


def register(app: Flask) -> None:
    """Put the headers on every answer of the app, and compress what may be."""
    app.config.update(_COMPRESSION)
    compress = Compress()
    compress.init_app(app)

    def finish(response: Response) -> Response:
        secure(response)
        return compress.after_request(response) if _may_compress(response) else response

    app.after_request(finish)


def secure(response: Response) -> None:
    """The security headers; a page that needs more has said so itself."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    _share(response)
    response.headers.extend(_left())
    response.headers[TIME] = stamp(services().now())
    terms = endpoint_terms()
    if terms and terms.deprecated:
        response.headers.extend(terms.deprecated.headers())
    if "claims" in g or (terms and terms.secret):
        response.headers["Cache-Control"] = "no-store"


def _left() -> list[tuple[str, str]]:
    """What is left to the asker of her requests; nothing where they were not counted."""
    allowance: Allowance | None = request.environ.get(COUNTED)
    return allowance.headers() if allowance else []


def _share(response: Response) -> None:
    """Under a capability pages of the origins that are set may ask: the address is the leave, and no cookie counts."""
    origin = request.headers.get("Origin", "")
    if not request.path.startswith(_SHARED):
        return
    response.headers.add("Vary", "Origin")
    if origin not in services().settings.pages:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET")
        response.headers["Access-Control-Allow-Headers"] = "Content-Type, Range"
        response.headers["Access-Control-Max-Age"] = "3600"


def of_json(length: int, now: datetime, allowance: Allowance | None) -> list[tuple[str, str]]:
    """The headers of a short JSON answer to who is signed in, as the app writes them."""
    about = [("Content-Type", "application/json"), ("Content-Length", str(length))]
    return [
        *about,
        *_HEADERS.items(),
        (TIME, stamp(now)),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept-Encoding"),
        *(allowance.headers() if allowance else ()),
    ]


def _may_compress(response: Response) -> bool:
    # A length that depends on a secret beside the asker's own words tells the secret; an ETag names these very bytes.
    terms = endpoint_terms()
    return not (terms and terms.secret) and "ETag" not in response.headers
