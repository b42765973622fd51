"""Large files come in parts, and go on where they stopped: after days, in another process, with the server killed."""

from __future__ import annotations

import tracemalloc

import pytest

from schemas.problems import Problem, Refused
from schemas.records.media import LARGEST
from service.media import uploads
from service.media.uploads import Parts
from tests.media.school import LARGE
from tests.media.world import World

ID = "photo-of-the-board"


def test_large_files_come_in_parts_in_any_order(world: World) -> None:
    media = world.declare(ID, LARGE)
    plan = uploads.plan(world.store, media)
    assert isinstance(plan, Parts)
    etags = {number: world.send_part(media, number, LARGE) for number in (3, 1, 2)}
    uploads.arrive(world.store, media, etags)
    assert world.arrive(ID) == "uploaded"
    assert world.verify(ID) == ("ready", None)


def test_a_missing_part_is_named_and_the_upload_goes_on(world: World) -> None:
    media = world.declare(ID, LARGE)
    plan = uploads.plan(world.store, media)
    assert isinstance(plan, Parts)
    sent = world.send_part(media, 1, LARGE).strip('"')
    with pytest.raises(Refused) as refusal:
        uploads.arrive(world.store, media)
    assert (refusal.value.problem, refusal.value.extra) == (Problem.MEDIA_NOT_READY, {"missing": [2, 3]})
    again = uploads.plan(world.store, media)
    assert isinstance(again, Parts)
    assert again.upload_id == plan.upload_id
    assert [(part.number, part.etag) for part in again.arrived] == [(1, sent)]
    for number in (2, 3):
        world.send_part(media, number, LARGE)
    assert world.arrive(ID) == "uploaded"


def test_a_part_that_the_phone_sent_otherwise_is_missing(world: World) -> None:
    media = world.declare(ID, LARGE)
    world.send(media, LARGE)
    with pytest.raises(Refused) as refusal:
        uploads.arrive(world.store, media, {2: '"of-other-bytes"'})
    assert refusal.value.extra == {"missing": [2]}


def test_done_after_the_parts_were_joined_and_the_answer_lost(world: World) -> None:
    media = world.declare(ID, LARGE)
    world.send(media, LARGE)
    uploads.arrive(world.store, media)
    assert world.state(ID) == ("declared", None)
    assert world.arrive(ID) == "uploaded"


def test_when_all_arrived_and_only_the_word_of_it_was_lost_nothing_comes_again(world: World) -> None:
    """The store had joined the parts when the server died: the phone asks anew, perhaps days later."""
    media = world.declare(ID, LARGE)
    world.send(media, LARGE)
    uploads.arrive(world.store, media)
    plan = uploads.plan(world.store, media)
    assert isinstance(plan, Parts)
    assert [(part.number, part.size) for part in plan.arrived] == list(uploads.sizes(media).items())
    assert world.store.upload_id(media.raw_key) is None
    uploads.arrive(world.store, media, {part.number: part.etag for part in plan.arrived})
    assert world.arrive(ID) == "uploaded"
    assert world.verify(ID) == ("ready", None)


def test_parts_of_a_file_too_large_to_be_taken_are_not_even_counted(world: World) -> None:
    media = world.declare(ID, b"says more", "video/mp4", size_bytes=LARGEST)
    tracemalloc.start()
    with pytest.raises(Refused):
        uploads.arrive(world.store, media)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10_000_000


def test_an_aborted_upload_can_be_begun_anew(world: World) -> None:
    media = world.declare(ID, LARGE)
    first = uploads.plan(world.store, media)
    assert isinstance(first, Parts)
    world.send_part(media, 1, LARGE)
    uploads.abort(world.store, media)
    with pytest.raises(Refused):
        world.arrive(ID)
    world.send(media, LARGE)
    assert world.arrive(ID) == "uploaded"
