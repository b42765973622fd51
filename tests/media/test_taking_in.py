"""A file that was sent whole by a client that said nothing afterwards is found, and checked like any."""

from __future__ import annotations

from datetime import timedelta

import httpx

from service.media.taking_in import take_in
from tests.media.pictures import jpeg
from tests.media.world import World

ID = "photo-of-the-board"


def taken(world: World, later: timedelta) -> int:
    return take_in(world.database, world.door, world.store, world.tenant_id, world.now + later)


def test_a_file_that_came_by_a_form_is_taken_in(world: World) -> None:
    world.declare(ID, jpeg())
    media = world.begin(ID)
    assert taken(world, timedelta(minutes=2)) == 0
    form = world.store.sign_form(media.raw_key, media.media_type, media.size_bytes, media.sha256)
    sent = httpx.post(form.url, data=dict(form.headers), files={"file": ("board.jpg", jpeg(), "image/jpeg")})
    assert sent.status_code in (200, 201, 204), sent.text
    assert taken(world, timedelta(seconds=30)) == 0
    assert taken(world, timedelta(minutes=2)) == 1
    assert world.state(ID) == ("uploaded", None)
    assert world.verify(ID) == ("ready", None)
    assert taken(world, timedelta(minutes=3)) == 0


def test_a_form_takes_no_other_length(world: World) -> None:
    world.declare(ID, jpeg())
    media = world.begin(ID)
    form = world.store.sign_form(media.raw_key, media.media_type, media.size_bytes, media.sha256)
    longer = httpx.post(
        form.url, data=dict(form.headers), files={"file": ("b.jpg", jpeg() + b"x", "image/jpeg")}
    )
    assert longer.status_code == 400
    assert taken(world, timedelta(minutes=2)) == 0
