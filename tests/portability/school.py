"""What happens in that school, and how to look for it everywhere."""

from __future__ import annotations

import subprocess
from typing import Any

from sqlalchemy import make_url

from schemas.records.seats import seat_id
from service.accounts import directory, sessions, sign_in
from service.dev.postgres import binary
from sync.changes import Change
from sync.server.actor import system_actor
from tests.conftest import owner_url
from tests.media.pictures import jpeg
from tests.media.world import HANA, NINA, OLGA, VISIT, World

ADDRESS = "olga.canary@north.example"
NAME = "Olga Canaryname"
DRAFT, DRAFTED_BEFORE = "canary of a draft", "canary of what the draft said before"
SHARED, SHARED_BEFORE = "a shared canary", "canary of what it said before it was shared"
INVITING, REFUSED, DEVICE = "canary of an invitation", "canary of what was refused", "canary of a device"
OF_HER_LESSON, DRAFT_ON_HERS = "canary of a note on her own lesson", "canary of a draft on it"
COMMENT, DEBRIEF, NEXT_STEP = "canary of a comment", "canary of a debrief", "canary of a next step"
COMMENTED_BEFORE, ON_HER_PHOTO = (
    "canary of what a comment said before",
    "canary of a comment by somebody else",
)
REQUEST, KEPT_APART = "canary of a request", "canary of what lost against another"
PHOTO = "photo-of-olga"
GONE = (
    ADDRESS,
    NAME,
    DRAFT,
    DRAFTED_BEFORE,
    SHARED_BEFORE,
    INVITING,
    REFUSED,
    DEVICE,
    OF_HER_LESSON,
    DRAFT_ON_HERS,
    COMMENT,
    DEBRIEF,
    NEXT_STEP,
    REQUEST,
    KEPT_APART,
    COMMENTED_BEFORE,
    ON_HER_PHOTO,
)
HER_LESSON, STUDIO = "lesson-of-olga", "studio-of-nina"
SEAT = seat_id("door-of-olga", NINA)


def live(world: World) -> None:
    """A few weeks."""
    arrive(world)
    join_a_studio(world)
    observe(world)
    open_her_door(world)
    be_observed(world)
    ask_and_be_refused(world)
    lose_against_another(world)
    talk_about_a_photo(world)


def arrive(world: World) -> None:
    """An account, with an address, a code and a phone."""
    world.system("people", OLGA, display_name=NAME, roles=["teacher"])
    with world.database.begin(world.tenant_id) as connection:
        directory.add_address(connection, ADDRESS, world.tenant_id, OLGA, world.now)
        sign_in.make_code(connection, world.tenant_id, OLGA, world.now)
        sessions.start(connection, world.tenant_id, OLGA, ("phone-of-olga", DEVICE), world.now)


def join_a_studio(world: World) -> None:
    """As a member of what somebody else leads."""
    studio = {
        "name": "Who speaks?",
        "group_type": "studio",
        "question": "Who speaks, and when?",
        "lead_id": NINA,
    }
    world.system("groups", STUDIO, **studio, state="running")
    belongs = {"person_id": OLGA, "group_id": STUDIO, "role": "member", "state": "enrolled"}
    joined = world.push(system_actor(world.tenant_id), "memberships", "olga-in-the-studio", **belongs)
    assert joined.problem is None, joined


def observe(world: World) -> None:
    """A visit to Hana: a draft, and a note that is shared; both were written twice."""
    note(world, OLGA, "draft-note", DRAFTED_BEFORE)
    world.put(OLGA, "notes", "draft-note", text=DRAFT)
    note(world, OLGA, "shared-note", SHARED_BEFORE)
    world.put(OLGA, "notes", "shared-note", text=SHARED)
    world.put(HANA, "visits", VISIT, state="captured")
    world.put(OLGA, "notes", "shared-note", state="shared")


def open_her_door(world: World) -> None:
    """An invitation, and Nina's seat."""
    door = {"host_id": OLGA, "look_for": INVITING, "people_ids": [NINA], "seats": 2, "state": "open"}
    world.put(OLGA, "invitations", "door-of-olga", **door)
    seat = {"invitation_id": "door-of-olga", "person_id": NINA, "state": "accepted"}
    claimed = world.push(world.actor(NINA), "seats", SEAT, **seat)
    assert claimed.problem is None, claimed


def be_observed(world: World) -> None:
    """Hana's visit to her, and what the two made of it."""
    world.put(OLGA, "visits", HER_LESSON, host_id=OLGA, observer_ids=[HANA], state="under_way")
    note(world, HANA, "note-of-hana", OF_HER_LESSON, visit=HER_LESSON)
    note(world, HANA, "draft-of-hana", DRAFT_ON_HERS, visit=HER_LESSON)
    world.put(HANA, "visits", HER_LESSON, state="captured")
    world.put(HANA, "notes", "note-of-hana", state="shared")
    world.put(OLGA, "debriefs", "debrief-of-olga", visit_id=HER_LESSON, summary=DEBRIEF)
    world.put(OLGA, "next_steps", "step-of-olga", visit_id=HER_LESSON, text=NEXT_STEP)


def ask_and_be_refused(world: World) -> None:
    """A request to Hana, and a note that the door did not take."""
    asked = {"host_id": HANA, "requester_id": OLGA, "message": REQUEST}
    assert world.push(world.actor(OLGA), "visit_requests", "request-of-olga", **asked).problem is None
    words = {"visit_id": VISIT, "note_kind": "x", "text": REFUSED}
    refused = world.push(world.actor(OLGA), "notes", "note-nowhere", **words)
    assert refused.status == "rejected", refused


def lose_against_another(world: World) -> None:
    """Two wrote the same field: Hana's words stand, Olga's are kept apart."""
    lost = {"person_id": HANA, "collection": "visits", "record_id": VISIT, "field": "focus", "kept": "Hana's"}
    lost |= {"kept_by": HANA, "other": KEPT_APART, "other_by": OLGA}
    with world.database.begin(world.tenant_id) as connection:
        change = Change("op-conflict", "conflicts", "conflict-of-two", lost)
        (kept,) = world.door.push(connection, system_actor(world.tenant_id), [change])
        assert kept.problem is None, kept


def talk_about_a_photo(world: World) -> None:
    """Her photo of Hana's lesson, and what both say about it once it is shared."""
    picture = jpeg()
    world.declare(PHOTO, picture)
    world.send(world.begin(PHOTO), picture)
    assert world.arrive(PHOTO) == "uploaded"
    assert world.verify(PHOTO) == ("ready", None)
    world.put(OLGA, "visits", VISIT, state="shared")
    world.put(OLGA, "comments", "comment-of-olga", media_id=PHOTO, text=COMMENT)
    world.put(HANA, "comments", "comment-of-hana", media_id=PHOTO, text=COMMENTED_BEFORE)
    world.put(HANA, "comments", "comment-of-hana", text=ON_HER_PHOTO)


def note(world: World, person_id: str, note_id: str, text: str, visit: str = VISIT) -> None:
    """A noticing of somebody's."""
    world.put(person_id, "notes", note_id, visit_id=visit, note_kind="noticing", text=text, at_ms=61_000)


def dump(world: World) -> str:
    """Everything that the database holds, as `pg_dump` writes it."""
    url = make_url(owner_url(world.settings.database_url)).set(drivername="postgresql")
    command = [binary("pg_dump"), "--data-only", "--inserts", url.render_as_string(hide_password=False)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def versions(world: World, below: str = "") -> list[str]:
    """The keys of all that the store keeps, old versions and marks of deletions too."""
    prefix = f"{world.tenant_id}/{below}"
    listed: dict[str, Any] = world.store._client.list_object_versions(
        Bucket=world.store.bucket, Prefix=prefix
    )
    return [found["Key"] for found in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))]
