"""What the upload door answers to what is crooked, late, repeated or another's: a slug, and nothing becomes ready."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.media.pictures import jpeg
from tests.media.school import ID, LARGE, OpenSchool, School

PAGE = b"<!DOCTYPE html><script>alert(1)</script>"
MD5 = "0" * 32


def said(school: School, step: str, body: Any = None, method: str = "POST") -> tuple[int, str]:
    sent = {} if body is None else {"json": body}
    answer = school.olga.call(method, f"/v1/media/{ID}/{step}", **sent)
    assert answer.mimetype == "application/problem+json", answer.data
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    ("number", "body", "refusal"),
    [
        ("0", {}, (422, "invalid-request")),
        ("4", {}, (422, "invalid-request")),
        ("1001", {}, (422, "invalid-request")),
        ("9" * 40, {}, (422, "invalid-request")),
        ("-1", {}, (404, "not-found")),
        ("1.5", {}, (404, "not-found")),
        ("..%2F1", {}, (404, "not-found")),
        ("1", {"md5": "A" * 32}, (422, "invalid-request")),
        ("1", {"md5": MD5 + "00"}, (422, "invalid-request")),
        ("1", {"md5": None}, (422, "invalid-request")),
        ("1", {"size": 5}, (422, "invalid-request")),
        ("1", [], (422, "invalid-request")),
    ],
)
def test_a_part_that_cannot_be(school: School, number: str, body: Any, refusal: tuple[int, str]) -> None:
    school.declare(LARGE)
    school.olga.post(f"/v1/media/{ID}/upload")
    assert said(school, f"upload/parts/{number}", body) == refusal


def test_parts_of_what_is_sent_whole_and_before_it_was_planned(school: School) -> None:
    school.declare(LARGE)
    assert said(school, "upload/parts/1", {}) == (409, "media-not-ready")
    school.declare(jpeg(), id="photo-that-is-small")
    answer = school.olga.post("/v1/media/photo-that-is-small/upload/parts/1", {})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid-request")
    assert "it is sent whole" in answer.json["detail"]


@pytest.mark.parametrize(
    ("claimed", "missing"),
    [
        ({1: "own", 2: "own"}, [3]),
        ({1: "own", 2: "own", 3: "other"}, [3]),
        ({1: "swapped", 2: "own", 3: "own"}, [1]),
    ],
)
def test_complete_with_a_part_that_is_not_there(
    school: School, claimed: dict[int, str], missing: list[int]
) -> None:
    school.declare(LARGE)
    school.olga.post(f"/v1/media/{ID}/upload")
    etags = {number: school.send_part(number) for number in (1, 2, *([3] if claimed.get(3) == "own" else []))}
    words = {"other": "of-somebody-else", "swapped": etags[2] + "x"}
    parts = [{"number": number, "etag": words.get(how) or etags[number]} for number, how in claimed.items()]
    answer = school.olga.post(f"/v1/media/{ID}/complete", {"parts": parts})
    assert (answer.status_code, answer.json["missing"]) == (409, missing)
    assert school.olga.get(f"/v1/media/{ID}").json["state"] == "uploading"


def test_after_an_abort_nothing_is_left_and_all_may_be_sent_anew(school: School) -> None:
    school.declare(LARGE)
    school.olga.post(f"/v1/media/{ID}/upload")
    first = school.olga.post(f"/v1/media/{ID}/upload/parts/1", {}).json
    for number in (1, 2, 3):
        school.send_part(number)
    for _ in range(2):
        assert school.olga.delete(f"/v1/media/{ID}/upload").status_code == 204
    assert httpx.put(first["url"], content=LARGE[: 5 << 20]).status_code == 404
    assert said(school, "upload/parts/1", {}) == (409, "media-not-ready")
    assert said(school, "complete", {"parts": []}) == (409, "media-not-ready")
    assert school.olga.post(f"/v1/media/{ID}/upload").json["parts"] == []


@pytest.mark.parametrize(("content", "state"), [(jpeg(), "ready"), (PAGE, "quarantined")])
def test_what_is_settled_takes_nothing_and_says_how_it_stands(
    school: School, content: bytes, state: str
) -> None:
    school.declare(content)
    plan = school.olga.post(f"/v1/media/{ID}/upload").json
    httpx.put(plan["url"], headers=plan["headers"], content=content).raise_for_status()
    school.olga.post(f"/v1/media/{ID}/complete")
    school.verify()
    for step, method in (("upload", "POST"), ("upload/parts/1", "POST"), ("upload", "DELETE")):
        assert said(school, step, {} if "parts" in step else None, method) == (409, "illegal-move")
    answer = school.olga.post(f"/v1/media/{ID}/complete", {"parts": [{"number": 7, "etag": "x"}]})
    assert (answer.status_code, answer.json) == (202, {"state": state})
    record = school.olga.get(f"/v1/media/{ID}").json
    assert (record["state"], record["reason"]) == (state, None if state == "ready" else "wrong_type")


@pytest.mark.parametrize("size", [0, -1, "5", 2**60])
def test_a_size_that_no_file_has_is_not_even_declared(school: School, size: Any) -> None:
    answer = school.olga.post("/v1/media", {"id": ID, "visit_id": "visit-of-a-lesson", "size_bytes": size})
    assert answer.status_code == 422


def test_without_consent_there_is_no_plan_and_the_record_stays(school: School) -> None:
    school.declare(LARGE, consent_basis=None)
    assert said(school, "upload") == (409, "consent-required")
    assert school.olga.get(f"/v1/media/{ID}").json["state"] == "declared"
    assert school.olga.patch(f"/v1/media/{ID}", {"consent_basis": "families_agreed"}).status_code == 200
    assert school.olga.post(f"/v1/media/{ID}/upload").status_code == 200
    at = "2026-11-28T09:00:00.000Z"
    assert school.olga.patch(f"/v1/media/{ID}", {"consent_withdrawn_at": at}).status_code == 200
    for step in ("upload", "upload/parts/1"):
        assert said(school, step, {} if "parts" in step else None)[0] == 409
    record = school.olga.get(f"/v1/media/{ID}").json
    assert (record["state"], record["file_name"]) == ("abandoned", "Tafel ü.jpg")


def test_without_room_the_record_stays_and_is_told_what_it_would_need(
    open_school: OpenSchool, settings_with_s3: Settings
) -> None:
    school = open_school(replace(settings_with_s3, media_person_mib=5))
    school.declare(LARGE)
    answer = school.olga.post(f"/v1/media/{ID}/upload")
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/storage-full")
    assert {name: answer.json[name] for name in ("limit", "used", "asked")} == {
        "limit": 5 << 20,
        "used": 0,
        "asked": len(LARGE),
    }
    assert school.olga.get(f"/v1/media/{ID}").json["state"] == "declared"
