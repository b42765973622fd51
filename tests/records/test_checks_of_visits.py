"""Visits and what is written of them: whose words, whose decision to let others read."""

from __future__ import annotations

import pytest

from schemas.problems import Problem, Refused
from tests.records.cast import (
    EVALUATOR,
    FAULT,
    HANA,
    NORA,
    NOT_ALLOWED,
    OLGA,
    OTTO,
    Case,
    assert_refused,
    assert_taken,
    no,
    refusal,
    yes,
)
from tests.records.world import SYSTEM, World

DROP_IN = {"host_id": "hana", "observer_ids": ["olga"]}
GUEST_VISIT = {"host_id": "hana", "invitation_id": "open-door", "observer_ids": ["olga"]}
NOTICED = {"visit_id": "visit-one", "note_kind": "noticing", "text": "They argued."}

REFUSED = {
    "a drop-in by the guest": no(OLGA, "visits", "visit-new", Problem.SEAT_REQUIRED, None, **DROP_IN),
    "a visit without a seat": no(
        OTTO, "visits", "visit-new", Problem.SEAT_REQUIRED, None, **GUEST_VISIT | {"observer_ids": ["otto"]}
    ),
    "a visit that she does not observe": no(
        OLGA, "visits", "visit-new", Problem.SEAT_REQUIRED, None, **GUEST_VISIT | {"observer_ids": []}
    ),
    "a visit of another host": no(
        OLGA, "visits", "visit-new", FAULT, "host_id", **GUEST_VISIT | {"host_id": "nora"}
    ),
    "an observer without a seat": no(
        OLGA, "visits", "visit-one", Problem.SEAT_REQUIRED, "observer_ids", observer_ids=["olga", "otto"]
    ),
    "a host who observes herself": no(
        HANA, "visits", "visit-one", FAULT, "observer_ids", observer_ids=["olga", "hana"]
    ),
    "an evaluator drops in": no(
        HANA, "visits", "visit-new", EVALUATOR, "observer_ids", **DROP_IN | {"observer_ids": ["eva"]}
    ),
    "an observer releases": no(
        OLGA, "visits", "visit-one", NOT_ALLOWED, "released_people_ids", released_people_ids=["nora"]
    ),
    "a guest makes a visit released": no(
        OLGA,
        "visits",
        "visit-new",
        NOT_ALLOWED,
        "released_group_ids",
        **GUEST_VISIT | {"released_group_ids": ["studio-one"]},
    ),
    "released to an evaluator": no(
        HANA, "visits", "visit-one", EVALUATOR, "released_people_ids", released_people_ids=["eva"]
    ),
    "released to a group of others": no(
        HANA, "visits", "visit-one", NOT_ALLOWED, "released_group_ids", released_group_ids=["team-one"]
    ),
    "released to her evaluator's network": no(
        HANA, "visits", "visit-one", EVALUATOR, "released_group_ids", released_group_ids=["net-one"]
    ),
    "released to a school": no(
        HANA, "visits", "visit-one", NOT_ALLOWED, "released_group_ids", released_group_ids=["school-one"]
    ),
    "a visit that ends before it starts": no(
        OLGA,
        "visits",
        "visit-one",
        FAULT,
        "ended_at",
        started_at="2026-11-21T09:00:00.000Z",
        ended_at="2026-11-21T08:00:00.000Z",
    ),
    "a note by one who was not there": no(NORA, "notes", "note-new", NOT_ALLOWED, None, **NOTICED),
    "a note by the host": no(HANA, "notes", "note-new", NOT_ALLOWED, None, **NOTICED),
    "a shared note is rewritten": no(
        OLGA, "notes", "note-shared", Problem.NOTE_IS_SHARED, "text", text="Four asked."
    ),
    "a shared note gets another time": no(
        OLGA, "notes", "note-shared", Problem.NOTE_IS_SHARED, "at_ms", at_ms=0
    ),
    "the host rewrites a note": no(HANA, "notes", "note-shared", NOT_ALLOWED, "code", code="LQ"),
    "next steps that nobody asked for": no(
        OLGA,
        "notes",
        "note-new",
        Problem.NEXT_STEPS_NOT_ASKED,
        "note_kind",
        **NOTICED | {"note_kind": "next_step"},
    ),
    "a draft becomes a next step": no(
        OLGA, "notes", "note-one", Problem.NEXT_STEPS_NOT_ASKED, "note_kind", note_kind="next_step"
    ),
    "a note that ends before it starts": no(
        OLGA, "notes", "note-one", FAULT, "until_ms", at_ms=2, until_ms=1
    ),
    "a step of another visit's debrief": no(
        HANA, "next_steps", "step-new", FAULT, "debrief_id", visit_id="visit-one", debrief_id="no-debrief"
    ),
    "a photo by one who was not there": no(
        NORA, "media", "photo-new", NOT_ALLOWED, None, visit_id="visit-one"
    ),
    "a photo on another's note": no(
        HANA, "media", "photo-new", FAULT, "note_id", visit_id="visit-one", note_id="note-shared"
    ),
    "a photo on a note of another visit": no(
        OLGA, "media", "photo-new", FAULT, "note_id", visit_id="visit-two", note_id="note-one"
    ),
    "a reading by another": no(
        NORA,
        "read_events",
        "read-new",
        NOT_ALLOWED,
        None,
        visit_id="visit-one",
        reader_id="olga",
        how="opened",
    ),
    "a phone says that it was delivered to": no(
        NORA,
        "read_events",
        "read-new",
        NOT_ALLOWED,
        None,
        visit_id="visit-one",
        reader_id="nora",
        how="delivered",
    ),
}
TAKEN = {
    "a drop-in by the host": yes(HANA, "visits", "visit-new", **DROP_IN),
    "a visit by the guest": yes(OLGA, "visits", "visit-new", **GUEST_VISIT | {"state": "captured"}),
    "the host releases": yes(
        HANA, "visits", "visit-one", released_group_ids=["studio-one"], released_people_ids=["otto"]
    ),
    "an empty release by a phone that sends all fields": yes(
        OLGA, "visits", "visit-new", **GUEST_VISIT | {"released_group_ids": [], "released_people_ids": []}
    ),
    "an observer leaves": yes(OLGA, "visits", "visit-one", observer_ids=[]),
    "a draft is rewritten": yes(OLGA, "notes", "note-one", text="Four asked.", at_ms=5),
    "a draft is rewritten and shared": yes(OLGA, "notes", "note-one", text="Four.", state="shared"),
    "a note is released": yes(HANA, "notes", "note-shared", state="released"),
    "a reading": yes(NORA, "read_events", "read-new", visit_id="visit-one", reader_id="nora", how="opened"),
    "a photo of her own note": yes(OLGA, "media", "photo-new", visit_id="visit-one", note_id="note-one"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_refused(world: World, case: Case) -> None:
    assert_refused(world, case)


@pytest.mark.parametrize("case", TAKEN.values(), ids=list(TAKEN))
def test_taken_as_it_is(world: World, case: Case) -> None:
    assert_taken(world, case)


def test_an_observer_takes_out_nobody_else(world: World) -> None:
    world.visit(observer_ids=["olga", "otto"])
    refused = refusal(world, OLGA, "visits", "visit-one", {"observer_ids": ["olga"]})
    assert refused.problem is NOT_ALLOWED
    assert world.check(HANA, "visits", "visit-one", observer_ids=["olga"])["observer_ids"] == ["olga"]


def test_another_guest_is_added_by_an_observer(world: World) -> None:
    world.seat("nora", "accepted")
    assert world.check(OLGA, "visits", "visit-one", observer_ids=["nora", "olga"])["observer_ids"] == [
        "nora",
        "olga",
    ]


@pytest.mark.parametrize(("welcome", "invitation_id"), [(True, "open-door"), (None, None)])
def test_next_steps_when_asked_for_or_in_a_drop_in(
    world: World,
    welcome: bool | None,
    invitation_id: str | None,
) -> None:
    world.invitation(next_steps_welcome=welcome)
    world.visit(invitation_id=invitation_id)
    said = NOTICED | {"note_kind": "next_step"}
    assert world.check(OLGA, "notes", "note-new", **said)["note_kind"] == "next_step"


def test_an_expired_draft_loses_its_words(world: World) -> None:
    world.note(code="LQ", at_ms=5)
    dead = world.check(SYSTEM, "notes", "note-one", state="expired")
    assert (dead["text"], dead["code"], dead["at_ms"], dead["state"]) == (None, None, 5, "expired")


def test_what_the_server_sets_is_put_back(world: World) -> None:
    world.put("visit_requests", "may-i-come", requester_id="nora", host_id="hana")
    assert (
        world.check(NORA, "visit_requests", "may-i-come", invitation_id="my-own-door")["invitation_id"]
        is None
    )
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga", reason="too large")
    assert world.check(OLGA, "media", "photo-one", reason="fine")["reason"] == "too large"


def test_a_read_event_is_written_once(world: World) -> None:
    world.put("read_events", "read-one", visit_id="visit-one", reader_id="nora", how="opened")
    refused = refusal(world, NORA, "read_events", "read-one", {"at": "2026-11-21T09:00:00.000Z"})
    assert refused.problem is NOT_ALLOWED


@pytest.mark.parametrize("field", ["file_name", "media_type", "size_bytes", "sha256", "note_id"])
def test_a_declared_file_stays_as_declared(world: World, field: str) -> None:
    declared = {"file_name": "board.jpg", "media_type": "image/jpeg", "size_bytes": 4, "sha256": "0" * 64}
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga", **declared)
    changes = {field: 5 if field == "size_bytes" else "another"}
    assert list(refusal(world, OLGA, "media", "photo-one", changes).errors) == [f"/fields/{field}"]


@pytest.mark.parametrize("field", ["sha256", "consent_basis", "clock_offset_ms"])
def test_what_a_phone_learns_later_is_said_once(world: World, field: str) -> None:
    said = {"sha256": "0" * 64, "consent_basis": "adults_agreed", "clock_offset_ms": -40_000}
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga")
    assert world.check(OLGA, "media", "photo-one", **{field: said[field]})[field] == said[field]
    other = {"sha256": "1" * 64, "consent_basis": "nobody_shown", "clock_offset_ms": 0}
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga", **said)
    assert list(refusal(world, OLGA, "media", "photo-one", {field: other[field]}).errors) == [
        f"/fields/{field}"
    ]


@pytest.mark.parametrize("field", ["file_name", "consent_basis", "wifi_only", "at_ms"])
def test_the_host_does_not_speak_for_who_recorded(world: World, field: str) -> None:
    said = {"file_name": "mine.jpg", "consent_basis": "nobody_shown", "wifi_only": True, "at_ms": 5}
    world.put("media", "photo-one", visit_id="visit-one", created_by="olga")
    assert list(refusal(world, HANA, "media", "photo-one", {field: said[field]}).errors) == [
        f"/fields/{field}"
    ]
    assert world.check(HANA, "media", "photo-one", start_mark_ms=5_000)["start_mark_ms"] == 5_000


def test_what_others_hang_on_is_not_deleted(world: World) -> None:
    world.delete(OLGA, "notes", "note-one")
    world.put("media", "photo-one", visit_id="visit-one", note_id="note-one", created_by="olga")
    with pytest.raises(Refused) as caught:
        world.delete(OLGA, "notes", "note-one")
    assert caught.value.problem is Problem.HAS_DEPENDENTS
    with pytest.raises(Refused, match="It has seats"):
        world.delete(HANA, "invitations", "open-door")
