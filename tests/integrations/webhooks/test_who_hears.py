"""Who hears of what: the owner's eyes decide, when it happens and when it is sent."""

from __future__ import annotations

from service.integrations.webhooks.events import EVENTS
from service.records import KINDS
from sync.changes import Change
from sync.server.actor import system_actor
from tests.builders import make_person
from tests.integrations.webhooks.conftest import ADA, HANA, OLGA, Office
from tests.integrations.webhooks.receiver import Receiver


def test_what_can_be_told_follows_from_the_kinds() -> None:
    assert {"invitations.created", "seats.accepted", "visits.shared", "notes.released"} <= set(EVENTS)
    assert len(EVENTS) == len(set(EVENTS)) > 50
    collections = {name.partition(".")[0] for name in EVENTS}
    assert collections == {kind.name for kind in KINDS.values() if not kind.server_only}


def test_a_door_that_is_opened_is_told(office: Office, receiver: Receiver) -> None:
    office.endpoint(receiver, "people.updated", "people.created")
    office.put("people", "nina-is-new", display_name="Nina", roles=["teacher"])
    office.work()
    (received,) = receiver.got
    assert received.event["type"] == "people.created"
    assert received.event["data"] == {"collection": "people", "id": "nina-is-new"}
    assert set(received.event) == {"type", "timestamp", "data"}
    assert b"Nina" not in received.body


def test_an_unshared_draft_is_told_to_nobody_but_its_author(office: Office, receiver: Receiver) -> None:
    everything = [name for name in EVENTS if name.startswith(("visits", "notes"))]
    endpoint = office.endpoint(receiver, *everything)
    visit = office.put("visits", "visit-of-hana", host_id=HANA, observer_ids=[OLGA], state="captured")
    olga = office.caller(OLGA)
    note = {"id": "note-of-olga", "visit_id": visit, "note_kind": "noticing", "text": "Canary"}
    assert olga.post("/v1/notes", note).status_code == 201
    office.work()
    assert (receiver.got, office.stored(), office.deliveries(endpoint)) == ([], [], [])


def test_an_owner_hears_of_what_is_shared_with_her_once_it_is(office: Office, receiver: Receiver) -> None:
    office.endpoint(receiver, *[name for name in EVENTS if name.startswith(("visits", "notes"))])
    visit = office.put("visits", "visit-of-ada", host_id=ADA, observer_ids=[OLGA], state="captured")
    note = {"id": "note-of-olga", "visit_id": visit, "note_kind": "noticing", "text": "Canary"}
    olga = office.caller(OLGA)
    assert olga.post("/v1/notes", note).status_code == 201
    office.work()
    before = list(receiver.said)
    assert olga.post(f"/v1/visits/{visit}/share", {}).status_code == 200
    office.work()
    assert ("notes.shared", "note-of-olga") in receiver.said
    assert not [said for said in before if said[0].startswith("notes")]


def test_what_is_taken_back_before_it_was_sent_is_not_told(office: Office, receiver: Receiver) -> None:
    endpoint = office.endpoint(receiver, "notes.released", "visits.updated")
    visit = office.put("visits", "visit-of-hana", host_id=HANA, observer_ids=[OLGA], state="captured")
    olga, hana = office.caller(OLGA), office.caller(HANA)
    note = {"id": "note-of-olga", "visit_id": visit, "note_kind": "noticing", "text": "Canary"}
    assert olga.post("/v1/notes", note).status_code == 201
    assert olga.post(f"/v1/visits/{visit}/share", {}).status_code == 200
    released = hana.post(f"/v1/visits/{visit}/release", {"people_ids": [ADA], "group_ids": []})
    assert released.status_code == 200, released.json
    assert "notes.released" in [one["event"] for one in office.deliveries(endpoint)]
    assert hana.post(f"/v1/visits/{visit}/retract").status_code == 200
    assert office.deliveries(endpoint) == []  # nor does the list show what she may no longer see
    office.work()
    assert (receiver.got, office.stored()) == ([], [])


def test_a_refused_change_and_a_push_that_is_rolled_back_tell_nothing(
    office: Office, receiver: Receiver
) -> None:
    office.endpoint(receiver, "people.created", "people.updated")
    refused = office.ada.post("/v1/people", {"id": "nobody-is-here", "display_name": ""})
    assert refused.status_code == 422
    both = [
        {
            "op_id": "op-good",
            "collection": "people",
            "id": "nina-is-new",
            "fields": {"display_name": "N", "roles": []},
        },
        {"op_id": "op-bad", "collection": "people", "id": "otto-is-new", "fields": {"display_name": 7}},
    ]
    pushed = office.ada.post("/v1/sync/push", {"changes": both})
    assert [one["status"] for one in pushed.json["outcomes"]] == ["applied", "rejected"]
    office.work()
    assert receiver.said == [("people.created", "nina-is-new")]
    repeated = office.ada.post("/v1/sync/push", {"changes": both})
    assert repeated.json["outcomes"][0]["status"] == "repeated"
    assert office.jobs() == []


def test_another_tenant_hears_nothing(office: Office, receiver: Receiver, app, clock) -> None:  # type: ignore[no-untyped-def]
    other = Office(app, clock)
    other.endpoint(receiver, *EVENTS)
    office.put("people", "nina-is-new", display_name="Nina", roles=["teacher"])
    other.work()
    assert (receiver.got, other.stored()) == ([], [])
    other.close()


def test_who_administers_no_more_is_told_no_more(office: Office, receiver: Receiver) -> None:
    """Her endpoint is out of her hands by then: not even what had happened before, and waited."""
    office.endpoint(receiver, "people.created")
    make_person(office.services, office.tenant_id, "nina-is-new")
    ends = Change("ends", "people", ADA, {"roles": ["teacher"]})
    with office.services.database.begin(office.tenant_id) as connection:
        office.services.door.push(connection, system_actor(office.tenant_id), [ends])
    office.work()
    make_person(office.services, office.tenant_id, "otto-is-new")
    office.work()
    assert (receiver.got, office.stored()) == ([], [])
