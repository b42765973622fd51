"""Photos over HTTP: who may send one, who may fetch it, and what others feel when the object store is away."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.media.uploads import PART_SIZE
from service.settings import Settings
from tests.builders import Caller, caller, make_person, make_tenant
from tests.media.pictures import SECRETS, jpeg, jpeg_of_a_phone
from tests.media.school import HANA, ID, LARGE, NINA, VISIT, OpenSchool, School
from tests.media.test_store import silent_server


def fetched(asker: Caller) -> bytes:
    link = asker.get(f"/v1/media/{ID}/link")
    assert link.status_code == 200
    return httpx.get(link.json["url"]).content


def test_a_photo_goes_from_the_observer_to_the_host(school: School) -> None:
    school.ready(jpeg_of_a_phone())
    photo = fetched(school.hana)
    assert photo.startswith(b"\xff\xd8\xff")
    assert [secret for secret in SECRETS if secret in photo] == []
    answer = school.hana.get(f"/v1/media/{ID}/link")
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"url", "expires_at"}


def test_the_plan_says_all_that_a_phone_must_send(school: School) -> None:
    school.declare(jpeg())
    answer = school.olga.post(f"/v1/media/{ID}/upload")
    assert answer.status_code == 200
    assert set(answer.json) == {"method", "url", "headers", "expires_at"}
    assert answer.json["method"] == "PUT"
    assert set(answer.json["headers"]) == {
        "Content-Type",
        "Content-Length",
        "If-None-Match",
        "x-amz-checksum-sha256",
    }
    assert school.olga.get(f"/v1/media/{ID}").json["state"] == "uploading"


def test_a_large_photo_goes_in_parts(school: School) -> None:
    school.declare(LARGE)
    plan = school.olga.post(f"/v1/media/{ID}/upload").json
    assert set(plan) == {"upload_id", "part_size", "parts", "expires_at"}
    assert plan["parts"] == []
    sent = [{"number": number, "etag": school.send_part(number)} for number in (3, 2, 1)]
    there = school.olga.post(f"/v1/media/{ID}/upload").json["parts"]
    assert [(part["number"], part["size"]) for part in there] == [
        (1, 5_242_880),
        (2, 5_242_880),
        (3, len(LARGE) - 2 * PART_SIZE),
    ]
    too_early = school.olga.post(
        f"/v1/media/{ID}/complete", {"parts": [*sent[:-1], {"number": 1, "etag": "x"}]}
    )
    assert (too_early.status_code, too_early.json["missing"]) == (409, [1])
    for _ in range(2):
        done = school.olga.post(f"/v1/media/{ID}/complete", {"parts": sent})
        assert (done.status_code, done.json) == (202, {"state": "uploaded"})


def test_an_upload_can_be_thrown_away(school: School) -> None:
    school.declare(LARGE)
    first = school.olga.post(f"/v1/media/{ID}/upload").json
    assert school.olga.delete(f"/v1/media/{ID}/upload").status_code == 204
    assert school.olga.post(f"/v1/media/{ID}/upload").json["upload_id"] != first["upload_id"]


@pytest.mark.parametrize(
    ("fields", "status", "slug"),
    [
        ({"media_type": "image/svg+xml"}, 422, "media-type-refused"),
        ({"size_bytes": 26_214_401}, 413, "too-large"),
        ({"sha256": None}, 422, "invalid-record"),
    ],
)
def test_what_is_not_taken_is_a_problem(
    school: School, fields: dict[str, Any], status: int, slug: str
) -> None:
    school.declare(jpeg(), **fields)
    answer = school.olga.post(f"/v1/media/{ID}/upload")
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
    assert answer.mimetype == "application/problem+json"


def test_who_may_not_see_it_is_told_what_she_would_be_told_of_nothing(school: School) -> None:
    school.ready(jpeg())
    elsewhere = make_tenant(school.services, "south")
    stranger = caller(school.app, elsewhere, make_person(school.services, elsewhere, "stella-stranger"))
    for method, step in (("POST", "upload"), ("POST", "complete"), ("DELETE", "upload"), ("GET", "link")):
        nothing = school.nina.call(method, f"/v1/media/nothing-of-this-name/{step}")
        assert nothing.status_code == 404
        for asker in (school.nina, stranger):
            answer = asker.call(method, f"/v1/media/{ID}/{step}")
            assert (answer.status_code, answer.data) == (404, nothing.data)
    assert Caller(school.app.test_client()).get(f"/v1/media/{ID}/link").status_code == 401
    assert school.links_issued() == []


def test_the_host_may_fetch_it_and_not_replace_it(school: School) -> None:
    school.ready(jpeg())
    for method, step in (("POST", "upload"), ("POST", "complete"), ("DELETE", "upload")):
        assert school.hana.call(method, f"/v1/media/{ID}/{step}").status_code == 403
    assert school.hana.get(f"/v1/media/{ID}/link").status_code == 200


def test_there_is_no_link_before_it_is_checked(school: School) -> None:
    school.declare(jpeg())
    nothing = school.olga.get("/v1/media/nothing-of-this-name/link").data
    plan = school.olga.post(f"/v1/media/{ID}/upload").json
    httpx.put(plan["url"], headers=plan["headers"], content=jpeg()).raise_for_status()
    assert school.olga.get(f"/v1/media/{ID}/link").data == nothing
    school.olga.post(f"/v1/media/{ID}/complete")
    assert school.olga.get(f"/v1/media/{ID}/link").data == nothing
    school.verify()
    assert school.olga.get(f"/v1/media/{ID}/link").status_code == 200


def test_there_is_never_a_link_to_what_was_put_away(school: School) -> None:
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    school.declare(page)
    plan = school.olga.post(f"/v1/media/{ID}/upload").json
    httpx.put(plan["url"], headers=plan["headers"], content=page).raise_for_status()
    school.olga.post(f"/v1/media/{ID}/complete")
    school.verify()
    record = school.olga.get(f"/v1/media/{ID}").json
    assert (record["state"], record["reason"]) == ("quarantined", "wrong_type")
    assert school.olga.get(f"/v1/media/{ID}/link").status_code == 404


def test_links_to_others_are_logged(school: School) -> None:
    school.ready(jpeg())
    school.olga.get(f"/v1/media/{ID}/link")
    assert school.links_issued() == []
    school.hana.get(f"/v1/media/{ID}/link")
    assert school.links_issued() == [(HANA, [ID])]


def test_what_is_released_and_taken_back_is_no_longer_linked(school: School) -> None:
    school.ready(jpeg())
    assert school.nina.get(f"/v1/media/{ID}/link").status_code == 404
    assert school.hana.patch(f"/v1/visits/{VISIT}", {"released_people_ids": [NINA]}).status_code == 200
    assert school.nina.get(f"/v1/media/{ID}/link").status_code == 200
    assert school.hana.patch(f"/v1/visits/{VISIT}", {"released_people_ids": []}).status_code == 200
    assert school.nina.get(f"/v1/media/{ID}/link").status_code == 404


@pytest.mark.parametrize("parts", ["two", [{"number": 0, "etag": "x"}], [{"number": 1}], [7]])
def test_a_crooked_word_of_completion_is_refused(school: School, parts: Any) -> None:
    school.declare(LARGE)
    assert school.olga.post(f"/v1/media/{ID}/complete", {"parts": parts}).status_code == 422


def test_when_the_store_is_away_only_files_wait(open_school: OpenSchool, settings: Settings) -> None:
    school = open_school(settings)  # its store is where nobody answers
    school.declare(LARGE)
    for method, step in (("POST", "upload"), ("POST", "complete"), ("DELETE", "upload")):
        answer = school.olga.call(method, f"/v1/media/{ID}/{step}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json["type"] == "/problems/unavailable"
    assert school.olga.get(f"/v1/media/{ID}").json["state"] == "uploading"
    assert school.hana.post("/v1/sync/pull", {"cursor": None}).status_code == 200


def test_a_store_that_says_nothing_holds_no_transaction(open_school: OpenSchool, settings: Settings) -> None:
    with silent_server() as endpoint:
        school = open_school(replace(settings, s3_endpoint=endpoint))
        school.declare(LARGE)
        began = time.monotonic()
        waited: list[int] = []

        def none_open_meanwhile(**_: Any) -> None:
            waited.append(school.services.database.engine.pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool

        store: Any = school.services.store
        store._client.meta.events.register("before-send.s3", none_open_meanwhile)
        assert school.olga.post(f"/v1/media/{ID}/upload").status_code == 503
        assert time.monotonic() - began < 12
    assert waited == [0]
