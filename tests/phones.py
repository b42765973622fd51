"""Phones for tests and simulations: networks that lose things, a clock that obeys, the app without a socket.

A network is whatever has `send(request) -> response` and raises `Lost`; they wrap one another:
`LossyNetwork(AppNetwork(app), Random(7), lose_answer=0.2)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from flask import Flask

from sync.client import Lost, Network, Request, Response, Surroundings


class AppNetwork:
    """The Flask app in this process, by Werkzeug's test client: no socket, no thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def send(self, request: Request) -> Response:
        """The app's answer."""
        client = self._app.test_client(use_cookies=False)
        answer = client.open(
            request.path, method=request.method, headers=dict(request.headers), data=request.body
        )
        return Response(
            answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.get_data()
        )


class LossyNetwork:
    """Loses requests (the server never hears), loses answers (it heard), and delivers twice, each by its chance."""

    def __init__(
        self,
        inner: Network,
        rng: Random,
        lose_request: float = 0.0,
        lose_answer: float = 0.0,
        duplicate: float = 0.0,
    ) -> None:
        self.inner, self.rng = inner, rng
        self.lose_request, self.lose_answer, self.duplicate = lose_request, lose_answer, duplicate

    def send(self, request: Request) -> Response:
        """The answer, if both ways hold."""
        if self.rng.random() < self.lose_request:
            raise Lost("the request was lost")
        answer = self.inner.send(request)
        if self.rng.random() < self.duplicate:
            again = self.inner.send(request)
            answer = self.rng.choice((answer, again))
        if self.rng.random() < self.lose_answer:
            raise Lost("the answer was lost")
        return answer


class LosesEvery:
    """Loses every nth answer, counted over all requests: `LosesEvery(5, inner)` loses the fifth, the tenth ..."""

    def __init__(self, nth: int, inner: Network) -> None:
        self.nth, self.inner, self.sent, self.lost = nth, inner, 0, 0

    def send(self, request: Request) -> Response:
        """The answer, unless it is its turn to be lost."""
        answer = self.inner.send(request)
        self.sent += 1
        if self.sent % self.nth == 0:
            self.lost += 1
            raise Lost(f"answer {self.sent} was lost")
        return answer


class Tunnel:
    """A network that can be switched off (`open = False`), and that tells `meanwhile` of each request on its way."""

    def __init__(self, inner: Network, meanwhile: Callable[[Request], None] = lambda request: None) -> None:
        self.inner, self.meanwhile, self.open, self.requests = inner, meanwhile, True, list[Request]()

    def send(self, request: Request) -> Response:
        """The answer; Lost inside the tunnel."""
        if not self.open:
            raise Lost("no network here")
        self.requests.append(request)
        answer = self.inner.send(request)
        self.meanwhile(request)
        return answer


@dataclass
class VirtualClock:
    """A clock that moves only when somebody sleeps."""

    moment: datetime = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    pauses: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """The present moment of this world."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Moves on at once."""
        self.moment += timedelta(seconds=seconds)
        self.pauses.append(seconds)


def surroundings(rng: Random, clock: VirtualClock | None = None) -> Surroundings:
    """A phone's time and chance in a test: ids, jitter and waits all follow from the seed."""
    clock = clock or VirtualClock()
    return Surroundings(clock.now, clock.sleep, rng)
