"""Wall-clock moments, as the wire writes them. No device clock ever orders anything; the server's own only dates things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""The edge where tests and the simulation put their own clock: an aware UTC moment."""


def system_now() -> datetime:
    """The machine's clock in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment as the wire writes it: UTC, milliseconds, Z.

    >>> stamp(datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    '2026-11-21T09:30:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The moment that `stamp` wrote.

    >>> moment('2026-11-21T09:30:00.000Z').minute
    30
    """
    return datetime.fromisoformat(text)
