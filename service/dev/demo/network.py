"""A school's network: it can be away, and when it is there it loses every fifth answer and sends some requests twice."""

from __future__ import annotations

from dataclasses import dataclass

from sync.client.transport import HttpNetwork, Lost, Request, Response

LOSES_EVERY = 5
REPEATS_EVERY = 7


@dataclass(slots=True)
class SchoolNetwork:
    """Carries requests to the server over a real connection, badly. `up` False is a phone in a cellar."""

    inner: HttpNetwork
    up: bool = True
    bad: bool = False
    sent: int = 0
    lost: int = 0
    repeated: int = 0

    @property
    def losses(self) -> str:
        """What it did to those who used it, in words."""
        return f"{self.sent} requests on a bad network: {self.lost} answers lost, {self.repeated} sent twice"

    def send(self, request: Request) -> Response:
        """The answer to one request, unless it is lost on the way back."""
        if not self.up:
            raise Lost("there is no network here")
        answer = self.inner.send(request)
        if not self.bad:
            return answer
        self.sent += 1
        if self.sent % REPEATS_EVERY == 0:
            self.repeated += 1
            answer = self.inner.send(request)
        if self.sent % LOSES_EVERY == 0:
            self.lost += 1
            raise Lost("the answer was lost")
        return answer
