"""How much each may ask for: a number of requests a minute per person, app, tenant and address.

Fixed windows, of which each has its own beginning: one number to count, in one round trip to a shared store, and nobody's
minute ends when everybody's does. A refused push is not lost: it stays in its outbox and comes again (docs/limits.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.problems import Problem, Refused
from service.accounts.tokens import Claims
from service.api.address import of_request
from service.api.counters import counter_at
from service.settings import Settings
from sync.clock import Now

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Limit = tuple[str, str, int]
"""Its name, whose it is, and how many requests a window has."""

WINDOW_S = 60
COUNTED = "comewatch.allowance"
"""Where a request keeps what it was counted as."""
POLICY, REMAINING = "RateLimit-Policy", "RateLimit"
"""Fields of draft-ietf-httpapi-ratelimit-headers."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to somebody of a limit."""

    limit: str
    quota: int
    used: int
    reset_s: int

    def headers(self) -> list[tuple[str, str]]:
        """The limit, and what is left of it, as an answer says them."""
        left = max(0, self.quota - self.used)
        return [
            (POLICY, f'"{self.limit}";q={self.quota};w={WINDOW_S}'),
            (REMAINING, f'"{self.limit}";r={left};t={self.reset_s}'),
        ]

    @property
    def is_used_up(self) -> bool:
        """Whether this request was one too many."""
        return self.used > self.quota

    def demand(self) -> None:
        """Raise Refused(RATE_LIMITED) when it is used up."""
        if self.is_used_up:
            said = f"More than {self.quota} requests in {WINDOW_S} s, counted by {self.limit}."
            raise Refused(Problem.RATE_LIMITED, said, extra={"retry_after": self.reset_s})


class Limits:
    """Counts every request once. A limit of 0 is none."""

    def __init__(self, settings: Settings, now: Now) -> None:
        self._settings, self._now = settings, now
        self._counter = counter_at(settings.rate_limit_store)

    def of(
        self, environ: WSGIEnvironment, claims: Claims | None, *, sign_in: bool = False
    ) -> Allowance | None:
        """Count a request, once however often it is asked: the asker's own allowance, or whichever is used up."""
        if COUNTED not in environ:
            limits = self._of_person(claims) if claims else self._of_address(environ, sign_in=sign_in)
            environ[COUNTED] = _nearest(self._count(limits))
        allowance: Allowance | None = environ[COUNTED]
        return allowance

    def _of_person(self, claims: Claims) -> list[Limit]:
        tenant_id, most = claims.tenant_id, self._settings
        apps = [("app", f"{tenant_id} {claims.client_id}", most.rate_limit_app)] if claims.client_id else []
        person = ("person", f"{tenant_id} {claims.person_id}", most.rate_limit_person)
        return [person, *apps, ("tenant", str(tenant_id), most.rate_limit_tenant)]

    def _of_address(self, environ: WSGIEnvironment, *, sign_in: bool) -> list[Limit]:
        address = of_request(environ, self._settings.trusted_proxies)
        tight = [("sign-in", address, self._settings.rate_limit_sign_in)] if sign_in else []
        return [*tight, ("address", address, self._settings.rate_limit_address)]

    def demand_attempt(self, account: str) -> None:
        """Count an attempt to sign in to one account, from wherever it comes; Refused(RATE_LIMITED) after too many.

        `account` is whatever names it (an address, a code); only its digest is kept.
        """
        digest = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()
        for found in self._count([("account", digest, self._settings.rate_limit_account)]):
            found.demand()

    def _count(self, limits: Sequence[Limit]) -> list[Allowance]:
        """Count a request in all of these at once."""
        now = int(self._now().timestamp())
        counted = [limit for limit in limits if limit[2]]
        windows = [_window(limit, now) for limit in counted]
        counts = self._counter.count([key for key, _ in windows], WINDOW_S) if windows else []
        found = zip(counted, counts, windows, strict=True)
        return [Allowance(name, quota, used, left) for (name, _, quota), used, (_, left) in found]


def _window(limit: Limit, now: int) -> tuple[str, int]:
    """The name of the window that is now, and how many seconds are left of it."""
    key = f"{limit[0]} {limit[1]}"
    moment = now + crc32(key.encode("utf-8", "replace")) % WINDOW_S
    return f"{key} {moment // WINDOW_S}", WINDOW_S - moment % WINDOW_S


def _nearest(allowances: Sequence[Allowance]) -> Allowance | None:
    """The one that is used up; else the first, which is the asker's own."""
    return next((one for one in allowances if one.is_used_up), allowances[0] if allowances else None)
