"""What arrives at the authorization server, as Authlib reads it, and what leaves: no framework is known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: where `headers` hold a Location, the person's browser goes there."""

    status: int
    body: Mapping[str, object] | str = ""
    headers: Sequence[tuple[str, str]] = field(default_factory=list)


class Asked(OAuth2Request):  # type: ignore[misc]  # untyped base
    """A request whose parameters stand in one place only: the query where a browser asks, the body where an app does.

    `address` is under the service's public name, as Authlib takes only https (or this very machine).
    """

    def __init__(
        self, method: str, address: str, headers: Mapping[str, str], said: Mapping[str, str]
    ) -> None:
        self.basic_client_id = _basic_client_id(headers)
        kept = dict(headers) if self.basic_client_id else {}
        super().__init__(method, address, headers=kept)
        self.payload = BasicOAuth2Payload(dict(said))
        self.said = said

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters, under the name that Authlib's grants have for them."""
        return self.said

    @property
    def args(self) -> Mapping[str, str]:
        """The same."""
        return self.said


def _basic_client_id(headers: Mapping[str, str]) -> str | None:
    """The app that the Authorization header names; None where it names none, or cannot be read (Authlib would raise)."""
    try:
        client_id, _ = extract_basic_authorization(headers)
    except ValueError:
        return None
    return client_id or None
