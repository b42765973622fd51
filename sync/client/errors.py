"""What can go wrong on a phone, in the words of whoever holds it. None of these loses anything typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Any fault that this client tells; `str()` is one line for a person."""


class Unreachable(ClientError):
    """No answer came, after every retry; `retry_after` is how many seconds the server asked to wait, if it did."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        wait = f"; it asks to wait {retry_after:.0f} s" if retry_after else ""
        super().__init__(
            f"The server cannot be reached ({why}){wait}. Everything is kept here and goes out later."
        )
        self.retry_after = retry_after


class Declined(ClientError):
    """The server understood a request and declined it as a whole: HTTP status, slug, and the problem document (RFC 9457)."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.document = document
        self.slug = str(document.get("type", "")).rpartition("/")[2]
        said = document.get("detail") or document.get("title") or f"HTTP {status}"
        super().__init__(f"The server declined: {said} ({self.slug or status})")


class SignInRequired(ClientError):
    """Nobody is signed in, or the session has ended. The outbox waits for the same person."""

    def __init__(self, why: str = "Nobody is signed in on this device.") -> None:
        super().__init__(f"{why} Sign in with a code; nothing typed is lost.")


class DeviceRevoked(SignInRequired):
    """This device was taken off the account: its copy of the records was erased."""

    def __init__(self) -> None:
        super().__init__("This device was removed from the account and its records were erased.")


class CannotWrite(ClientError):
    """A change was not taken, and nothing was written: what was typed is still in the caller's hands."""


class Unsent(ClientError):
    """Signing out would throw away changes that the server has not answered, or forget files that wait to be sent."""

    def __init__(self, changes: int, files: int = 0) -> None:
        told = {f"{changes} changes": changes, f"{files} files": files}
        what = " and ".join(words for words, count in told.items() if count)
        super().__init__(f"{what} are not sent yet; send them first, or say that they may be thrown away.")
