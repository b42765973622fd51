"""The air between a phone and the server: it loses, doubles, delays and reorders, each by its chance, all from one seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sync.client import Lost, Request, Response
from tests.sync.client.fuse import Fuse

Deliver = Callable[[Request], Response]


@dataclass(frozen=True)
class Weather:
    """Chances for each request."""

    lose_request: float = 0.0
    lose_answer: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    lose_outcomes: float = 0.0  # the answers to pushes alone


GOOD, UNHEARD = Weather(), Weather(lose_outcomes=1.0)
WEATHERS = (
    GOOD,
    GOOD,
    Weather(lose_request=0.3, lose_answer=0.3),
    Weather(lose_answer=0.7),
    Weather(double=0.6, lose_answer=0.2),
    Weather(delay=0.5, lose_answer=0.2, double=0.2),
)


@dataclass
class Air:
    """One phone's network. A request that is late is lost for the phone; it arrives after a later one, or some other day."""

    deliver: Deliver
    fuse: Fuse
    tally: Counter[str]
    weather: Weather = GOOD
    random: Random = field(default_factory=lambda: Random(0))
    late: list[Request] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None

    def send(self, request: Request) -> Response:
        """The answer, if both ways hold and the phone lives."""
        self.fuse.step()
        if self._chance(self.weather.lose_request):
            raise self._lost("request lost")
        # a refresh that is a minute late looks stolen, and rightly ends the session
        if "/v1/sync/" in request.path and self._chance(self.weather.delay):
            self.late.append(request)
            raise self._lost("request delayed")
        answer = self._delivered(request)
        self.fuse.step()
        outcomes = request.path == "/v1/sync/push" and self.weather.lose_outcomes
        if self._chance(outcomes or self.weather.lose_answer):
            raise self._lost("answer lost")
        return answer

    def _delivered(self, request: Request) -> Response:
        """One of its answers; others may sync before its double arrives, or after, and what is late overtakes it."""
        answer, doubled = self.deliver(request), self._chance(self.weather.double)
        if self._chance(0.5):
            self._let_others_in()
        if doubled:
            self.tally["network: request doubled"] += 1
            answer = self.random.choice((answer, self.deliver(request)))
        self._let_others_in()
        if self._chance(self.weather.delay):
            self.deliver_late(most=1)
        return answer

    def deliver_late(self, most: int = 99) -> int:
        """Requests that were late arrive now, in any order; nobody hears their answers. How many there were."""
        self.random.shuffle(self.late)
        now, self.late = self.late[:most], self.late[most:]
        for request in now:
            taken = self.deliver(request).status == 200
            self.tally[f"network: late request arrived, {'taken' if taken else 'declined'}"] += 1
        return len(now)

    def _let_others_in(self) -> None:
        """Between this answer and the next request another phone may sync, once."""
        others, self.meanwhile = self.meanwhile, None
        if others:
            others()

    def _lost(self, how: str) -> Lost:
        self.tally[f"network: {how}"] += 1
        return Lost(f"the {how}")

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability
