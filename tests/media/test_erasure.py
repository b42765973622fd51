"""What was deleted, ran out or lost its consent is gone from the store within a minute: every object, version and part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from schemas.problems import Refused
from service.media import clips, erasure, holds, transcoding, uploads
from service.media.patience import WORKER
from service.media.store import Store
from service.records import KINDS
from service.settings import Settings
from service.worker import Worker
from sync.clock import stamp
from tests.media import films
from tests.media.pictures import jpeg
from tests.media.world import HANA, OLGA, VISIT, World
from tests.servers import Answer, s3_client

FILM, CLIP, PHOTO = "film-of-the-lesson", "clip-of-the-film", "photo-of-the-board"


@pytest.fixture(params=["plain", "versioned"])
def bucket(request: pytest.FixtureRequest, world: World, s3: Answer) -> Iterator[World]:
    """A world whose bucket keeps no versions, and one whose bucket keeps them all."""
    if request.param == "plain":
        yield world
        return
    client, name = s3_client(s3), f"versioned-{world.tenant_id.hex[:12]}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    world.settings = replace(world.settings, s3_bucket=name)
    world.store = Store(world.settings, WORKER)
    yield world
    world.store.erase_below("")
    client.delete_bucket(Bucket=name)


@pytest.fixture
def worker_of(world: World) -> Worker:
    """The worker's tasks over that world, to be called one by one."""
    return Worker(world.settings, world.database, world.door, world.store, lambda: world.now)


def kept(world: World) -> int:
    """Everything that the store keeps of this tenant: versions, marks of deletions, parts."""
    prefix, client = f"{world.tenant_id}/", world.store._client
    listed = client.list_object_versions(Bucket=world.store.bucket, Prefix=prefix)
    found = len(listed.get("Versions", ())) + len(listed.get("DeleteMarkers", ()))
    return found + len(world.store.uploads(prefix))


def owners(world: World) -> set[str]:
    """The records of which something lies in the store."""
    found = world.keys()
    return {key.partition("/")[0] for key in found}


def film(world: World, media_id: str = FILM) -> None:
    media = world.declare(media_id, films.mp4(), "video/mp4", file_name="lesson.mp4")
    world.store.put(media.raw_key, films.mp4(), "video/mp4")
    world.begin(media_id)
    world.arrive(media_id)
    assert world.verify(media_id) == ("ready", None)


def erase(world: World) -> None:
    while erasure.erase(world.database, world.door, world.store, world.tenant_id):
        pass


def link(world: World, media_id: str) -> str:
    media = world.media(media_id)
    url = world.store.sign_get(media.key("original"), "video/mp4", "lesson.mp4").url
    assert httpx.get(url).status_code == 200
    return url


def withdraw(world: World, media_id: str, by: str = HANA) -> None:
    said = {"consent_withdrawn_at": stamp(world.now)}
    outcome = world.push(world.actor(by), "media", media_id, **said)
    assert outcome.problem is None, outcome


def remove(world: World, media_id: str, by: str = HANA) -> None:
    world.delete("media", media_id)


def run_out(world: World, media_id: str) -> None:
    world.system("media", media_id, state="expiring")


@pytest.mark.parametrize("happens", [withdraw, remove, run_out])
def test_nothing_is_left_and_no_link_works(bucket: World, happens: Callable[[World, str], None]) -> None:
    bucket.put(OLGA, "visits", VISIT, state="shared")
    film(bucket)
    film(bucket, "film-that-stays")
    transcoding.transcode(bucket.database, bucket.door, bucket.store, bucket.tenant_id, FILM)
    there = bucket.keys()
    stays = len(there) - len([key for key in there if key.startswith(f"{FILM}/")])
    url = link(bucket, FILM)
    happens(bucket, FILM)
    erase(bucket)
    assert httpx.get(url).status_code == 404
    assert owners(bucket) == {"film-that-stays"}
    assert len(bucket.keys()) == stays
    if happens is not remove:
        record = bucket.record("media", FILM)
        assert (record["state"], record["renditions"], record["placeholder"]) == ("deleted", [], None)
    bucket.delete("media", "film-that-stays")
    erase(bucket)
    assert kept(bucket) == 0


def test_an_upload_whose_consent_is_withdrawn_leaves_no_part(bucket: World) -> None:
    content = films.mp4() + bytes(9 << 20)
    bucket.declare(FILM, content, "video/mp4")
    media = bucket.begin(FILM)
    uploads.plan(bucket.store, media)
    bucket.send_part(media, 1, content)
    assert kept(bucket) == 1
    withdraw(bucket, FILM, OLGA)
    erase(bucket)
    assert (kept(bucket), bucket.state(FILM)) == (0, ("abandoned", "consent_withdrawn"))
    erase(bucket)


def test_an_upload_that_is_deleted_leaves_no_part(world: World) -> None:
    content = films.mp4() + bytes(9 << 20)
    world.declare(FILM, content, "video/mp4")
    media = world.begin(FILM)
    uploads.plan(world.store, media)
    world.send_part(media, 1, content)
    world.delete("media", FILM)
    erase(world)
    assert kept(world) == 0


def test_a_file_that_is_being_checked_is_put_away(world: World) -> None:
    media = world.declare(FILM, films.mp4(), "video/mp4")
    world.store.put(media.raw_key, films.mp4(), "video/mp4")
    world.begin(FILM)
    world.arrive(FILM)
    withdraw(world, FILM, OLGA)
    assert world.verify(FILM) == ("quarantined", "consent_withdrawn")
    assert kept(world) == 0


def test_clips_go_with_the_consent_of_their_recording_and_not_with_its_time(world: World) -> None:
    world.put(OLGA, "visits", VISIT, state="shared")
    film(world)
    world.push(world.actor(HANA), "media", CLIP, visit_id=VISIT, clip_of=FILM, from_ms=0, until_ms=1500)
    clips.cut(world.database, world.door, world.store, world.tenant_id, CLIP)
    assert world.record("media", CLIP)["expires_at"] is None
    run_out(world, FILM)
    erase(world)
    assert (world.state(FILM)[0], world.state(CLIP)[0]) == ("deleted", "ready")
    assert CLIP in owners(world)
    withdraw(world, FILM, OLGA)
    erase(world)
    assert world.state(CLIP) == ("deleted", "consent_withdrawn")
    assert kept(world) == 0


def test_recordings_have_thirty_days_and_photos_have_all_time(world: World, worker_of: Worker) -> None:
    film(world)
    world.send(world.declare(PHOTO, jpeg()), jpeg())
    world.arrive(PHOTO)
    world.verify(PHOTO)
    record = world.record("media", FILM)
    assert record["expires_at"] - record["ready_at"] == timedelta(days=30)
    assert world.record("media", PHOTO)["ready_at"] is not None
    assert world.record("media", PHOTO)["expires_at"] is None
    world.now += timedelta(days=29, hours=23)
    worker_of.expire(world.tenant_id)
    assert world.state(FILM)[0] == "ready"
    world.now += timedelta(hours=2)
    worker_of.expire(world.tenant_id)
    assert world.state(FILM)[0] == "expiring"
    assert worker_of.erase_media(world.tenant_id) is False
    assert (world.state(FILM)[0], world.state(PHOTO)[0]) == ("deleted", "ready")
    assert owners(world) == {PHOTO}


def test_what_is_held_does_not_run_out_and_loses_nothing(world: World, worker_of: Worker) -> None:
    world.put(OLGA, "visits", VISIT, state="shared")
    film(world)
    world.put(HANA, "media", FILM, state="incident_hold")
    there = world.keys()
    withdraw(world, FILM, OLGA)
    world.now += timedelta(days=60)
    worker_of.expire(world.tenant_id)
    worker_of.erase_media(world.tenant_id)
    worker_of.tidy_store(world.tenant_id)
    assert (world.state(FILM)[0], world.keys()) == ("incident_hold", there)


def test_what_could_not_be_erased_is_erased_when_the_store_is_back(world: World, settings: Settings) -> None:
    film(world)
    world.delete("media", FILM)
    here, world.store = world.store, Store(settings)  # where nobody answers
    with pytest.raises(Exception, match="unavailable"):
        erase(world)
    world.store = here
    erase(world)
    assert kept(world) == 0


def test_each_deletion_is_followed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    followed: list[str] = []
    here = world.store.erase_below

    def noted(prefix: str) -> None:
        followed.append(prefix.split("/")[1])
        here(prefix)

    monkeypatch.setattr(world.store, "erase_below", noted)
    for number in range(5):
        world.declare(f"photo-number-{number}", jpeg())
        world.delete("media", f"photo-number-{number}")
    for _ in range(6):
        erasure.erase(world.database, world.door, world.store, world.tenant_id)
    assert followed == [f"photo-number-{number}" for number in range(5)]


def test_comments_go_with_their_recording(world: World) -> None:
    world.put(OLGA, "visits", VISIT, state="shared")
    film(world)
    said: dict[str, Any] = {"media_id": FILM, "text": "Here.", "at_ms": 5}
    world.put(HANA, "comments", "comment-one", **said)
    world.put(OLGA, "comments", "comment-two", **said, reply_to="comment-one")
    world.put(HANA, "comments", "comment-three", **said, reply_to="comment-two")
    world.delete("media", FILM)
    table = KINDS["comments"].table
    with world.database.begin(world.tenant_id) as connection:
        left = connection.execute(select(table.c.id).where(table.c.tenant_id == world.tenant_id))
        assert list(left) == []


def released(world: World, media_id: str = FILM) -> str:
    with world.database.begin(world.tenant_id) as connection:
        return holds.release(connection, world.door, world.tenant_id, media_id, world.now)


def test_the_operator_sees_and_releases_what_is_held(world: World) -> None:
    world.put(OLGA, "visits", VISIT, state="shared")
    film(world)
    world.put(HANA, "media", FILM, state="incident_hold")
    world.put(OLGA, "media", FILM, wifi_only=True)
    with world.database.begin(world.tenant_id) as connection:
        assert holds.held(connection, world.door, world.tenant_id) == [holds.Hold(FILM, VISIT, OLGA, HANA)]
    assert (released(world), world.state(FILM)[0]) == ("ready", "ready")
    with pytest.raises(Refused, match="not held"):
        released(world)
    with pytest.raises(Refused, match="no recording"):
        released(world, "film-of-nobody")


def test_what_is_released_after_its_time_or_without_consent_goes(world: World) -> None:
    world.put(OLGA, "visits", VISIT, state="shared")
    for media_id in (FILM, "film-without-consent"):
        film(world, media_id)
        world.put(HANA, "media", media_id, state="incident_hold")
    withdraw(world, "film-without-consent")
    assert released(world, "film-without-consent") == "expiring"
    world.now += timedelta(days=31)
    assert released(world) == "expiring"
    erase(world)
    assert kept(world) == 0
