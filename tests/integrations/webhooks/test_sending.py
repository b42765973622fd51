"""How the worker sends: signed, in order, with patience, and never held up by one that is slow."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.integrations.webhooks import signing
from tests.integrations.webhooks.conftest import Office
from tests.integrations.webhooks.receiver import Received, Receiver, receiving


def person(office: Office, number: int, name: str = "Nina") -> str:
    return office.put("people", f"person-{number}-here", display_name=name, roles=["teacher"])


def renamed(office: Office, number: int, name: str) -> None:
    answer = office.ada.patch(
        f"/v1/people/person-{number}-here", {"display_name": name}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.json


def verifies(secret: str, received: Received) -> bool:
    try:
        Webhook(secret).verify(received.body, received.headers)
    except WebhookVerificationError:
        return False
    return True


def test_the_receivers_own_library_verifies_it(office: Office, receiver: Receiver) -> None:
    secret = office.endpoint(receiver, "people.created")["secret"]
    person(office, 1)
    office.work()
    (received,) = receiver.got
    assert verifies(secret, received)
    assert received.headers["webhook-id"].startswith("msg_")
    received.body = received.body.replace(b"person-1", b"person-2")
    assert not verifies(secret, received)
    assert not verifies(signing.new_secret(), received)


def test_an_old_message_does_not_verify_beyond_five_minutes() -> None:
    secret = signing.new_secret()
    for age_s, good in ((0, True), (290, True), (310, False), (-310, False)):
        at = datetime.fromtimestamp(time.time() - age_s, UTC)
        headers = dict(signing.headers("msg_1", at, b"{}", [secret]))
        assert verifies(secret, Received(headers, b"{}", 0)) is good, age_s


def test_both_secrets_sign_for_a_day_after_a_rotation(office: Office, receiver: Receiver) -> None:
    made = office.endpoint(receiver, "people.created")
    rotated = office.ada.post(f"/v1/webhooks/{made['id']}/rotate-secret").json
    assert rotated["secret"] != made["secret"]
    person(office, 1)
    office.work()
    assert verifies(made["secret"], receiver.got[0])
    assert verifies(rotated["secret"], receiver.got[0])
    office.alter(old_secret_until=office.clock[0])
    person(office, 2)
    office.work()
    assert not verifies(made["secret"], receiver.got[1])
    assert verifies(rotated["secret"], receiver.got[1])


def test_secrets_are_sealed_in_the_table_and_told_once(office: Office, receiver: Receiver) -> None:
    made = office.endpoint(receiver, "people.created")
    assert "secret" not in office.ada.get(f"/v1/webhooks/{made['id']}").json
    assert "secret" not in office.ada.get("/v1/webhooks").json["items"][0]
    with office.services.database.begin(office.tenant_id) as connection:
        stored = connection.exec_driver_sql(
            "SELECT secret FROM webhook WHERE tenant_id = %(t)s", {"t": office.tenant_id}
        ).scalar_one()
    assert made["secret"].removeprefix("whsec_") not in stored


def test_a_failed_delivery_is_made_again_less_and_less_often_and_then_is_dead(
    office: Office, receiver: Receiver
) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 500
    person(office, 1)
    office.work()
    (waiting,) = office.deliveries(endpoint)
    assert (waiting["state"], waiting["attempts"], waiting["status"]) == ("waiting", 1, 500)
    office.later(seconds=30)
    assert len(receiver.got) == 1
    office.later(seconds=31)
    assert len(receiver.got) == 2
    for _ in range(80):
        office.later(hours=1)
    (dead,) = office.deliveries(endpoint, state="dead")
    assert (dead["state"], dead["problem"]) == ("dead", "the answer was 500")
    assert 10 < len(receiver.got) == dead["attempts"] < 25
    assert {received.headers["webhook-id"] for received in receiver.got} == {
        f"msg_{dead['id'].replace('-', '')}"
    }


def test_it_arrives_once_the_receiver_is_well_again(office: Office, receiver: Receiver) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 503 if len(receiver.got) < 3 else 204
    person(office, 1)
    office.work()
    assert office.ada.get(f"/v1/webhooks/{endpoint['id']}").json["failing_since"]
    office.later(minutes=2)
    office.later(minutes=6)
    (done,) = office.deliveries(endpoint, state="delivered")
    assert (done["attempts"], done["status"]) == (3, 204)
    assert office.ada.get(f"/v1/webhooks/{endpoint['id']}").json["failing_since"] is None


def test_a_later_event_of_a_record_waits_for_the_earlier_and_others_go_on(
    office: Office, receiver: Receiver
) -> None:
    office.endpoint(receiver, "people.created", "people.updated")
    receiver.answer = lambda received: 500 if received.says[1] == "person-1-here" else 200
    person(office, 1)
    renamed(office, 1, "Nina B.")
    person(office, 2)
    renamed(office, 1, "Nina C.")
    office.work()
    assert receiver.said == [("people.created", "person-1-here"), ("people.created", "person-2-here")]
    receiver.answer = lambda received: 200
    office.later(minutes=2)
    assert receiver.said[2:] == [
        ("people.created", "person-1-here"),
        ("people.updated", "person-1-here"),
        ("people.updated", "person-1-here"),
    ]


def test_one_that_gives_no_answer_rests_after_a_single_call(office: Office) -> None:
    with receiving() as away:
        endpoint = office.endpoint(away, "people.created")
    for number in range(5):
        person(office, number)
    began = time.process_time()
    office.work()
    assert [one["attempts"] for one in office.deliveries(endpoint)].count(1) == 1
    assert {one["problem"] for one in office.deliveries(endpoint) if one["attempts"]} == {
        "the call failed: [Errno 111] Connection refused"
    }
    assert time.process_time() - began < 2


def test_one_that_answers_410_is_told_nothing_more(office: Office, receiver: Receiver) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 410
    person(office, 1)
    person(office, 2)
    office.work()
    person(office, 3)
    office.later(hours=1)
    assert len(receiver.got) == 1
    stands = office.ada.get(f"/v1/webhooks/{endpoint['id']}").json
    assert stands["disabled_because"] == "gone"
    assert [one["state"] for one in office.deliveries(endpoint)] == ["dead", "dead"]
    refused = office.ada.post(f"/v1/webhooks/{endpoint['id']}/ping")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/webhook-disabled")
    receiver.answer = lambda received: 200
    again = office.ada.patch(f"/v1/webhooks/{endpoint['id']}", {"active": True}).json
    assert (again["disabled_at"], again["failing_since"]) == (None, None)
    person(office, 4)
    office.work()
    assert receiver.said[1:] == [("people.created", "person-4-here")]


def test_one_at_which_nothing_arrived_for_five_days_is_told_nothing_more(
    office: Office, receiver: Receiver
) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 500
    for day in range(6):
        person(office, day)
        office.later(hours=1)
        office.forward(hours=23)
    office.later(hours=1)
    stands = office.ada.get(f"/v1/webhooks/{endpoint['id']}").json
    assert stands["disabled_because"] == "unreachable"
    assert {one["state"] for one in office.deliveries(endpoint)} == {"dead"}


def test_replay_of_one_and_of_a_span(office: Office, receiver: Receiver) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    began = office.clock[0].isoformat().replace("+00:00", "Z")
    replay = f"/v1/webhooks/{endpoint['id']}/replay"
    person(office, 1)
    office.forward(minutes=1)
    person(office, 2)
    office.work()
    first = office.deliveries(endpoint)[-1]
    assert office.ada.post(replay, {"delivery_ids": [first["id"]]}).json == {"count": 1}
    office.work()
    assert receiver.got[2].headers["webhook-id"] == receiver.got[0].headers["webhook-id"]
    assert office.ada.post(replay, {"since": began}).json == {"count": 0}  # none is dead
    assert office.ada.post(replay, {"since": began, "delivered": True}).json == {"count": 2}
    office.work()
    assert receiver.said[3:] == receiver.said[:2]
    for bad in ({}, {"since": began, "delivery_ids": [first["id"]]}):
        assert office.ada.post(replay, bad).status_code == 422


def test_a_ping_arrives(office: Office, receiver: Receiver) -> None:
    endpoint = office.endpoint(receiver, "people.created")
    answer = office.ada.post(f"/v1/webhooks/{endpoint['id']}/ping")
    assert (answer.status_code, answer.json["state"]) == (202, "waiting")
    office.work()
    assert receiver.got[0].event["type"] == "webhooks.ping"
    assert receiver.got[0].event["data"] == {}


def test_a_turn_ends_after_ten_seconds_and_the_endpoint_goes_to_the_end(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.integrations.webhooks.sending.TURN_S", 0.3)
    office.endpoint(receiver, "people.created")
    receiver.slow_s = 0.2
    for number in range(4):
        person(office, number)
    (job,) = office.jobs()
    office.worker.send_webhooks(*job)
    assert 0 < len(receiver.got) < 4
    office.work()
    assert len(receiver.got) == 4


def test_what_ended_long_ago_is_forgotten(office: Office, receiver: Receiver) -> None:
    office.endpoint(receiver, "people.created")
    person(office, 1)
    office.work()
    office.forward(days=29)
    office.worker.forget_deliveries(office.tenant_id)
    assert len(office.stored()) == 1
    office.forward(days=2)
    office.worker.forget_deliveries(office.tenant_id)
    assert office.stored() == []
