"""What providers say of themselves: their endpoints and their keys, each kept for an hour.

A provider's address is set by a tenant's administrator, so all of it is asked through `service.outbound`, and it names
whom the answers come from: an answer in another issuer's name is none.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from schemas.problems import Problem, Refused
from service.logs import logger
from service.outbound import Outbound, OutboundError
from sync.clock import Now

KEPT = timedelta(hours=1)
KEYS_ASKED_AGAIN = timedelta(minutes=1)
MOST_KEPT = 256
_JSON = {"Accept": "application/json"}
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a provider says of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization: str
    token: str
    keys: str
    says_iss: bool  # each of its answers names it (RFC 9207)
    takes_basic: bool


class Discovery:
    """Asks providers, and remembers what they said."""

    def __init__(self, outbound: Outbound, now: Now) -> None:
        self._outbound, self._now = outbound, now
        self._endpoints: dict[str, tuple[datetime, Endpoints]] = {}
        self._keys: dict[str, tuple[datetime, KeySet]] = {}

    def check(self, issuer: str) -> None:
        """OutboundError where such an address could never be called; nothing is called yet."""
        self._outbound.check(issuer)

    def endpoints(self, issuer: str) -> Endpoints:
        """The provider's endpoints; Refused(PROVIDER_AWAY) where it does not say them as it should."""
        asked_at, found = self._endpoints.get(issuer, (None, None))
        if asked_at and found and self._now() - asked_at < KEPT:
            return found
        said = self._object("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        found = self._read(issuer, said)
        _keep(self._endpoints, issuer, (self._now(), found))
        return found

    def keys(self, issuer: str, *, newer: bool = False) -> KeySet:
        """The provider's keys. `newer`: one was named that is not among them, so they are asked for anew."""
        asked_at, found = self._keys.get(issuer, (None, None))
        lasts = KEYS_ASKED_AGAIN if newer else KEPT
        if asked_at and found and self._now() - asked_at < lasts:
            return found
        said = self._object("GET", self.endpoints(issuer).keys)
        try:
            found = KeySet.import_key_set({"keys": [key for key in said["keys"] if key.get("kty") != "oct"]})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise _away(issuer, "its keys cannot be read") from None
        _keep(self._keys, issuer, (self._now(), found))
        return found

    def exchange(
        self, endpoints: Endpoints, client_id: str, secret: str | None, said: Mapping[str, str]
    ) -> str:
        """The ID token for a code; Refused(SIGN_IN_FAILED) where the provider does not take it."""
        headers, form = dict(_JSON), {"grant_type": "authorization_code", **said}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        if secret and endpoints.takes_basic:
            headers["Authorization"] = _basic(client_id, secret)
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        answer = self._object(
            "POST", endpoints.token, headers, urlencode(form).encode(), refused_by_code=True
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _away(endpoints.issuer, "it gave no ID token")
        return token

    def _object(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] = _JSON,
        content: bytes = b"",
        *,
        refused_by_code: bool = False,
    ) -> dict[str, Any]:
        try:
            answer = self._outbound.call(method, url, headers=headers, content=content)
            said = orjson.loads(answer.body)
        except (OutboundError, orjson.JSONDecodeError) as fault:
            raise _away(url, str(fault)) from None
        if refused_by_code and answer.status == 400:
            raise Refused(Problem.SIGN_IN_FAILED, "The school's sign-in did not take back its own code.")
        if answer.status != 200 or not isinstance(said, dict):
            raise _away(url, f"it answered {answer.status}")
        return said

    def _read(self, issuer: str, said: Mapping[str, Any]) -> Endpoints:
        if said.get("issuer") != issuer:
            raise _away(issuer, "it calls itself another issuer")
        try:
            places = [said[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            for place in places:
                self._outbound.check(place)
        except (OutboundError, KeyError, TypeError) as fault:
            raise _away(issuer, f"an endpoint of its own is missing or cannot be called: {fault}") from None
        says_iss = said.get("authorization_response_iss_parameter_supported") is True
        ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        authorization, token, keys = places
        return Endpoints(issuer, authorization, token, keys, says_iss, "client_secret_basic" in ways)


def _basic(client_id: str, secret: str) -> str:
    both = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(both.encode()).decode()


def _keep(kept: dict[str, Any], issuer: str, found: Any) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[issuer] = found


def _away(place: str, why: str) -> Refused:
    _log.warning("a provider of sign-in did not answer as it should", problem=Problem.PROVIDER_AWAY.slug)
    return Refused(Problem.PROVIDER_AWAY, f"{place}: {why}")
