"""A roster sent by an administrator: looked at, applied, forgotten; and no student gets past the door."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from schemas.problems import Problem, Refused
from service import jobs
from service.app import create_app, make_services
from service.integrations.roster import previews, sieve
from service.integrations.roster.district import Known
from service.settings import Settings
from sync.clock import system_now
from sync.server.actor import Actor
from tests.builders import Caller, services_of
from tests.roster.district import CANARY, District
from tests.roster.sending import ADA, DOOR, ZIP, Office, acts, opened, slug
from tests.roster.test_applying import dump
from tests.servers import Answer, s3_client

EXPECTED = {"schools": {"new": 2}, "people": {"new": 20}, "memberships": {"new": 20}}


@pytest.fixture(scope="module")
def one_app() -> list[Flask]:
    """Made once, and served by each test's services: addresses are of one person, wherever she is."""
    return []


@pytest.fixture
def app(settings_with_s3: Settings, one_app: list[Flask]) -> Iterator[Flask]:
    if one_app:
        make_services(settings_with_s3).serve(one_app[0])
    else:
        one_app.append(create_app(settings_with_s3))
    yield one_app[0]
    services_of(one_app[0]).database.dispose()


@pytest.fixture
def office(app: Flask) -> Office:
    return opened(app)


def test_a_roster_is_sent_looked_at_and_applied(office: Office) -> None:
    sent = office.send(office.zip())
    assert (sent.status_code, sent.json["state"], sent.json["preview"]) == (202, "planning", None)
    assert (
        sent.json["rows_read"] == sum(1 for rows in office.district().files().values() for _ in rows) - 7 - 1
    ), "all rows but headers and demographics"
    office.work()
    told = office.look(sent.json["id"])
    assert (told["state"], told["steps"], told["done"]) == ("ready", 42, 0)
    assert told["preview"]["counts"] == EXPECTED
    assert len(told["preview"]["steps"]) == 42
    assert office.district().staff_name(3) not in dump_of_people(office), "a preview changes nothing"
    done = office.applied(told["id"])
    assert (done["state"], done["steps"], done["done"], done["refused"]) == ("applied", 42, 42, [])
    assert office.district().staff_name(3) in dump_of_people(office)
    assert office.files() == [], "the file goes when it is done"
    about = {"import_id": told["id"], "count": 42}
    assert acts(office) == [(ADA, "roster_asked", about), (ADA, "roster_applied", about)]
    repeated = office.ada.post(f"{DOOR}/{told['id']}/apply", {})
    assert (repeated.status_code, repeated.json) == (202, done)
    assert office.previewed(office.zip())["preview"]["counts"] == {}, "the same again changes nothing"


def dump_of_people(office: Office) -> str:
    return "\n".join(str(record) for record in pages(office))


def pages(office: Office) -> Iterator[Any]:
    cursor = ""
    while True:
        answer = office.ada.get(f"/v1/people?limit=200{cursor}").json
        yield from answer["items"]
        if not answer.get("cursor"):
            return
        cursor = f"&cursor={answer['cursor']}"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_no_student_is_in_the_database_nor_in_the_bucket(
    office: Office, s3: Answer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """At no step: while it waits for the worker, as a preview, and afterwards. Nor on a disk of the API's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sent = office.send(office.zip(1000, version=version))
    bucket = everything_in(s3)
    assert f"Staff{office.mark}7" in bucket, "what is looked through is there"
    for words in (bucket, dump(services_of(office.app).settings.database_url), sent.text):
        assert CANARY.lower() not in words.lower()
    office.work()
    told = office.look(sent.json["id"])
    assert {row["what"] for row in told["preview"]["left_out"]} >= {"users.csv: people who do not work here"}
    office.applied(told["id"])
    for words in (everything_in(s3), dump(services_of(office.app).settings.database_url), str(told)):
        assert CANARY.lower() not in words.lower()
    assert list(tmp_path.iterdir()) == []


def everything_in(s3: Answer) -> str:
    """All bytes of all objects that hold rosters, with all versions and names."""
    client, bucket = s3_client(s3), s3["bucket"]
    words = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            if "/rosters/" in found["Key"]:
                body = client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                words.append(f"{found['Key']} {body.decode()}")
    return "\n".join(words)


def test_faults_are_told_by_file_line_and_column_and_nothing_is_kept(office: Office) -> None:
    users = b"sourcedId,givenName,familyName,role,email,orgSourcedIds\nstaff-0,Ana,Lind,teacher,none,org-9\n"
    told = office.previewed(office.district().zip(users=users))
    assert told["state"] == "faulty"
    places = {(fault["file"], fault["line"], fault["column"]) for fault in told["preview"]["faults"]}
    assert {("users.csv", 2, "email")} <= places
    assert office.files() == []
    assert office.waiting() == []
    assert slug(office.ada.post(f"{DOOR}/{told['id']}/apply", {})) == (409, "illegal-move")


def test_a_fault_that_only_what_is_here_shows(office: Office) -> None:
    """An address that is somebody's in another tenant; the worker finds it."""
    told = office.previewed(office.zip())
    office.applied(told["id"])
    south = opened(office.app)
    found = south.previewed(south.zip())
    assert (found["state"], found["steps"]) == ("faulty", 42)
    assert "Somebody else signs in by this address" in found["preview"]["faults"][0]["said"]
    assert south.files() == []
    assert south.ada.get(f"{DOOR}/{told['id']}").status_code == 404, "another tenant's is nobody's here"


def test_dates_are_read_as_it_is_said(office: Office) -> None:
    district = office.district(0, version="1.2")
    roles = (
        b"userSourcedId,role,orgSourcedId,beginDate,endDate\nstaff-0,teacher,org-0,01/02/2025,02/03/2030\n"
    )
    assert office.previewed(district.zip(roles=roles))["state"] == "faulty"
    assert office.previewed(district.zip(roles=roles), "?dates=m/d/Y")["state"] == "ready"
    assert slug(office.send(district.zip(), "?dates=Y")) == (422, "invalid-request")


def test_only_an_administrator(office: Office) -> None:
    told = office.previewed(office.zip())
    for answer in (
        office.send(office.zip(), who=office.hana),
        office.hana.get(f"{DOOR}/{told['id']}"),
        office.hana.post(f"{DOOR}/{told['id']}/apply", {}),
    ):
        assert slug(answer) == (403, "not-allowed")


def test_one_at_a_time(office: Office) -> None:
    first = office.send(office.zip())
    assert slug(office.send(office.zip())) == (409, "roster-busy")
    assert slug(office.ada.post(f"{DOOR}/{first.json['id']}/apply", {})) == (409, "illegal-move")
    office.work()
    second = office.send(office.zip(5, staff=22))
    assert second.status_code == 202
    assert slug(office.ada.post(f"{DOOR}/{first.json['id']}/apply", {})) == (409, "roster-busy")


def test_of_many_that_are_sent_at_once_one_is_read(office: Office, app: Flask) -> None:
    zip_, statuses = office.zip(5), list[int]()
    token = office.ada.token

    def send() -> None:
        ada = Caller(app.test_client(use_cookies=False), token)
        statuses.append(ada.call("POST", DOOR, data=zip_, headers=ZIP).status_code)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(statuses) == [202, 409, 409, 409]


def test_many_go_only_when_it_is_meant(office: Office) -> None:
    office.applied(office.previewed(office.zip())["id"])
    told = office.previewed(office.zip(30, staff=10))
    assert told["preview"]["ends_many"] is True
    refused = office.ada.post(f"{DOOR}/{told['id']}/apply", {})
    assert slug(refused) == (422, "invalid-request")
    assert "10 people would go" in refused.json["errors"]["/many_may_go"][0]
    assert office.applied(told["id"], many_may_go=True)["state"] == "applied"


def test_who_would_go_by_now_is_looked_at_first(office: Office) -> None:
    """Between the preview and its job another roster made many of those whom this one does not name."""
    told = office.previewed(office.zip(0, staff=10))
    assert told["preview"]["ends_many"] is False
    office.applied(office.previewed(office.zip(0, staff=30))["id"])
    answer = office.ada.post(f"{DOOR}/{told['id']}/apply", {})
    assert answer.status_code == 202
    office.work()
    again = office.look(told["id"])
    assert (again["state"], again["preview"]["ends_many"], again["done"]) == ("ready", True, 0)


def test_a_worker_that_stops_goes_on_where_it_was(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.integrations.roster.applying.AT_ONCE", 10)
    told = office.previewed(office.zip())
    office.ada.post(f"{DOOR}/{told['id']}/apply", {})
    monkeypatch.setattr(jobs, "stopping", threading.Event())
    jobs.stopping.set()
    with pytest.raises(jobs.StoppedError):
        office.runner.apply(str(office.tenant_id), told["id"])
    half = office.look(told["id"])
    assert (half["state"], half["done"], half["steps"]) == ("applying", 10, 42)
    jobs.stopping.clear()
    office.work()
    done = office.look(told["id"])
    assert (done["state"], done["done"], done["steps"]) == ("applied", 42, 42)
    assert acts(office)[-1][2]["count"] == 42


def test_it_is_forgotten_after_a_day(office: Office) -> None:
    told = office.previewed(office.zip())
    assert len(office.files()) == 1
    assert office.runner.forget_rosters(office.tenant_id) is False
    assert len(office.files()) == 1
    office.late = timedelta(days=1, seconds=1)
    office.runner.forget_rosters(office.tenant_id)
    assert office.files() == []
    assert office.ada.get(f"{DOOR}/{told['id']}").status_code == 404


def test_one_whose_file_is_gone_is_forgotten(office: Office) -> None:
    told = office.previewed(office.zip())
    services_of(office.app).store.erase_below(office.files()[0])
    office.ada.post(f"{DOOR}/{told['id']}/apply", {})
    office.work()
    assert office.ada.get(f"{DOOR}/{told['id']}").status_code == 404


def test_a_reader_that_died_holds_nobody_up(office: Office) -> None:
    services = services_of(office.app)
    with services.database.begin(office.tenant_id) as connection:
        long_ago = system_now() - previews.READING_LASTS - timedelta(seconds=1)
        previews.begin(connection, Actor(office.tenant_id, ADA, "laptop"), long_ago)
    assert office.send(office.zip()).status_code == 202


HARD: dict[str, tuple[bytes, dict[str, str], tuple[int, str]]] = {
    "another type": (b"x", {"Content-Type": "text/csv"}, (415, "unsupported-media-type")),
    "no type": (b"x", {}, (415, "unsupported-media-type")),
    "too large": (bytes(32 * 2**20 + 1), ZIP, (413, "too-large")),
}


@pytest.mark.parametrize("name", HARD)
def test_what_is_refused_at_the_door(office: Office, name: str) -> None:
    content, headers, expected = HARD[name]
    assert slug(office.ada.call("POST", DOOR, data=content, headers=headers)) == expected
    assert office.send(office.zip()).status_code == 202, "and holds nobody up"


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip", District().zip()[:-30]])
def test_what_is_no_zip_is_a_fault_of_the_file(office: Office, content: bytes) -> None:
    told = office.previewed(content)
    assert (told["state"], told["preview"]["faults"][0]["file"]) == ("faulty", "zip")


def test_one_that_is_too_hard_is_refused_and_holds_nobody_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strain(*_: object) -> None:
        raise Refused(Problem.TOO_LARGE, "Too hard.")

    with monkeypatch.context() as broken:
        broken.setattr(sieve, "strain", strain)
        assert slug(office.send(office.zip())) == (413, "too-large")
    assert office.send(office.zip()).status_code == 202


@pytest.mark.parametrize(("bound", "value"), [("LONGEST_S", 1), ("MOST_MEMORY", 2**20)])
def test_the_reader_ends_at_its_bounds(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    """Of time, and of memory: a quarter of a million lines in a second, or in next to nothing."""
    script = f"import {sieve.__name__} as s, sys; s.{bound} = {value}; sys.exit(s.main())"
    monkeypatch.setattr(sieve, "COMMAND", ("-c", script))
    with pytest.raises(Refused) as refused:
        sieve.strain(District(students=40_000).zip(), Known(), system_now().date(), None)
    assert refused.value.problem is Problem.TOO_LARGE
