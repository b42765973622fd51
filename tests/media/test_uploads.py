"""From declared to ready: what a phone sends, what the worker makes of it, and what becomes of what is no photo."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import httpx
import pytest

from schemas.problems import Problem, Refused
from service.media import processing, uploads
from service.media.limits import MAX_PHOTO
from service.media.record import READY
from service.media.store import AbsentError, Signed
from service.media.uploads import MAX_PUT, Parts
from tests.media.pictures import (
    SECRETS,
    jpeg,
    jpeg_of_a_phone,
    opened,
    png,
    png_that_says_it_is,
    png_with_words,
)
from tests.media.school import LARGE
from tests.media.world import HANA, NINA, OLGA, World, jobs_of

ID = "photo-of-the-board"


def refused(world: World, **fields: Any) -> Refused:
    world.declare(ID, b"some bytes", **fields)
    with pytest.raises(Refused) as refusal:
        world.begin(ID)
    assert world.state(ID) == ("declared", None)
    return refusal.value


def test_a_photo_comes_up_and_is_stripped(world: World) -> None:
    raw = jpeg_of_a_phone()
    media = world.declare(ID, raw)
    world.send(media, raw)
    assert world.arrive(ID) == "uploaded"
    assert jobs_of(world) == [
        {
            "task_name": "verify_media",
            "args": {"tenant_id": str(world.tenant_id), "media_id": ID},
            "lock": f"verify_media/{world.tenant_id}/{ID}",
            "status": "todo",
            "queue_name": "default",
        }
    ]
    assert world.verify(ID) == ("ready", None)
    assert world.keys() == [f"{ID}/photo", f"{ID}/small"]
    stored = world.stored(media.key("photo"))
    assert [secret for secret in SECRETS if secret in raw and secret in stored] == []
    assert [secret for secret in SECRETS if secret in raw] != []
    assert opened(stored).size == (32, 64)
    fetched = httpx.get(world.store.sign_get(media.key("photo"), "image/jpeg", "board.jpg").url)
    assert fetched.content == stored


def test_a_png_loses_its_words_too(world: World) -> None:
    raw = png_with_words()
    media = world.declare(ID, raw, "image/png")
    world.send(media, raw)
    world.arrive(ID)
    assert world.verify(ID) == ("ready", None)
    stored = world.stored(media.key("photo"))
    assert [secret for secret in SECRETS if secret in stored] == []
    assert opened(stored).size == (64, 32)


def test_a_plan_moves_a_declared_file_to_uploading(world: World) -> None:
    world.declare(ID, jpeg())
    for _ in range(2):
        world.begin(ID)
        assert world.state(ID) == ("uploading", None)


def test_eight_mebibytes_are_one_put_and_a_byte_more_are_parts(world: World) -> None:
    whole = uploads.plan(world.store, world.declare("photo-small-enough", bytes(8), size_bytes=MAX_PUT))
    parts = uploads.plan(world.store, world.declare("photo-too-large", bytes(8), size_bytes=MAX_PUT + 1))
    assert isinstance(whole, Signed)
    assert whole.headers["Content-Length"] == "8388608"
    assert isinstance(parts, Parts)
    assert (parts.part_size, parts.arrived) == (5_242_880, ())
    assert list(uploads.sizes(world.media("photo-too-large")).values()) == [
        5_242_880,
        MAX_PUT + 1 - 5_242_880,
    ]


@pytest.mark.parametrize(
    ("fields", "problem", "pointer"),
    [
        ({"media_type": "image/svg+xml"}, Problem.MEDIA_TYPE_REFUSED, "/media_type"),
        ({"media_type": "text/html"}, Problem.MEDIA_TYPE_REFUSED, "/media_type"),
        ({"media_type": None}, Problem.MEDIA_TYPE_REFUSED, "/media_type"),
        ({"size_bytes": MAX_PHOTO + 1}, Problem.TOO_LARGE, "/size_bytes"),
        ({"size_bytes": None}, Problem.INVALID_RECORD, "/size_bytes"),
        ({"sha256": None}, Problem.INVALID_RECORD, "/sha256"),
        ({"consent_basis": None}, Problem.CONSENT_REQUIRED, "/consent_basis"),
        ({"media_type": "video/mp4", "size_bytes": (4 << 30) + 1}, Problem.TOO_LARGE, "/size_bytes"),
    ],
)
def test_what_is_not_taken_is_told_before_it_is_sent(
    world: World, fields: dict[str, Any], problem: Problem, pointer: str
) -> None:
    refusal = refused(world, **fields)
    assert refusal.problem is problem
    assert list(refusal.errors) == [pointer]


def test_twenty_five_mebibytes_are_taken(world: World) -> None:
    world.declare(ID, bytes(8), size_bytes=26_214_400)
    assert isinstance(uploads.plan(world.store, world.begin(ID)), Parts)
    assert list(uploads.sizes(world.media(ID))) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("person", "problem"),
    [(NINA, Problem.NOT_FOUND), (HANA, Problem.NOT_FOUND), ("nobody-at-all", Problem.NOT_FOUND)],
)
def test_to_others_it_is_not_there(world: World, person: str, problem: Problem) -> None:
    world.declare(ID, jpeg())
    with world.database.begin(world.tenant_id) as connection, pytest.raises(Refused) as refusal:
        uploads.find_own(connection, world.actor(person), ID)
    assert refusal.value.problem is problem


def test_who_sees_it_may_not_send_it(world: World) -> None:
    world.declare(ID, jpeg())
    world.put(OLGA, "visits", "visit-of-a-lesson", state="shared")
    with world.database.begin(world.tenant_id) as connection, pytest.raises(Refused) as refusal:
        uploads.find_own(connection, world.actor(HANA), ID)
    assert refusal.value.problem is Problem.NOT_ALLOWED


def test_done_without_sending_is_not_done(world: World) -> None:
    for name, content in (("photo-small-one", jpeg()), ("photo-large-one", LARGE)):
        world.declare(name, content)
        with pytest.raises(Refused) as refusal:
            world.arrive(name)
        assert refusal.value.problem is Problem.MEDIA_NOT_READY
    assert jobs_of(world) == []


def test_done_may_be_said_twice_at_any_time(world: World) -> None:
    world.send(world.declare(ID, LARGE), LARGE)
    assert [world.arrive(ID), world.arrive(ID)] == ["uploaded", "uploaded"]
    assert world.verify(ID) == ("ready", None)
    assert world.arrive(ID) == "ready"
    assert len(jobs_of(world)) == 1


def test_the_job_is_there_exactly_when_the_state_is(world: World) -> None:
    world.send(world.declare(ID, jpeg()), jpeg())
    with suppress(ZeroDivisionError), world.database.begin(world.tenant_id) as connection:
        assert uploads.arrived(connection, world.door, world.actor(OLGA), ID) == "uploaded"
        raise ZeroDivisionError
    assert world.state(ID) == ("declared", None)
    assert jobs_of(world) == []


def test_what_was_sent_cannot_be_planned_or_aborted(world: World) -> None:
    world.send(world.declare(ID, jpeg()), jpeg())
    world.arrive(ID)
    for step in (uploads.plan, uploads.abort):
        with pytest.raises(Refused) as refusal:
            step(world.store, world.media(ID))
        assert refusal.value.problem is Problem.ILLEGAL_MOVE


def smuggled(
    world: World, content: bytes, media_type: str = "image/jpeg", **declared: Any
) -> tuple[str, str | None]:
    """What becomes of bytes that lie there although they are not what was declared."""
    media = world.declare(ID, content, media_type, **declared)
    world.store.put(media.raw_key, content, media_type)
    with world.database.begin(world.tenant_id) as connection:
        uploads.arrived(connection, world.door, world.actor(OLGA), ID)
    return world.verify(ID)


@pytest.mark.parametrize(
    ("content", "media_type", "declared", "reason"),
    [
        (jpeg(), "image/jpeg", {"sha256": hashlib.sha256(b"other").hexdigest()}, "wrong_checksum"),
        (jpeg(), "image/jpeg", {"size_bytes": len(jpeg()) + 1}, "wrong_size"),
        (jpeg(), "image/jpeg", {"size_bytes": len(jpeg()) - 1}, "wrong_size"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "image/jpeg", {}, "wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", {}, "wrong_type"),
        (png(), "image/jpeg", {}, "wrong_type"),
        (jpeg()[:-40], "image/jpeg", {}, "unreadable"),
        (b"", "image/jpeg", {"size_bytes": 10}, "empty"),
        (png_that_says_it_is(60_000, 60_000), "image/png", {}, "too_many_pixels"),
    ],
)
def test_what_is_no_photo_is_put_away(
    world: World, content: bytes, media_type: str, declared: dict[str, Any], reason: str
) -> None:
    assert smuggled(world, content, media_type, **declared) == ("quarantined", reason)
    assert world.keys() == []


def test_a_size_that_differs_is_refused_and_another_may_be_sent(world: World) -> None:
    media = world.declare(ID, jpeg())
    world.store.put(media.raw_key, jpeg() + b"!", "image/jpeg")
    with pytest.raises(Refused) as refusal:
        world.arrive(ID)
    assert refusal.value.problem is Problem.MEDIA_MISMATCH
    world.send(media, jpeg())
    assert world.arrive(ID) == "uploaded"


def test_bytes_that_vanished_are_told(world: World) -> None:
    media = world.declare(ID, jpeg())
    world.send(media, jpeg())
    world.arrive(ID)
    world.store.delete(media.raw_key)
    assert world.verify(ID) == ("quarantined", "missing")


@pytest.mark.parametrize("stopped_at", ["put", "move", "delete"])
def test_stopped_at_any_point_it_ends_once(
    world: World, stopped_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = world.declare(ID, jpeg_of_a_phone())
    world.send(media, jpeg_of_a_phone())
    world.arrive(ID)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    target: Any = uploads.records if stopped_at == "move" else world.store
    with monkeypatch.context() as patched:
        patched.setattr(target, stopped_at, killed)
        with pytest.raises(KeyboardInterrupt):
            world.verify(ID)
    assert world.verify(ID) == ("ready", None)
    ready_at = world.seq("media", ID)
    assert world.verify(ID) == ("ready", None)
    assert world.seq("media", ID) == ready_at
    assert world.keys() == [f"{ID}/photo", f"{ID}/small"]


def test_a_record_that_refuses_its_renditions_keeps_its_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(world.declare(ID, jpeg()), jpeg())
    world.arrive(ID)
    too_long = {"image": lambda *_: {"progress": 100, "renditions": ["photo"], "placeholder": "x" * 3000}}
    with monkeypatch.context() as patched:
        patched.setattr(processing, "MAKERS", too_long)
        with pytest.raises(RuntimeError, match="did not take"):
            world.verify(ID)
    assert (world.state(ID), world.keys()) == (("uploaded", None), [f"{ID}/raw"])
    assert world.verify(ID) == ("ready", None)


def test_a_record_deleted_meanwhile_takes_its_bytes_along(world: World) -> None:
    media = world.declare(ID, jpeg())
    world.send(media, jpeg())
    world.arrive(ID)
    world.store.put(media.key("photo"), jpeg(), "image/jpeg")
    world.delete("media", ID)
    processing.verify(world.database, world.door, world.store, world.tenant_id, ID)
    assert world.keys() == []


def test_only_the_service_moves_a_file(world: World) -> None:
    world.declare(ID, jpeg())
    for state in ("uploaded", "verified", READY):
        assert world.push(world.actor(OLGA), "media", ID, state=state).status == "rejected"
    assert world.push(world.actor(OLGA), "media", ID, reason="I say so").status == "merged"
    assert world.state(ID) == ("declared", None)


def test_what_was_declared_stands(world: World) -> None:
    media = world.declare(ID, jpeg())
    assert world.push(world.actor(OLGA), "media", ID, size_bytes=1).status == "rejected"
    assert world.media(ID).size_bytes == media.size_bytes


def test_a_missing_object_is_absent_not_a_fault(world: World) -> None:
    with pytest.raises(AbsentError):
        world.store.size(world.declare(ID, jpeg()).raw_key)
