"""Authlib's authorization server over our sessions: one for each request, in one transaction.

What Authlib would do by itself and we do not: tokens of ten days, stored in clear text, signed with RS256; PKCE as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer, OAuth2Error
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE
from sqlalchemy import Connection

from service.accounts.apps import code, devices, itself, proving, registry
from service.accounts.apps.clients import Client
from service.accounts.apps.code import ByCode, OnlyS256, Person
from service.accounts.apps.devices import ByDeviceCode, Devices
from service.accounts.apps.granting import Desk
from service.accounts.apps.itself import ByItself
from service.accounts.apps.proving import GivingBack, Introspecting
from service.accounts.apps.renewal import ByRefreshToken
from service.accounts.apps.requests import Answer, Asked
from service.accounts.tokens import Tokens
from service.database import Database
from sync.clock import Now


class Server(AuthorizationServer):  # type: ignore[misc]  # untyped base
    """Answers one request."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.register_grant(ByCode, [OnlyS256()])
        for grant in (ByRefreshToken, ByItself, ByDeviceCode):
            self.register_grant(grant)
        for endpoint in (GivingBack, Introspecting, Devices):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> Client | None:
        """The app of this id."""
        row = registry.find(self.desk.connection, client_id)
        return row and Client(row)

    def create_oauth2_request(self, request: Asked) -> Asked:
        """The request as it is."""
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Answer:
        """The answer; one that sends the browser back says who sends it (RFC 9207)."""
        told = [(name, self._signed(value) if name == "Location" else value) for name, value in headers]
        return Answer(status, body, told)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def consent(self, request: Asked) -> ByCode | Answer:
        """What the person is to be asked; an answer where the request has faults."""
        try:
            grant: ByCode = self.get_consent_grant(request)
        except OAuth2Error as error:
            answer: Answer = self.handle_error_response(request, error)
            return answer
        return grant

    def settle(self, grant: ByCode, person: Person | None) -> Answer:
        """Send the browser back with a code; or, where nobody agreed, with a refusal."""
        answer: Answer = self.create_authorization_response(grant.request, person, grant)
        return answer

    def _signed(self, location: str) -> str:
        signed: str = add_params_to_uri(location, [("iss", self.desk.issuer)])
        return signed


class Servers:
    """Opens a transaction of the right tenant for each request of an app, and a server in it."""

    def __init__(self, database: Database, tokens: Tokens, issuer: str, now: Now) -> None:
        self._database, self._tokens, self._issuer, self._now = database, tokens, issuer, now

    def token(self, request: Asked) -> Answer:
        """Tokens, by whatever way the request takes."""
        return self._within(request, lambda server: server.create_token_response(request))

    def endpoint(self, name: str, request: Asked) -> Answer:
        """One of the others: revocation, introspection, device_authorization."""
        return self._within(request, lambda server: server.create_endpoint_response(name, request))

    def desk(self, connection: Connection, tenant_id: UUID | None) -> Desk:
        """What a request is worked on with, in this transaction."""
        return Desk(connection, self._tokens, self._now(), self._issuer, tenant_id)

    def _within(self, request: Asked, work: Callable[[Server], Answer]) -> Answer:
        """Do the work; what it refuses is an answer too, so that what it ends stays ended."""
        with self._database.begin_reference() as connection:
            tenant_id = self._tenant_of(connection, request)
            if tenant_id is None:
                return work(Server(self.desk(connection, None)))
        with self._database.begin(tenant_id) as connection:
            return work(Server(self.desk(connection, tenant_id)))

    def _tenant_of(self, connection: Connection, request: Asked) -> UUID | None:
        """The tenant of what the request shows; None where it shows nothing of ours."""
        said = request.said
        match said.get("grant_type"):
            case "authorization_code":
                return code.tenant_of(connection, said.get("code", ""))
            case "client_credentials":
                return itself.tenant_of(connection, request.basic_client_id or "", said.get("tenant"))
            case str(kind) if kind == DEVICE_CODE_GRANT_TYPE:
                return devices.tenant_of(connection, said.get("device_code", ""))
            case _:
                return proving.tenant_of(self._tokens, said.get("refresh_token") or said.get("token") or "")
