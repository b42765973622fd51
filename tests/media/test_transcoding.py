"""From a film that has arrived to everything made of it, and what becomes of one that nobody may see any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service import jobs
from service.media import record as records
from service.media import rooms, transcoding, uploads
from service.media.recordings import apart
from tests.media import films
from tests.media.films import SECRETS
from tests.media.world import OLGA, World, jobs_of

ID = "film-of-the-lesson"
AT_ONCE = [f"{ID}/original", f"{ID}/original.m3u8", f"{ID}/poster", f"{ID}/raw"]
WHOLE = [
    *(f"{ID}/{name}" for name in ("360p", "360p.m3u8", "original", "original.m3u8", "poster")),
    *(f"{ID}/{name}" for name in ("sheet", "sheet.json", "waveform")),
]


def arrive(world: World, content: bytes, media_type: str = "video/mp4", **fields: Any) -> None:
    """The film lies in the store, and the worker is told."""
    media = world.declare(ID, content, media_type, **fields)
    world.store.put(media.raw_key, content, media_type)
    with world.database.begin(world.tenant_id) as connection:
        uploads.arrived(connection, world.door, world.actor(OLGA), ID)


def transcode(world: World) -> None:
    transcoding.transcode(world.database, world.door, world.store, world.tenant_id, ID)


def told(world: World, *names: str) -> tuple[Any, ...]:
    record = world.record("media", ID)
    return tuple(record[name] for name in names)


def long_jobs(world: World) -> list[dict[str, Any]]:
    return [job for job in jobs_of(world) if job["task_name"] == "transcode_media"]


def withdraw(world: World) -> None:
    outcome = world.push(world.actor(OLGA), "media", ID, consent_withdrawn_at="2026-11-20T12:00:00.000Z")
    assert outcome.record is not None
    assert outcome.record["state"] == "expiring"


def hold(world: World) -> None:
    with world.database.begin(world.tenant_id) as connection:
        assert records.move(connection, world.door, world.media(ID), "incident_hold") == "incident_hold"


def delete(world: World) -> None:
    world.delete("media", ID)


def test_a_film_is_ready_at_once_and_whole_later(world: World) -> None:
    arrive(world, films.mov_of_a_camera(90), "video/quicktime")
    assert world.verify(ID) == ("ready", None)
    assert world.keys() == AT_ONCE
    assert told(world, "progress", "width", "height") == (10, 180, 320)
    assert told(world, "renditions") == (["original", "poster"],)
    assert told(world, "ready_at") != (None,)
    assert 2900 <= told(world, "duration_ms")[0] <= 3100
    assert [job["lock"] for job in long_jobs(world)] == [f"transcode_media/{world.tenant_id}/{ID}"]
    transcode(world)
    assert world.keys() == WHOLE
    assert told(world, "progress", "reason") == (100, None)
    assert told(world, "renditions") == (["original", "poster", "360p", "sheet", "waveform"],)
    stored = {key: world.stored(f"{world.tenant_id}/{key}") for key in WHOLE}
    assert [(key, word) for key, bytes_ in stored.items() for word in SECRETS if word in bytes_] == []


def test_sound_is_ready_at_once_and_whole_later(world: World) -> None:
    arrive(world, films.m4a(), "audio/mp4")
    assert world.verify(ID) == ("ready", None)
    transcode(world)
    made = ("original", "original.m3u8", "sound", "sound.m3u8", "waveform")
    assert world.keys() == [f"{ID}/{name}" for name in made]
    assert told(world, "width", "progress") == (None, 100)


def test_what_is_no_film_is_put_away(world: World) -> None:
    arrive(world, b"<!DOCTYPE html><script>alert(1)</script>")
    assert world.verify(ID) == ("quarantined", "wrong_type")
    assert world.keys() == []
    assert long_jobs(world) == []


def test_a_type_that_nobody_knows_is_put_away(world: World) -> None:
    arrive(world, films.mp4(), "video/x-matroska")
    assert world.verify(ID) == ("quarantined", "wrong_type")


def test_the_record_says_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, films.mp4())
    world.verify(ID)
    said: list[int] = []
    tell = records.tell

    def listened(*arguments: Any) -> None:
        said.append(arguments[-1]["progress"])
        tell(*arguments)

    monkeypatch.setattr(records, "tell", listened)

    def by_steps(step: str, source: Any, limits: Any, watch: Any, **arguments: Any) -> dict[str, Any]:
        for percent in (0, 10, 26, 30, 49, 80, 81, 99):
            watch(percent)
            if percent == 30:
                assert told(world, "progress", "state") == (33, "ready")
        return {"renditions": []}

    monkeypatch.setattr(apart, "run", by_steps)
    transcode(world)
    assert said == [33, 82, 100]


@contextmanager
def stopped(target: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever comes to this point is killed."""

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(target, name, killed)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.mark.parametrize("point", ["put_file", "move", "delete"])
def test_stopped_at_any_point_it_ends_once(world: World, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, films.mp4())
    target: Any = records if point == "move" else world.store
    if point != "delete":
        with stopped(target, point, monkeypatch):
            world.verify(ID)
    assert world.verify(ID) == ("ready", None)
    assert world.verify(ID) == ("ready", None)
    assert len(long_jobs(world)) == 1
    with stopped(records if point == "move" else target, "tell" if point == "move" else point, monkeypatch):
        transcode(world)
    transcode(world)
    seq = world.seq("media", ID)
    transcode(world)
    assert world.seq("media", ID) == seq
    assert told(world, "state", "progress") == ("ready", 100)
    assert world.keys() == WHOLE


def test_the_job_is_there_exactly_when_the_state_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, films.mp4())
    from service.media import processing

    with stopped(processing, "transcode_later", monkeypatch):
        world.verify(ID)
    assert world.state(ID) == ("uploaded", None)
    assert long_jobs(world) == []


@pytest.mark.parametrize(
    ("act", "left"), [(delete, []), (withdraw, []), (hold, AT_ONCE)], ids=["deleted", "withdrawn", "held"]
)
@pytest.mark.parametrize("when", ["before", "meanwhile", "after"])
def test_what_nobody_may_see_is_not_made(
    world: World, act: Callable[[World], None], left: list[str], when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(world, films.mp4())
    world.verify(ID)
    monkeypatch.setattr(transcoding, "LOOK_EVERY_S", 0.0)
    run = apart.run

    def acted(step: str, source: Any, limits: Any, watch: Callable[[int], None], **rest: Any) -> Any:
        if when == "meanwhile":
            act(world)
            run(step, source, limits, watch, **rest)
            raise AssertionError("it went on")
        made = run(step, source, limits, lambda percent: None, **rest)
        act(world)
        return made

    if when == "before":
        act(world)
    else:
        monkeypatch.setattr(apart, "run", acted)
    transcode(world)
    made = left if when != "after" or not left else [*WHOLE[:-3], f"{ID}/raw", *WHOLE[-3:]]
    assert world.keys() == made
    if act is not delete:
        assert told(world, "progress") == (10,)


def test_a_film_that_was_held_is_made_whole_when_it_is_released(world: World) -> None:
    arrive(world, films.mp4())
    world.verify(ID)
    hold(world)
    transcode(world)
    with world.database.begin(world.tenant_id) as connection:
        records.move(connection, world.door, world.media(ID), "ready")
    transcode(world)
    assert world.keys() == WHOLE


def test_what_cannot_be_made_smaller_is_still_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, films.mp4())
    world.verify(ID)

    def unfit(*_: Any, **__: Any) -> None:
        raise transcoding.UnfitError("too_slow")

    monkeypatch.setattr(apart, "run", unfit)
    transcode(world)
    assert told(world, "state", "progress", "reason") == ("ready", 100, "too_slow")
    assert world.keys() == AT_ONCE[:-1]


def test_asked_to_stop_it_gives_the_job_back_and_leaves_no_room(world: World) -> None:
    arrive(world, films.mp4(20, "1280x720"))
    world.verify(ID)
    timer = threading.Timer(1.5, jobs.stopping.set)
    timer.start()
    try:
        with pytest.raises(jobs.StoppedError):
            transcode(world)
    finally:
        timer.cancel()
        jobs.stopping.clear()
    assert told(world, "progress") < (100,)
    assert world.keys() == AT_ONCE


def test_a_stopped_job_waits_for_no_time() -> None:
    job: Any = type("Job", (), {"attempts": 9})()
    given = jobs.Patient().get_retry_decision(exception=jobs.StoppedError(), job=job)
    assert given is not None
    assert given.retry_at is not None
    assert given.retry_at.timestamp() <= time.time() + 0.1


def test_a_room_is_gone_after_its_use_and_with_its_killed_worker(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(rooms, "_YOUNG_S", -1.0)
    left = tmp_path / "comewatch-media-left"
    left.mkdir()
    with rooms.room(10) as held:
        assert not left.exists()
        rooms.clear()
        assert held.exists()
    assert list(tmp_path.iterdir()) == []


def test_without_place_on_the_disk_it_is_for_another_time() -> None:
    with pytest.raises(OSError, match="no room on the disk"), rooms.room(1 << 60):
        pass
