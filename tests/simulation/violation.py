"""What the simulation raises when a promise is broken."""

from __future__ import annotations


class Violation(AssertionError):
    """A broken promise: which one, in a word or two that stay the same while a history is shrunk, and how."""

    def __init__(self, promise: str, how: str) -> None:
        super().__init__(f"{promise}: {how}")
        self.promise, self.how = promise, how


def demand(holds: object, promise: str, how: str) -> None:
    """Raise a Violation unless it holds."""
    if not holds:
        raise Violation(promise, how)
