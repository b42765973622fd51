"""Passkeys: a key pair of a person's device, of which we keep the public half; the person proves herself to the device.

Discoverable: nobody types who she is. A challenge is one-time (`one_time`), so an answer seen once opens nothing again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import webauthn
from sqlalchemy import Connection, Row, delete, insert, select, update
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from schemas.problems import Problem, Refused
from service.accounts import one_time, sessions
from service.accounts.one_time import Purpose
from service.accounts.sessions import Count, Pair
from service.accounts.tokens import Tokens
from service.accounts.ways import passkey
from service.database import Database
from service.logs import logger
from service.settings import Settings
from sync.clock import Now

NAME = "Come Watch"
MOST_OF_A_PERSON = 20
LONGEST_ID = 1400
"""Letters of a credential's id: 1023 bytes at most, in base64url."""
_REQUIRED = UserVerificationRequirement.REQUIRED
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose passkey it is, and what her device calls her."""

    tenant_id: UUID
    person_id: str
    name: str = ""

    @property
    def handle(self) -> bytes:
        """What a passkey carries of her: nothing that says who she is."""
        return hashlib.sha256(f"{self.tenant_id} {self.person_id}".encode()).digest()


class Passkeys:
    """Makes and takes passkeys for the host of PUBLIC_URL."""

    def __init__(self, settings: Settings, database: Database, now: Now) -> None:
        self._database, self._now = database, now
        parts = urlsplit(settings.public_url)
        self._host = parts.hostname or ""
        self._origins = [f"{parts.scheme}://{parts.netloc}", *settings.passkey_origins]

    def offer(self, connection: Connection, owner: Owner) -> dict[str, Any]:
        """What the owner's device needs to make a passkey: `publicKey` for navigator.credentials.create()."""
        about = {"tenant": str(owner.tenant_id), "person": owner.person_id}
        challenge = one_time.give(connection, Purpose.NEW_PASSKEY, about, self._now())
        hers = of_person(connection, owner.tenant_id, owner.person_id)
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=NAME,
            user_id=owner.handle,
            user_name=owner.name,
            user_display_name=owner.name,
            challenge=challenge.encode(),
            timeout=_milliseconds(Purpose.NEW_PASSKEY),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(row.id)) for row in hers],
        )
        return _plain(options)

    def register(self, owner: Owner, name: str, credential: dict[str, Any]) -> str:
        """Keep a new passkey, and return its id; Refused(SIGN_IN_FAILED) unless it answers a challenge of this owner."""
        challenge, about = self._answered(credential, Purpose.NEW_PASSKEY)
        if about != {"tenant": str(owner.tenant_id), "person": owner.person_id}:
            raise _failed()
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        except Exception:  # whatever the library stumbles over, the sender has written
            raise _failed() from None
        row = {
            "id": bytes_to_base64url(made.credential_id),
            "public_key": made.credential_public_key,
            "sign_count": made.sign_count,
        }
        with self._database.begin_reference() as connection:
            self._add(connection, owner, row | {"name": name, "created_at": self._now()})
        return str(row["id"])

    def challenge(self) -> dict[str, Any]:
        """What any device needs to sign in: `publicKey` for navigator.credentials.get()."""
        with self._database.begin_reference() as connection:
            challenge = one_time.give(connection, Purpose.PASSKEY, {}, self._now())
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge.encode(),
            timeout=_milliseconds(Purpose.PASSKEY),
            user_verification=_REQUIRED,
        )
        return _plain(options)

    def open(self, tokens: Tokens, credential: dict[str, Any], device: tuple[str, str], count: Count) -> Pair:
        """A session on the device for the passkey's owner; Refused(SIGN_IN_FAILED) when it is none of ours."""
        challenge, _ = self._answered(credential, Purpose.PASSKEY)
        row = self._find(credential)
        try:
            seen = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origins,
                credential_public_key=row.public_key,
                credential_current_sign_count=0,  # compared by `_note`, which says so and goes on
                require_user_verification=True,
            )
        except Exception:  # whatever the library stumbles over, the sender has written
            raise _failed() from None
        _demand_handle(row, credential)
        count(f"passkeys of {row.tenant_id} {row.person_id}")
        with self._database.begin(row.tenant_id) as connection:
            if not _note(connection, row, seen.new_sign_count, self._now()):
                raise _failed()
            return sessions.open_on(connection, tokens, row.tenant_id, row.person_id, device, self._now())

    def _answered(self, credential: dict[str, Any], purpose: Purpose) -> tuple[bytes, dict[str, Any]]:
        """The challenge that a credential answers, which is spent by it, and what that was about."""
        try:
            said = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
            secret = said.challenge.decode()
        except Exception:  # whatever the library stumbles over, the sender has written
            raise _failed() from None
        about = None if said.cross_origin else one_time.take(self._database, purpose, secret, self._now)
        if about is None:
            raise _failed()
        return said.challenge, about

    def _add(self, connection: Connection, owner: Owner, row: dict[str, Any]) -> None:
        taken = connection.execute(select(passkey.c.id).where(passkey.c.id == row["id"])).first()
        if taken or len(of_person(connection, owner.tenant_id, owner.person_id)) >= MOST_OF_A_PERSON:
            raise Refused(
                Problem.SIGN_IN_FAILED, f"It is known already, or there are {MOST_OF_A_PERSON} by now."
            )
        connection.execute(
            insert(passkey).values(tenant_id=owner.tenant_id, person_id=owner.person_id, **row)
        )

    def _find(self, credential: dict[str, Any]) -> Row[Any]:
        named = credential.get("id")
        with self._database.begin_reference() as connection:
            row = connection.execute(select(passkey).where(passkey.c.id == named)).one_or_none()
        if row is None:
            raise _failed()
        return row


def of_person(connection: Connection, tenant_id: UUID, person_id: str) -> Sequence[Row[Any]]:
    """Her passkeys, the first made first."""
    return connection.execute(
        select(passkey).where(*_hers(tenant_id, person_id)).order_by(passkey.c.created_at, passkey.c.id)
    ).all()


def rename(connection: Connection, tenant_id: UUID, person_id: str, passkey_id: str, name: str) -> bool:
    """Call her passkey by another name; whether she has it."""
    this = (*_hers(tenant_id, person_id), passkey.c.id == passkey_id)
    return connection.execute(update(passkey).where(*this).values(name=name)).rowcount > 0


def remove(connection: Connection, tenant_id: UUID, person_id: str, passkey_id: str) -> bool:
    """Take her passkey no more; whether she had it."""
    this = (*_hers(tenant_id, person_id), passkey.c.id == passkey_id)
    return connection.execute(delete(passkey).where(*this)).rowcount > 0


def _hers(tenant_id: UUID, person_id: str) -> tuple[Any, ...]:
    return (passkey.c.tenant_id == tenant_id, passkey.c.person_id == person_id)


def _demand_handle(row: Row[Any], credential: dict[str, Any]) -> None:
    """The passkey carries whom it was made for: it must be whom we know it of."""
    handle = credential["response"].get("userHandle")
    if handle is not None and handle != bytes_to_base64url(Owner(row.tenant_id, row.person_id).handle):
        raise _failed()


def _note(connection: Connection, row: Row[Any], count: int, now: datetime) -> bool:
    """Remember the counter. One that does not rise may be a copy's: her list shows it, and she decides.

    False when the passkey was removed meanwhile.
    """
    seen: dict[str, Any] = {"sign_count": count, "last_used_at": now}
    if (count or row.sign_count) and count <= row.sign_count:
        seen = {"last_used_at": now, "went_back_at": now}
        _log.warning("a passkey's counter went back", tenant_id=row.tenant_id, person_id=row.person_id)
    return connection.execute(update(passkey).where(passkey.c.id == row.id).values(**seen)).rowcount > 0


def _plain(options: Any) -> dict[str, Any]:
    return {"publicKey": orjson.loads(webauthn.options_to_json(options))}


def _milliseconds(purpose: Purpose) -> int:
    return int(purpose.lasts.total_seconds() * 1000)


def _failed() -> Refused:
    return Refused(Problem.SIGN_IN_FAILED, "The passkey is not known here, or its answer does not hold.")
