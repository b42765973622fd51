"""Whom a mail tells that an endpoint was switched off, or that an event was given up."""

from __future__ import annotations

from tests.integrations.webhooks.conftest import ADA, HANA, Office
from tests.integrations.webhooks.receiver import Receiver
from tests.integrations.webhooks.test_apps import MANAGE, PEOPLE, Box


def joins(office: Office, number: int) -> None:
    office.put("people", f"person-{number}-here", display_name="Nina", roles=["teacher"])


def test_the_owner_is_told_that_hers_was_switched_off(office: Office, receiver: Receiver) -> None:
    address = office.reachable(ADA)
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 410
    joins(office, 1)
    joins(office, 2)
    office.work()
    (mail,) = office.mails()
    assert (mail.recipient, mail.subject) == (address, "Your webhook at 127.0.0.1 is told nothing more")
    assert "It answered 410" in mail.text
    assert f"PATCH /v1/webhooks/{endpoint['id']}" in mail.text
    assert "/hooks\n" not in mail.text  # an address may hold a secret


def test_the_owner_is_told_after_five_days_without_an_arrival(office: Office, receiver: Receiver) -> None:
    office.reachable(ADA)
    office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 500
    for day in range(6):
        joins(office, day)
        office.later(hours=1)
        office.forward(hours=23)
    office.later(hours=1)
    said = [mail.subject.partition("127.0.0.1 ")[2] for mail in office.mails()]
    assert said[-1] == "is told nothing more"
    assert said.count("is told nothing more") == 1
    assert "for five days" in office.mails()[-1].text


def test_of_events_that_were_given_up_one_mail_a_day_tells(office: Office, receiver: Receiver) -> None:
    office.reachable(ADA)
    endpoint = office.endpoint(receiver, "people.created")
    receiver.answer = lambda received: 500 if "person-9" not in str(received.says) else 200
    for number in range(3):
        joins(office, number)
    for _ in range(74):
        office.later(hours=1)
    assert [one["state"] for one in office.deliveries(endpoint)] == ["dead"] * 3
    (mail,) = office.mails()
    assert mail.subject == "Your webhook at 127.0.0.1 missed an event"
    assert "people.created was tried for three days and given up: the answer was 500" in mail.text
    joins(office, 9)  # it arrives: the endpoint is well
    joins(office, 4)
    for _ in range(74):
        office.later(hours=1)
    assert len(office.mails()) == 2


def test_nobody_is_told_by_mail_of_an_apps_endpoint_or_without_an_address(
    office: Office, receiver: Receiver
) -> None:
    office.reachable(HANA)
    receiver.answer = lambda received: 410
    made = office.endpoint(receiver, "people.created", who=Box(office).let(MANAGE, PEOPLE))
    mine = office.endpoint(receiver, "people.created")  # Ada has no address
    joins(office, 1)
    office.work()
    assert office.mails() == []
    for one in (made, mine):
        assert office.ada.get(f"/v1/webhooks/{one['id']}").json["disabled_because"] == "gone"


def test_who_switches_hers_off_herself_is_told_nothing(office: Office, receiver: Receiver) -> None:
    office.reachable(ADA)
    endpoint = office.endpoint(receiver, "people.created")
    assert office.ada.patch(f"/v1/webhooks/{endpoint['id']}", {"active": False}).status_code == 200
    assert office.mails() == []
