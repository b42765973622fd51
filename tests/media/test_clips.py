"""Clips: cut when their recording is ready, given up when it never will be, and kept when it is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.media import clips, recording_renditions, transcoding
from service.media.record import CUT, TRANSCODE
from tests.media import films
from tests.media.world import HANA, OLGA, VISIT, World

FILM, CLIP = "film-of-the-lesson", "clip-of-the-film"


@pytest.fixture
def lesson(world: World) -> World:
    """Olga has filmed three seconds of Hana's lesson, and shared the visit; the film has not arrived yet."""
    world.declare(FILM, films.mp4(), "video/mp4", file_name="lesson.mp4", consent_basis="adults_agreed")
    world.put(OLGA, "visits", VISIT, state="shared")
    return world


def arrives(world: World) -> None:
    world.store.put(world.media(FILM).raw_key, films.mp4(), "video/mp4")
    world.arrive(FILM)
    assert world.verify(FILM) == ("ready", None)


def clip(world: World, by: str = HANA, from_ms: int = 1000, until_ms: int = 2400) -> None:
    said = {"visit_id": VISIT, "clip_of": FILM, "from_ms": from_ms, "until_ms": until_ms}
    outcome = world.push(world.actor(by), "media", CLIP, **said)
    assert outcome.status == "merged", outcome  # the phone is told what the clip has from its recording


def taken_up(world: World) -> int:
    with world.database.begin(world.tenant_id) as connection:
        return clips.take_up(connection, world.door, world.tenant_id)


def cut(world: World) -> tuple[str, str | None]:
    clips.cut(world.database, world.door, world.store, world.tenant_id, CLIP)
    return world.state(CLIP)


def jobs(world: World, task: str) -> list[dict[str, Any]]:
    query = "SELECT args FROM procrastinate_jobs WHERE task_name = %s AND args->>'media_id' = %s"
    with world.database.begin(world.tenant_id) as connection:
        return [args for (args,) in connection.exec_driver_sql(query, (task, CLIP))]


def of_clip(world: World) -> set[str]:
    found = world.keys()
    return {key.removeprefix(f"{CLIP}/") for key in found if key.startswith(CLIP)}


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen while the piece is made."""
    make = recording_renditions.cut

    def made(*said: Any) -> Any:
        fields = make(*said)
        happens()
        return fields

    monkeypatch.setattr(recording_renditions, "cut", made)


def test_a_clip_waits_for_its_recording_and_is_then_cut(lesson: World) -> None:
    clip(lesson, OLGA)
    assert (taken_up(lesson), jobs(lesson, CUT)) == (0, [])
    assert cut(lesson) == ("declared", None)
    arrives(lesson)
    assert taken_up(lesson) == 1
    assert taken_up(lesson) == 1
    assert jobs(lesson, CUT) == [{"tenant_id": str(lesson.tenant_id), "media_id": CLIP}]
    assert cut(lesson) == ("ready", None)
    record = lesson.record("media", CLIP)
    assert abs(record["duration_ms"] - 1400) <= 60
    assert (record["renditions"], record["progress"]) == (["original", "poster"], 10)
    assert (record["media_type"], record["consent_basis"]) == ("video/mp4", "adults_agreed")
    assert record["ready_at"] is not None
    assert record["expires_at"] is None
    assert of_clip(lesson) == {"original", "original.m3u8", "poster"}
    assert len(jobs(lesson, TRANSCODE)) == 1
    assert (taken_up(lesson), cut(lesson)) == (0, ("ready", None))


def test_the_rest_is_made_of_a_clip_as_of_any_recording(lesson: World) -> None:
    arrives(lesson)
    clip(lesson)
    cut(lesson)
    transcoding.transcode(lesson.database, lesson.door, lesson.store, lesson.tenant_id, CLIP)
    record = lesson.record("media", CLIP)
    assert (record["state"], record["progress"]) == ("ready", 100)
    assert set(record["renditions"]) == {"original", "poster", "360p", "sheet", "waveform"}


def test_consent_that_was_said_later_is_the_clips_too(world: World) -> None:
    world.declare(FILM, films.mp4(), "video/mp4", consent_basis=None)
    clip(world, OLGA)
    world.put(OLGA, "media", FILM, consent_basis="families_agreed")
    arrives(world)
    assert cut(world) == ("ready", None)
    assert world.record("media", CLIP)["consent_basis"] == "families_agreed"


def test_a_clip_outlives_its_recording(lesson: World) -> None:
    arrives(lesson)
    clip(lesson)
    cut(lesson)
    lesson.delete("media", FILM)
    assert (taken_up(lesson), lesson.state(CLIP)[0]) == (0, "ready")
    assert lesson.stored(lesson.media(CLIP).key("original"))


def test_a_clip_of_a_recording_that_will_never_be_is_given_up(lesson: World) -> None:
    clip(lesson, OLGA)
    lesson.put(OLGA, "media", FILM, state="abandoned")
    assert taken_up(lesson) == 1
    assert lesson.state(CLIP) == ("abandoned", "source_gone")


def test_a_clip_of_a_deleted_recording_is_given_up(lesson: World) -> None:
    clip(lesson, OLGA)
    lesson.delete("media", FILM)
    assert taken_up(lesson) == 1
    assert lesson.state(CLIP) == ("abandoned", "source_gone")


def test_a_clip_of_a_recording_that_is_held_waits(lesson: World) -> None:
    arrives(lesson)
    clip(lesson)
    lesson.system("media", FILM, state="incident_hold")
    assert (taken_up(lesson), cut(lesson)) == (0, ("declared", None))
    lesson.system("media", FILM, state="ready")
    assert (taken_up(lesson), cut(lesson)) == (1, ("ready", None))


def test_a_clip_that_begins_after_the_end_is_put_away(lesson: World) -> None:
    clip(lesson, OLGA, from_ms=5000, until_ms=9000)
    arrives(lesson)
    assert cut(lesson) == ("quarantined", "outside")
    assert of_clip(lesson) == set()


def test_a_clip_that_ends_after_the_end_ends_with_it(lesson: World) -> None:
    clip(lesson, OLGA, from_ms=1000, until_ms=9000)
    arrives(lesson)
    assert cut(lesson) == ("ready", None)
    assert abs(lesson.record("media", CLIP)["duration_ms"] - 2000) <= 60


@pytest.mark.parametrize(
    ("happens", "left"),
    [
        (lambda world: world.delete("media", CLIP), None),
        (lambda world: world.put(HANA, "media", CLIP, state="abandoned"), "abandoned"),
        (lambda world: world.system("media", FILM, state="incident_hold"), "declared"),
        (lambda world: world.delete("media", FILM), "declared"),
    ],
    ids=["deleted", "given up", "held", "its recording deleted"],
)
def test_what_is_no_longer_wanted_when_it_is_made_is_not_kept(
    lesson: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[World], object], left: str | None
) -> None:
    arrives(lesson)
    clip(lesson)
    meanwhile(monkeypatch, lambda: happens(lesson))
    clips.cut(lesson.database, lesson.door, lesson.store, lesson.tenant_id, CLIP)
    assert of_clip(lesson) == set()
    if left is not None:
        assert lesson.state(CLIP)[0] == left


def test_a_recording_that_goes_while_it_is_read_is_no_fault(lesson: World) -> None:
    arrives(lesson)
    clip(lesson)
    lesson.store.delete(lesson.media(FILM).key("original"))
    assert cut(lesson) == ("declared", None)
