"""The terms on which an endpoint is served. An endpoint without terms is not served at all."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from enum import Enum
from typing import Any

from flask import current_app, request

from schemas.problems import Problem, Refused

BODY_LIMIT = 2**20
"""Bytes of a request body, where an endpoint does not say otherwise."""


class Policy(Enum):
    """Who may call an endpoint; what she may see and change there is asked of the engine."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"


NOTICE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Deprecated:
    """An endpoint that will go: since when that is said, when it goes, and the address of what takes its place."""

    since: date
    sunset: date
    instead: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"what will go says so {NOTICE.days} days before: {self.since} to {self.sunset}")

    def headers(self) -> list[tuple[str, str]]:
        """What each of its answers says: RFC 9745, RFC 8594, RFC 5829."""
        since, sunset = (datetime.combine(day, time(), UTC) for day in (self.since, self.sunset))
        return [
            ("Deprecation", f"@{int(since.timestamp())}"),
            ("Sunset", format_datetime(sunset, usegmt=True)),
            ("Link", f'<{self.instead}>; rel="successor-version"'),
        ]


@dataclass(frozen=True, slots=True)
class Terms:
    """`secret` answers hold tokens: they are neither compressed nor stored by anybody. `query`: it may have one.

    At a door of `sign_in` people say who they are: there an address may try less often.
    `scopes`: each of them lets another's app in; without any, none comes in. `deprecated`: it will go.
    """

    policy: Policy
    body_limit: int = BODY_LIMIT
    secret: bool = False
    query: bool = True
    sign_in: bool = False
    scopes: frozenset[str] = frozenset()
    deprecated: Deprecated | None = None


def declare(view: Callable[..., Any], terms: Terms) -> None:
    """Fix the terms of a view."""
    vars(view)["terms"] = terms


def terms_of(view: Callable[..., Any] | None) -> Terms | None:
    """The terms that a view declared, or None."""
    terms = getattr(view, "terms", None)
    return terms if isinstance(terms, Terms) else None


def endpoint_terms() -> Terms | None:
    """The terms of the endpoint that was asked for."""
    return terms_of(current_app.view_functions.get(request.endpoint or ""))


def demand_scope(needed: Collection[str], token_scopes: frozenset[str] | None) -> None:
    """Refused(SCOPE_REQUIRED) unless the token is one of our own apps, or has one of the scopes."""
    if token_scopes is not None and token_scopes.isdisjoint(needed):
        raise Refused(Problem.SCOPE_REQUIRED, extra={"scopes": sorted(needed)})
