"""Three phones whose clocks are wrong, and a camera: their notes lie on one video where they were written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from observation_tools.lesson_time import Clocked, begins_ms, lesson_ms
from sync.client import Client, Lost, Network, Request, Response
from sync.clock import stamp
from tests.builders import services_of
from tests.journeys.conftest import School
from tests.phones import AppNetwork, surroundings

HOST, VISIT, FILM = "hana-the-host", "visit-of-a-lesson", "film-of-the-lesson"
OBSERVERS = {"olga-is-40s-late": -40_000, "otto-is-25s-early": 25_000, "nora-is-3s-early": 3_000}
CAMERA_OFF_MS = -11_000
BOUND_MS = 250


@dataclass
class Truth:
    """The true time, which nobody in this world can read but the server."""

    moment: datetime = datetime(2026, 11, 23, 8, 50, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_ms(self, milliseconds: float) -> None:
        self.moment += timedelta(milliseconds=milliseconds)


@dataclass
class WrongClock:
    """A phone's clock that is ahead of the truth by so much."""

    truth: Truth
    ahead_ms: int

    def now(self) -> datetime:
        return self.truth.now() + timedelta(milliseconds=self.ahead_ms)

    def sleep(self, seconds: float) -> None:
        self.truth.pass_ms(seconds * 1000)


@dataclass
class SlowWays:
    """A network that takes its time there and back, not the same: up to `most_ms` each."""

    inner: Network
    truth: Truth
    chance: Random
    most_ms: float
    up: bool = True
    slept: list[float] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        if not self.up:
            raise Lost("no network here")
        self.truth.pass_ms(self._way())
        answer = self.inner.send(request)
        self.truth.pass_ms(self._way())
        return answer

    def _way(self) -> float:
        return self.chance.uniform(1, self.most_ms)


class Room:
    """The school by the true time; phones by their own."""

    def __init__(self, school: School, most_ms: float) -> None:
        self.school, self.truth, self.most_ms = school, Truth(), most_ms
        replace(school.services, now=self.truth.now).serve(school.app)
        school.services = services_of(school.app)
        for person in (HOST, *OBSERVERS):
            school.person(person)
        school.put("visits", VISIT, host_id=HOST, observer_ids=list(OBSERVERS), state="under_way")

    def phone(self, person: str, ahead_ms: int) -> tuple[Client, SlowWays]:
        ways = SlowWays(AppNetwork(self.school.app), self.truth, Random(person), self.most_ms)
        clock = WrongClock(self.truth, ahead_ms)
        place = self.school.directory / person
        around = surroundings(Random(person), clock)  # type: ignore[arg-type]  # it tells the time and sleeps
        phone = Client(place, network=ways, surroundings=around, durable=False)
        phone.sign_in(self.school.code(person))
        phone.sync()
        return phone, ways


def noted(phone: Client, truth: Truth, number: int) -> tuple[str, datetime]:
    """A note now; its id, and when that truly was."""
    said = {"visit_id": VISIT, "note_kind": "noticing", "text": f"note {number}", "state": "shared"}
    return phone.put("notes", None, said | phone.stamp()), truth.now()


def clocked(record: dict[str, Any], field: str = "at") -> Clocked:
    return Clocked(datetime.fromisoformat(record[field]), record["clock_offset_ms"] or 0)


def position(note: dict[str, Any], visit: dict[str, Any], film: dict[str, Any]) -> int:
    """Where the note lies on the film, in milliseconds."""
    start = clocked(visit, "started_at")
    in_lesson = lesson_ms(clocked(note), start)
    assert in_lesson is not None
    return in_lesson - begins_ms(clocked(film), start, start_mark_ms=film["start_mark_ms"])


@pytest.mark.parametrize("most_ms", [20.0, 240.0], ids=["a good network", "a slow one"])
def test_notes_of_three_phones_lie_on_one_video(
    school: School, most_ms: float, capsys: pytest.CaptureFixture[str]
) -> None:
    room = Room(school, most_ms)
    truth, chance = room.truth, Random(11)
    phones = {person: room.phone(person, ahead) for person, ahead in OBSERVERS.items()}
    host, _ = room.phone(HOST, CAMERA_OFF_MS)
    late, in_the_cellar = phones["olga-is-40s-late"]
    in_the_cellar.up = False
    late.close()  # and begins anew without a network: it has heard nothing of the time
    late, in_the_cellar = _again(room, "olga-is-40s-late")
    phones["olga-is-40s-late"] = (late, in_the_cellar)

    began = truth.now()
    camera = host.stamp()
    declared = {"visit_id": VISIT, "media_type": "video/mp4", "consent_basis": "adults_agreed"}
    host.put("media", FILM, declared | camera)
    truth.pass_ms(30_000)
    mark = host.stamp()
    host.put("visits", VISIT, {"started_at": mark["at"], "clock_offset_ms": mark["clock_offset_ms"]})

    written: dict[str, datetime] = {}
    for number in range(30):
        truth.pass_ms(chance.uniform(500, 9_000))
        phone, _ = phones[chance.choice(list(phones))]
        note, at = noted(phone, truth, number)
        written[note] = at
    in_the_cellar.up = True
    for phone, _ in phones.values():
        phone.sync()
    host.sync()

    errors = _errors(host, written, began)
    with capsys.disabled():
        print(
            f"\n{len(errors)} notes of 3 phones, ways up to {most_ms:.0f} ms: at most {max(errors):.0f} ms off"
        )
    assert len(errors) == 30
    assert max(errors) <= BOUND_MS

    moved = host.get("visits", VISIT)
    assert moved is not None
    host.put("visits", VISIT, {"started_at": stamp(truth.now() - timedelta(minutes=1)), "clock_offset_ms": 0})
    host.sync()
    assert (
        max(_errors(host, written, began)) <= BOUND_MS
    )  # the clocks tell where on the film, whatever the mark
    host.put("media", FILM, {"start_mark_ms": 5_000})
    host.sync()
    film, visit = host.get("media", FILM), host.get("visits", VISIT)
    note = host.get("notes", next(iter(written)))
    assert film
    assert visit
    assert note
    true_start = datetime.fromisoformat(visit["started_at"])
    expected = 5_000 + (written[note["id"]] - true_start) / timedelta(milliseconds=1)
    assert abs(position(note, visit, film) - expected) <= BOUND_MS  # with it, the mark does


def _again(room: Room, person: str) -> tuple[Client, SlowWays]:
    ways = SlowWays(AppNetwork(room.school.app), room.truth, Random(person), room.most_ms, up=False)
    clock = WrongClock(room.truth, OBSERVERS[person])
    around = surroundings(Random(person), clock)  # type: ignore[arg-type]  # it tells the time and sleeps
    return Client(room.school.directory / person, network=ways, surroundings=around, durable=False), ways


def _errors(host: Client, written: dict[str, datetime], began: datetime) -> list[float]:
    film, visit = host.get("media", FILM), host.get("visits", VISIT)
    assert film
    assert visit
    errors = []
    for note_id, at in written.items():
        note = host.get("notes", note_id)
        assert note, "the host sees every shared note"
        errors.append(abs(position(note, visit, film) - (at - began) / timedelta(milliseconds=1)))
    return errors
