"""What people, apps and attackers may send instead of a file: refused with a word, and nothing of it is ever shown."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from schemas.problems import Problem, Refused
from service.media import uploads
from service.media.store import AbsentError
from service.media.uploads import PART_SIZE
from tests.media.pictures import jpeg, opened
from tests.media.world import HANA, NINA, OLGA, VISIT, World

ID = "photo-of-the-board"
LARGE = jpeg() + bytes(2 * PART_SIZE)
PART = LARGE[:PART_SIZE]


def refusal(act: Callable[[], Any]) -> Problem:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.problem


def put(where: Any, content: bytes, headers: Mapping[str, str] | None = None) -> int:
    said = {**where.headers, "Content-Length": str(len(content)), **(headers or {})}
    return httpx.put(where.url, content=content, headers=said).status_code


@pytest.mark.parametrize("number", [0, -1, 4, 1001, 10**9])
def test_a_part_that_the_file_has_not(world: World, number: int) -> None:
    media = world.declare(ID, LARGE)
    uploads.plan(world.store, media)
    assert refusal(lambda: uploads.sign_part(world.store, media, number)) is Problem.INVALID_REQUEST


def test_a_file_that_is_sent_whole_has_no_parts(world: World) -> None:
    media = world.declare(ID, jpeg())
    assert refusal(lambda: uploads.sign_part(world.store, media, 1)) is Problem.INVALID_REQUEST


def test_a_part_before_the_plan(world: World) -> None:
    media = world.declare(ID, LARGE)
    assert refusal(lambda: uploads.sign_part(world.store, media, 1)) is Problem.MEDIA_NOT_READY


@dataclass(frozen=True)
class Damage:
    """What goes over the wire instead of the part that was signed."""

    content: bytes
    headers: dict[str, str]
    status: int


@pytest.mark.parametrize(
    "damage",
    [
        Damage(b"y" + PART[1:], {}, 400),
        Damage(PART[:-1], {}, 403),
        Damage(PART + b"y", {}, 403),
        Damage(PART, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, 403),
        Damage(b"", {}, 403),
    ],
    ids=["other bytes", "a byte less", "a byte more", "another checksum", "nothing"],
)
def test_a_part_that_is_not_the_signed_one_does_not_arrive(world: World, damage: Damage) -> None:
    media = world.declare(ID, LARGE)
    begun = uploads.plan(world.store, media)
    assert isinstance(begun, uploads.Parts)
    where = uploads.sign_part(world.store, media, 1, hashlib.md5(PART).hexdigest())
    assert put(where, damage.content, damage.headers) == damage.status
    assert uploads.arrived_parts(world.store, media, begun.upload_id) == []


def test_a_part_sent_again_with_other_bytes_counts_as_it_came_last(world: World) -> None:
    media = world.declare(ID, LARGE)
    begun = uploads.plan(world.store, media)
    assert isinstance(begun, uploads.Parts)
    world.send_part(media, 1, LARGE)
    time.sleep(1.1)  # the store tells times in seconds
    other = b"y" + LARGE[1:]
    second = world.send_part(media, 1, other).strip('"')
    assert [part.etag for part in uploads.arrived_parts(world.store, media, begun.upload_id)] == [second]
    for number in (2, 3):
        world.send_part(media, number, LARGE)
    assert world.arrive(ID) == "uploaded"
    assert world.verify(ID) == ("quarantined", "wrong_checksum")
    assert world.keys() == []


def test_another_persons_upload(world: World) -> None:
    media = world.declare(ID, LARGE)
    uploads.plan(world.store, media)
    assert refusal(lambda: world.begin(ID, NINA)) is Problem.NOT_FOUND
    world.put(OLGA, "visits", VISIT, state="shared")
    assert refusal(lambda: world.begin(ID, HANA)) is Problem.NOT_ALLOWED
    upload_id, other = (
        world.store.upload_id(media.raw_key) or "",
        world.declare("another-photo-of-hers", LARGE),
    )
    with pytest.raises(AbsentError):
        world.store.parts(other.raw_key, upload_id)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/absolute.jpg",
        'a"; filename="b.html',
        "a\r\nX-Evil: 1",
        "💣.jpg",
    ],
)
def test_a_name_is_only_ever_a_name(world: World, name: str) -> None:
    media = world.declare(ID, jpeg(), file_name=name)
    world.send(media, jpeg())
    world.arrive(ID)
    assert world.verify(ID) == ("ready", None)
    assert sorted(world.keys()) == [f"{ID}/photo", f"{ID}/small"]
    answer = httpx.get(world.store.sign_get(media.key("photo"), "image/jpeg", name).url)
    said = answer.headers["content-disposition"]
    assert said.startswith("attachment; filename*=UTF-8''")
    assert not {'"', "\r", "\n", "/", "\\", ";"} & set(said.removeprefix("attachment; filename*=UTF-8''"))
    assert "x-evil" not in answer.headers
    assert opened(answer.content).size


@pytest.mark.parametrize("state", ["uploaded", "ready", "quarantined", "abandoned"])
def test_nothing_is_sent_to_what_is_settled(world: World, state: str) -> None:
    content = jpeg() if state != "quarantined" else b"<html>"
    world.send(world.declare(ID, content), content)
    if state == "abandoned":
        world.put(OLGA, "media", ID, state="abandoned")
    else:
        world.arrive(ID)
    if state in ("ready", "quarantined"):
        world.verify(ID)
    assert world.state(ID)[0] == state
    assert refusal(lambda: world.begin(ID)) is Problem.ILLEGAL_MOVE
    assert refusal(lambda: uploads.plan(world.store, world.media(ID))) is Problem.ILLEGAL_MOVE
    assert refusal(lambda: uploads.abort(world.store, world.media(ID))) is Problem.ILLEGAL_MOVE


def test_a_link_signed_before_does_not_replace_what_is_there(world: World) -> None:
    media = world.declare(ID, jpeg())
    where: Any = uploads.plan(world.store, media)
    assert [put(where, jpeg()), put(where, jpeg())] == [200, 412]


def test_nothing_at_all_is_no_file(world: World) -> None:
    media = world.declare(ID, b"", size_bytes=1)
    where: Any = uploads.plan(world.store, media)
    assert put(where, b"") in (400, 403)
    assert refusal(lambda: world.arrive(ID)) is Problem.MEDIA_NOT_READY
