"""Who manages which endpoints: what is not hers is answered as what is not there, byte for byte."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from service.integrations.webhooks import endpoints, signing
from service.integrations.webhooks.endpoints import MOST
from tests.builders import Caller, caller, make_person
from tests.integrations.webhooks.conftest import ADA, HANA, Office
from tests.integrations.webhooks.receiver import Receiver
from tests.integrations.webhooks.test_apps import MANAGE, PEOPLE, Box

Act = Callable[[Caller, str], TestResponse]
ACTS: dict[str, Act] = {
    "read": lambda who, path: who.get(path),
    "change": lambda who, path: who.patch(path, {"active": False}),
    "delete": lambda who, path: who.delete(path),
    "rotate": lambda who, path: who.post(f"{path}/rotate-secret"),
    "ping": lambda who, path: who.post(f"{path}/ping"),
    "deliveries": lambda who, path: who.get(f"{path}/deliveries"),
    "replay": lambda who, path: who.post(f"{path}/replay", {"since": "2026-01-01T00:00:00.000Z"}),
}


def path_of(endpoint: dict[str, Any]) -> str:
    return f"/v1/webhooks/{endpoint['id']}"


def told(answer: TestResponse) -> tuple[int, bytes]:
    return answer.status_code, answer.data


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_what_another_tenant_or_another_app_has_is_not_there(
    office: Office, receiver: Receiver, app: Any, clock: Any, act: Act
) -> None:
    far = Office(app, clock)
    box = Box(office)
    mine = office.endpoint(receiver, "people.created")
    apps = office.endpoint(receiver, "people.created", who=box.let(MANAGE, PEOPLE))
    of_ada = box.let(MANAGE, PEOPLE, person_id=ADA)  # not what Ada has without the app
    for who in (far.ada, Box(office).let(MANAGE, PEOPLE), of_ada):
        absent = told(act(who, f"/v1/webhooks/{uuid4()}"))
        assert absent[0] == 404
        assert {told(act(who, path_of(one))) for one in (mine, apps)} == {absent}
    assert len(office.ada.get("/v1/webhooks").json["items"]) == 2
    if act is not ACTS["rotate"]:
        assert act(office.ada, path_of(apps)).status_code in (200, 202, 204)  # she keeps house


def test_who_keeps_house_leads_nothing_of_anothers_to_herself(office: Office, receiver: Receiver) -> None:
    make_person(office.services, office.tenant_id, "abe-administers", "admin")
    made = [
        office.endpoint(receiver, "people.created", who=Box(office).let(MANAGE, PEOPLE)),
        office.endpoint(receiver, "people.created", who=office.caller("abe-administers")),
    ]
    for path in map(path_of, made):
        for refused in (
            office.ada.patch(path, {"url": "https://ada.example/hooks"}),
            office.ada.post(f"{path}/rotate-secret"),
        ):
            assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-allowed")
        assert office.ada.get(path).json["url"] == receiver.url
    mine = path_of(office.endpoint(receiver, "people.created"))
    assert office.ada.patch(mine, {"url": receiver.url}).status_code == 200
    assert office.ada.post(f"{mine}/rotate-secret").status_code == 200


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_who_administers_nothing_is_told_the_same_of_all(
    office: Office, receiver: Receiver, act: Act
) -> None:
    mine = office.endpoint(receiver, "people.created")
    hana = office.caller(HANA)
    there, absent = told(act(hana, path_of(mine))), told(act(hana, f"/v1/webhooks/{uuid4()}"))
    assert (there[0], there) == (403, absent)
    nobody = Caller(office.app.test_client(use_cookies=False))
    assert told(act(nobody, path_of(mine)))[0] == 401
    assert hana.get("/v1/webhooks").status_code == 403
    refused = hana.post("/v1/webhooks", {"url": receiver.url, "events": ["people.created"]})
    assert refused.status_code == 403


def test_each_owner_has_so_many_and_no_more(office: Office, receiver: Receiver) -> None:
    box = Box(office)
    app = box.let(MANAGE, PEOPLE)
    for who in (
        app,
        caller(office.app, office.tenant_id, ADA, "desk-of-ada"),
    ):  # what the app has does not count for her who keeps house
        for _ in range(MOST):
            office.endpoint(receiver, "people.created", who=who)
        refused = who.post("/v1/webhooks", {"url": receiver.url, "events": ["people.created"]})
        assert (refused.status_code, refused.json["limit"]) == (403, MOST)
        assert refused.json["type"] == "/problems/too-many-webhooks"
    make_person(office.services, office.tenant_id, "abe-administers", "admin")
    office.endpoint(receiver, "people.created", who=office.caller("abe-administers"))
    freed = app.get("/v1/webhooks").json["items"][0]
    assert app.delete(path_of(freed)).status_code == 204
    office.endpoint(receiver, "people.created", who=app)


def test_two_that_make_the_last_one_at_once_make_one(
    office: Office, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MOST - 1):
        office.endpoint(receiver, "people.created")
    callers = [caller(office.app, office.tenant_id, ADA, f"phone-{number}-of-ada") for number in range(4)]
    said = {"url": receiver.url, "events": ["people.created"]}
    # time passes between counting and writing
    monkeypatch.setattr(endpoints, "new_secret", lambda: time.sleep(0.3) or signing.new_secret())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda who: who.post("/v1/webhooks", said).status_code, callers))
    assert sorted(answers) == [201, 403, 403, 403]
