"""What the worker does by the clock, task by task."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, insert, select

from service.accounts import directory, sign_in
from service.accounts.models import sign_in_code
from service.media import record as records
from service.media import sweep, uploads
from service.media.uploads import PART_SIZE, Parts
from service.worker import Worker
from sync.changes import Change
from sync.server.purge import INBOX_BATCH
from sync.server.tables import inbox
from tests.media.pictures import jpeg
from tests.media.world import OLGA, VISIT, World, jobs_of

ID = "photo-of-the-board"
LARGE = jpeg() + bytes(2 * PART_SIZE)


def later(world: World, **span: int) -> None:
    world.now += timedelta(**span)


def kept(world: World) -> int:
    query = select(func.count()).select_from(inbox).where(inbox.c.tenant_id == world.tenant_id)
    with world.database.begin(world.tenant_id) as connection:
        return connection.execute(query).scalar_one()


def waiting_jobs(world: World) -> int:
    with world.database.begin(world.tenant_id) as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs").scalar_one())


TWICE = (
    "fold_read_log",
    "forget_rosters",
    "take_up_clips",
    "erase_media",
    "expire",
    "give_up_held",
    "purge_inbox",
    "sweep_uploads",
    "tidy_store",
    "purge",
    "take_up_mail",
    "forget_mail",
    "send_calendar_invites",
    "push_today",
    "send_digests",
    "raise_horizon",
)


def test_every_task_is_there_and_can_be_run_twice(world: World, worker_of: Worker) -> None:
    queue = worker_of.queue()
    by_the_clock = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert by_the_clock == {
        "rescue_stalled": "* * * * *",
        "forget_old_jobs": "23 * * * *",
        "follow_grants": "* * * * *",
        "fold_read_log": "* * * * *",
        "take_up_webhooks": "* * * * *",
        "forget_answers": "11 * * * *",
        "forget_app_codes": "13 * * * *",
        "forget_secrets": "7 * * * *",
        "forget_rosters": "11 * * * *",
        "forget_exports": "17 3 * * *",
        "forget_deliveries": "29 3 * * *",
        "take_in": "* * * * *",
        "take_up_clips": "* * * * *",
        "erase_media": "* * * * *",
        "send_calendar_invites": "* * * * *",
        "send_digests": "*/10 * * * *",
        "push_today": "* * * * *",
        "take_up_mail": "*/10 * * * *",
        "expire": "*/5 * * * *",
        "give_up_held": "*/5 * * * *",
        "purge_inbox": "11 * * * *",
        "sweep_uploads": "11 * * * *",
        "tidy_store": "17 3 * * *",
        "purge": "29 3 * * *",
        "forget_mail": "29 3 * * *",
        "raise_horizon": "41 3 * * *",
    }
    for name in TWICE:
        assert queue.tasks[name].queueing_lock == name
        for _ in range(2):
            queue.tasks[name].func(0)


def test_a_draft_expires(world: World, worker_of: Worker) -> None:
    world.put(OLGA, "notes", "note-never-shared", visit_id=VISIT, note_kind="noticing", text="Hm.")
    assert worker_of.expire(world.tenant_id) is False
    assert world.record("notes", "note-never-shared")["state"] == "draft"
    later(world, days=15)
    worker_of.expire(world.tenant_id)
    assert world.record("notes", "note-never-shared")["state"] == "expired"


def test_what_cannot_expire_is_not_asked_for_ever(
    world: World, worker_of: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = [
        Change(f"expire-{n}", "notes", f"note-nowhere-{n}", {"state": "expired"}, base_seq=1)
        for n in range(500)
    ]
    monkeypatch.setattr("service.worker.expiry.due", lambda *_: refused)
    worker_of.for_each_tenant(worker_of.expire)(0)


def test_a_change_that_waited_too_long_is_given_back(world: World, worker_of: Worker) -> None:
    outcome = world.push(
        world.actor(OLGA), "notes", "note-of-no-visit", visit_id="visit-that-never-came", note_kind="quote"
    )
    assert outcome.status == "held"
    assert worker_of.give_up_held(world.tenant_id) is False
    later(world, days=6)
    assert worker_of.give_up_held(world.tenant_id) is True
    assert worker_of.give_up_held(world.tenant_id) is False


def test_raw_pushes_are_kept_thirty_days(world: World, worker_of: Worker) -> None:
    recent = kept(world)
    assert recent > 0
    long_ago = world.now - timedelta(days=31)
    rows = [
        {
            "tenant_id": world.tenant_id,
            "id": uuid4(),
            "at": long_ago,
            "person_id": OLGA,
            "device_id": "phone",
            "body": "[]",
        }
        for _ in range(INBOX_BATCH + 20)
    ]
    with world.database.begin(world.tenant_id) as connection:
        connection.execute(insert(inbox), rows)
    assert worker_of.purge_inbox(world.tenant_id) is True
    assert kept(world) == recent + 20
    assert worker_of.purge_inbox(world.tenant_id) is False
    assert kept(world) == recent


def test_a_code_is_forgotten_seven_days_after_it_ran_out(world: World, worker_of: Worker) -> None:
    with world.database.begin(world.tenant_id) as connection:
        sign_in.make_code(connection, world.tenant_id, OLGA, world.now)
    for days, left in ((14, 1), (1, 0)):
        later(world, days=days)
        worker_of.forget_secrets(0)
        with world.database.begin_reference() as connection:
            assert len(connection.execute(select(sign_in_code)).all()) == left


def test_an_upload_that_nobody_ends_is_given_up(world: World, worker_of: Worker) -> None:
    media = world.declare(ID, LARGE)
    plan = uploads.plan(world.store, media)
    assert isinstance(plan, Parts)
    world.send_part(media, 1, LARGE)
    second = uploads.sign_part(world.store, media, 2).url
    later(world, days=29)
    worker_of.sweep_uploads(world.tenant_id)
    assert world.state(ID) == ("declared", None)
    later(world, days=2)
    worker_of.sweep_uploads(world.tenant_id)
    assert world.state(ID) == ("abandoned", None)
    assert world.store.upload_id(media.raw_key) is None
    assert httpx.put(second, content=LARGE[PART_SIZE : 2 * PART_SIZE]).status_code == 404


def test_one_that_was_begun_is_given_up_too(world: World, worker_of: Worker) -> None:
    world.declare(ID, LARGE)
    world.begin(ID)
    later(world, days=31)
    worker_of.sweep_uploads(world.tenant_id)
    assert world.state(ID) == ("abandoned", None)


def test_one_that_ends_while_it_is_being_given_up_keeps_its_bytes(
    world: World, worker_of: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(world.declare(ID, jpeg()), jpeg())
    later(world, days=31)

    def found_and_then_complete(*_: object) -> list[str]:
        assert world.arrive(ID) == "uploaded"
        return [ID]

    monkeypatch.setattr(sweep, "_older", found_and_then_complete)
    sweep.abandon(world.database, world.door, world.store, world.tenant_id, world.now)
    assert world.verify(ID) == ("ready", None)


def test_a_file_whose_check_was_lost_is_taken_up(world: World, worker_of: Worker) -> None:
    world.send(world.declare(ID, jpeg()), jpeg())
    world.arrive(ID)
    with world.database.begin(world.tenant_id) as connection:
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
    worker_of.sweep_uploads(world.tenant_id)
    assert waiting_jobs(world) == 0
    later(world, hours=2)
    for _ in range(2):
        worker_of.sweep_uploads(world.tenant_id)
        assert waiting_jobs(world) == 1


def film_that_plays(world: World, name: str, **fields: object) -> None:
    """Of which the rest is still to be made, and nobody is over it."""
    world.declare(name, b"a film", "video/mp4")
    with world.database.begin(world.tenant_id) as connection:
        said = {"progress": 10, **fields}
        assert records.move(connection, world.door, world.media(name), "ready", said) == "ready"
    for form in ("raw", "original"):
        world.store.put(world.media(name).key(form), b"a film", "video/mp4")


def test_a_film_whose_long_job_was_lost_is_taken_up(world: World, worker_of: Worker) -> None:
    film_that_plays(world, "film-that-plays")
    film_that_plays(world, "film-made-whole", progress=100)
    later(world, hours=2)
    for _ in range(2):
        worker_of.sweep_uploads(world.tenant_id)
        assert [(job["task_name"], job["args"]["media_id"], job["queue_name"]) for job in jobs_of(world)] == [
            ("transcode_media", "film-that-plays", "long")
        ]


def test_a_film_in_which_faces_are_being_blurred_is_not_checked_again(
    world: World, worker_of: Worker
) -> None:
    world.declare(ID, b"a film", "video/mp4", blur_faces=True)
    with world.database.begin(world.tenant_id) as connection:
        records.move(connection, world.door, world.media(ID), "verified", {"progress": 10})
    later(world, hours=2)
    worker_of.sweep_uploads(world.tenant_id)
    assert [job["task_name"] for job in jobs_of(world)] == ["transcode_media"]


def test_what_is_held_or_still_needed_is_not_tidied_away(world: World, worker_of: Worker) -> None:
    for name in ("film-held", "film-that-plays"):
        film_that_plays(world, name)
    film_that_plays(world, "film-made-whole", progress=100)
    with world.database.begin(world.tenant_id) as connection:
        records.move(connection, world.door, world.media("film-held"), "incident_hold")
    later(world, days=2)
    worker_of.tidy_store(world.tenant_id)
    assert world.keys() == [
        *("film-held/original", "film-held/raw", "film-made-whole/original"),
        *("film-that-plays/original", "film-that-plays/raw"),
    ]


def test_objects_without_a_record_are_tidied_away(world: World, worker_of: Worker) -> None:
    raw = jpeg()
    for name in ("photo-that-is-shown", "photo-of-a-lost-record", "photo-on-its-way"):
        world.send(world.declare(name, raw), raw)
    for name in ("photo-that-is-shown", "photo-of-a-lost-record"):
        world.arrive(name)
        assert world.verify(name) == ("ready", None)
    world.delete("media", "photo-of-a-lost-record")
    world.store.put(world.media("photo-that-is-shown").raw_key, raw, "image/jpeg")
    everything = world.keys()
    worker_of.tidy_store(world.tenant_id)
    assert world.keys() == everything
    later(world, days=2)
    worker_of.tidy_store(world.tenant_id)
    shown = [f"photo-that-is-shown/{name}" for name in ("photo", "small")]
    assert world.keys() == ["photo-on-its-way/raw", *shown]


def test_uploads_in_parts_without_a_record_are_forgotten(world: World, worker_of: Worker) -> None:
    for name in ("photo-on-its-way", "photo-of-a-lost-record", "photo-given-up"):
        media = world.declare(name, LARGE)
        uploads.plan(world.store, media)
        world.send_part(media, 1, LARGE)
    world.delete("media", "photo-of-a-lost-record")
    world.put(OLGA, "media", "photo-given-up", state="abandoned")

    def under_way() -> list[str]:
        return sorted(listed.key.split("/")[1] for listed in world.store.uploads(f"{world.tenant_id}/"))

    worker_of.tidy_store(world.tenant_id)
    assert len(under_way()) == 3
    later(world, days=2)
    worker_of.tidy_store(world.tenant_id)
    assert under_way() == ["photo-on-its-way"]


def test_a_key_that_is_none_of_ours_stops_no_tidying(world: World, worker_of: Worker) -> None:
    for key in ("stray", "photo-of-nobody/deep/er", "photo-of-nobody/raw"):
        world.store.put(f"{world.tenant_id}/{key}", b"lost", "text/plain")
    later(world, days=2)
    worker_of.tidy_store(world.tenant_id)
    assert world.keys() == []


def test_other_tenants_are_left_alone(world: World, worker_of: Worker) -> None:
    with world.database.begin_reference() as connection:
        south = directory.create_tenant(connection, "south", "South district", world.now)
    world.store.put(f"{south}/photo-of-theirs/photo", jpeg(), "image/jpeg")
    later(world, days=2)
    worker_of.tidy_store(world.tenant_id)
    assert [listed.key for page in world.store.pages(f"{south}/") for listed in page] == [
        f"{south}/photo-of-theirs/photo"
    ]


def test_a_fault_with_one_tenant_spoils_no_other(world: World, worker_of: Worker) -> None:
    with world.database.begin_reference() as connection:
        directory.create_tenant(connection, "south", "South district", world.now)
    worked: list[UUID] = []

    def work(tenant_id: UUID) -> bool:
        worked.append(tenant_id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        worker_of.for_each_tenant(work)(0)
    assert sorted(worked) == sorted(worker_of.tenants())
    assert len(worked) == 2
