"""One sign-in at a school: from the app into the browser, to the provider, back, and by a one-time code to the app.

The app's proof (PKCE) never passes the browser, and tokens never stand in an address: who sees the one-time code, in a
log or over a shoulder, cannot use it. What the provider must echo is made from the state, so nothing of it is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Row

from schemas.problems import Problem, Refused
from service.accounts import one_time, sessions
from service.accounts.oidc import id_token, identities, providers
from service.accounts.oidc.discovery import Discovery, Endpoints
from service.accounts.oidc.id_token import Vouched, failed
from service.accounts.one_time import Purpose
from service.accounts.seal import Seal, SealError
from service.accounts.sessions import Count, Pair
from service.accounts.tokens import Tokens
from service.database import Database
from service.settings import Settings
from sync.clock import Now

SCOPE = "openid email"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the app says when it opens the browser. `linking`: who is signed in there adds a way in."""

    device_id: str
    device_name: str
    code_challenge: str
    return_to: str | None = None
    linking: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser ends: at the app's address, or at a page of ours; with a code, or with what went wrong."""

    return_to: str | None
    code: str | None = None
    refusal: Refused | None = None

    @property
    def address(self) -> str | None:
        """The app's address with the code or the problem's slug."""
        if self.return_to is None:
            return None
        said = {"error": self.refusal.problem.slug} if self.refusal else {"code": self.code or ""}
        return f"{self.return_to}{'&' if '?' in self.return_to else '?'}{urlencode(said)}"


class Attempts:
    """Sign-ins at schools."""

    def __init__(self, settings: Settings, database: Database, discovery: Discovery, now: Now) -> None:
        self._settings, self._database, self._discovery, self._now = settings, database, discovery, now
        self._key = hmac.digest(settings.secret_key, b"comewatch sign-in at a school", hashlib.sha256)
        self._seal = Seal(settings.secret_key)

    def begin(self, provider_id: UUID, asked: Asked, browser: str) -> str:
        """Where to send the browser, which carries `browser` in a cookie; Refused(NOT_FOUND) for no provider of ours."""
        if asked.return_to is not None and asked.return_to not in self._settings.app_addresses:
            told = {"?return_to": ["This is none of the addresses in APP_ADDRESSES."]}
            raise Refused(Problem.INVALID_REQUEST, errors=told)
        provider = self._provider(provider_id)
        endpoints = self._discovery.endpoints(provider.issuer)
        about = {
            "provider": str(provider_id),
            "browser": one_time.sha256(browser),
            "device": [asked.device_id, asked.device_name],
            "challenge": asked.code_challenge,
            "return_to": asked.return_to,
            "linking": asked.linking,
        }
        with self._database.begin_reference() as connection:
            state = one_time.give(connection, Purpose.AT_THE_SCHOOL, about, self._now())
        said = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self.redirect_uri(provider_id),
            "scope": SCOPE,
            "state": state,
            "nonce": self._made("nonce", state),
            "code_challenge": one_time.challenge(self._made("verifier", state)),
            "code_challenge_method": "S256",
        }
        return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(said)}"

    def finish(self, provider_id: UUID, said: dict[str, str], browser: str, count: Count) -> Landing:
        """The browser is back. Refused(SIGN_IN_FAILED) unless this very browser was sent to this very provider."""
        about = one_time.take(self._database, Purpose.AT_THE_SCHOOL, said.get("state", ""), self._now)
        if about is None:
            raise failed("This sign-in is over already, or took longer than ten minutes.")
        if not hmac.compare_digest(about["browser"], one_time.sha256(browser)):
            raise failed("This sign-in was begun in another browser.")
        if about["provider"] != str(provider_id):
            raise failed("The answer came from another provider than was asked.")
        try:
            return Landing(about["return_to"], self._code(self._provider(provider_id), about, said, count))
        except Refused as refusal:
            return Landing(about["return_to"], refusal=refusal)

    def open(self, tokens: Tokens, code: str, verifier: str, device_id: str) -> Pair:
        """A session on the device that began; Refused(CODE_NOT_VALID) for any other."""
        about = self._shown(code, verifier, device_id, linking=False)
        device, tenant_id = tuple(about["device"]), UUID(about["tenant"])
        with self._database.begin(tenant_id) as connection:
            return sessions.open_on(connection, tokens, tenant_id, about["person"], device, self._now())

    def vouched(self, tenant_id: UUID, code: str, verifier: str, device_id: str) -> Vouched:
        """Whom a provider of this tenant vouches for, to be linked; Refused(CODE_NOT_VALID) as `open`."""
        about = self._shown(code, verifier, device_id, linking=True)
        if about["tenant"] != str(tenant_id):
            raise Refused(Problem.CODE_NOT_VALID)
        return Vouched(*about["vouched"])

    def check_issuer(self, issuer: str) -> None:
        """OutboundError where a provider at this address could never be asked."""
        self._discovery.check(issuer)

    def redirect_uri(self, provider_id: UUID) -> str:
        """Where this provider, and no other, sends people back to."""
        return redirect_uri(self._settings.public_url, provider_id)

    def _provider(self, provider_id: UUID) -> Row[Any]:
        with self._database.begin_reference() as connection:
            found = providers.find(connection, provider_id)
        if found is None:
            raise Refused(Problem.NOT_FOUND)
        return found

    def _code(self, provider: Row[Any], about: dict[str, Any], said: dict[str, str], count: Count) -> str:
        """The one-time code for the app, once the provider's answer and its ID token hold."""
        endpoints = self._discovery.endpoints(provider.issuer)
        _demand_answer(endpoints, said)
        vouched = self._vouched(provider, endpoints, said)
        count(f"{vouched.issuer} {vouched.subject}")
        kept = {name: about[name] for name in ("device", "challenge", "linking")}
        kept |= {"tenant": str(provider.tenant_id), "vouched": [vouched.issuer, vouched.subject]}
        with self._database.begin(provider.tenant_id) as connection:
            if not about["linking"]:
                kept["person"] = identities.person_of(connection, provider, vouched, self._now())
            whose = kept.get("person")
            return one_time.give(connection, Purpose.FROM_THE_SCHOOL, kept, self._now(), whose=whose)

    def _vouched(self, provider: Row[Any], endpoints: Endpoints, said: dict[str, str]) -> Vouched:
        state = said["state"]
        form = {
            "code": said["code"],
            "redirect_uri": self.redirect_uri(provider.id),
            "code_verifier": self._made("verifier", state),
        }
        token = self._discovery.exchange(endpoints, provider.client_id, self._secret(provider), form)
        client, nonce = provider.client_id, self._made("nonce", state)
        return id_token.read(token, self._discovery, provider.issuer, client, nonce, self._now())

    def _secret(self, provider: Row[Any]) -> str | None:
        try:
            return (
                self._seal.open(provider.sealed_secret, provider.id.bytes) if provider.sealed_secret else None
            )
        except SealError:
            told = "Its client secret was kept under another SECRET_KEY: the provider must be added anew."
            raise Refused(Problem.PROVIDER_AWAY, told) from None

    def _shown(self, code: str, verifier: str, device_id: str, *, linking: bool) -> dict[str, Any]:
        about = one_time.take(self._database, Purpose.FROM_THE_SCHOOL, code, self._now)
        if (
            about is None
            or not one_time.proves(verifier, about["challenge"])
            or about["device"][0] != device_id
            or about["linking"] is not linking
        ):
            raise Refused(Problem.CODE_NOT_VALID)
        return about

    def _made(self, what: str, state: str) -> str:
        mac = hmac.digest(self._key, f"{what} {state}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def redirect_uri(public_url: str, provider_id: UUID) -> str:
    """Where this provider, and no other, sends people back to: to be registered with it."""
    return f"{public_url.rstrip('/')}/v1/sign-in/oidc/{provider_id}/callback"


def _demand_answer(endpoints: Endpoints, said: dict[str, str]) -> None:
    """The answer names the provider that was asked (RFC 9207), and brings a code."""
    if said.get("iss", endpoints.issuer) != endpoints.issuer or (endpoints.says_iss and "iss" not in said):
        raise failed("The answer does not name the provider that was asked.")
    if "error" in said:
        raise failed("The school's sign-in was not completed there.")
    if not said.get("code"):
        raise failed("The answer of the school's sign-in brought no code.")
