"""The air between a phone and the server: it loses, doubles and delays, each by its chance, all from one seed."""

from __future__ import annotations

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


GOOD = Weather()
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
    """One phone's network. A request that is late is lost for the phone, and reaches the server some other day."""

    deliver: Deliver
    fuse: Fuse
    weather: Weather = GOOD
    random: Random = field(default_factory=lambda: Random(0))
    late: list[Request] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None

    def send(self, request: Request) -> Response:
        """The answer, if both ways hold and the phone lives."""
        self.fuse.step()
        if self._chance(self.weather.lose_request):
            raise Lost("the request was lost")
        # a refresh that is a minute late looks stolen, and rightly ends the session
        if "/v1/sync/" in request.path and self._chance(self.weather.delay):
            self.late.append(request)
            raise Lost("the request is late")
        answer = self.deliver(request)
        self._let_others_in()
        if self._chance(self.weather.double):
            answer = self.random.choice((answer, self.deliver(request)))
        self.fuse.step()
        if self._chance(self.weather.lose_answer):
            raise Lost("the answer was lost")
        return answer

    def _let_others_in(self) -> None:
        """Between this answer and the next request another phone may sync, once."""
        others, self.meanwhile = self.meanwhile, None
        if others:
            others()

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability
