"""Uppy's own client, unmodified, in Chromium: what it sends, what it sends again, and what the record says of it."""

from __future__ import annotations

import hashlib

import httpx
import pytest

from service.media.store import AbsentError
from service.media.uploads import PART_SIZE
from tests.clients.uppy.page import Scene
from tests.media.pictures import jpeg

ID = "film-of-the-lesson"
SMALL = jpeg()
SEVENTEEN = jpeg() + bytes(17 * 1024 * 1024)
SIX_PARTS = jpeg() + hashlib.sha256(b"lesson").digest() * (5 * PART_SIZE // 32) + b"end"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_small_file_is_one_part(scene: Scene) -> None:
    page = scene.open(ID, scene.declare(ID, SMALL))
    scene.begin(page, SMALL)
    scene.wait(page, "sent")
    assert scene.gate.sent == {1: 1}
    assert (scene.state(ID), scene.stored(ID)) == ("uploaded", sha256(SMALL))
    assert scene.browser.faults == []


def test_seventeen_mebibytes_are_four_parts(scene: Scene) -> None:
    page = scene.open(ID, scene.declare(ID, SEVENTEEN))
    scene.begin(page, SEVENTEEN)
    scene.wait(page, "sent")
    assert scene.gate.sent == {1: 1, 2: 1, 3: 1, 4: 1}
    assert (scene.state(ID), scene.stored(ID)) == ("uploaded", sha256(SEVENTEEN))


def test_paused_it_waits_and_goes_on(scene: Scene) -> None:
    page = scene.open(ID, scene.declare(ID, SIX_PARTS, "video/mp4"))
    scene.gate.shut_after = 2
    scene.begin(page, SIX_PARTS, "video/mp4")
    scene.until(page, scene.gate.is_shut)
    page.evaluate("() => uppy.pauseAll()")
    scene.gate.open()
    page.wait_for_timeout(1_500)
    assert sum(scene.gate.sent.values()) == 2
    assert scene.state(ID) == "uploading"
    page.evaluate("() => uppy.resumeAll()")
    scene.wait(page, "sent")
    assert scene.gate.sent == dict.fromkeys(range(1, 7), 1)
    assert scene.stored(ID) == sha256(SIX_PARTS)


def test_a_killed_browser_sends_only_what_is_missing(scene: Scene) -> None:
    url = scene.declare(ID, SIX_PARTS, "video/mp4")
    page = scene.open(ID, url)
    scene.gate.shut_after = 2
    scene.begin(page, SIX_PARTS, "video/mp4")
    scene.until(page, scene.gate.is_shut)
    page.wait_for_timeout(8_000)  # Chromium writes what a page keeps some seconds later
    scene.browser.kill()
    scene.gate.open()
    assert dict(scene.gate.sent) == {1: 1, 2: 1}

    again = scene.open(ID, url)
    again.wait_for_function("() => uppy.getFiles().length === 1 && uppy.getFiles()[0].data?.size > 0")
    again.evaluate("() => { guide.goOn(uppy); }")
    scene.wait(again, "sent")
    assert scene.gate.sent == dict.fromkeys(range(1, 7), 1)
    assert (scene.state(ID), scene.stored(ID)) == ("uploaded", sha256(SIX_PARTS))


def test_a_store_that_fails_twice_is_asked_again(scene: Scene) -> None:
    page = scene.open(ID, scene.declare(ID, SEVENTEEN))
    scene.gate.faults = 2
    scene.begin(page, SEVENTEEN)
    scene.wait(page, "sent")
    assert scene.gate.faults < 0
    assert scene.gate.sent == {1: 1, 2: 1, 3: 1, 4: 1}
    assert scene.stored(ID) == sha256(SEVENTEEN)


def test_cancelled_nothing_is_left(scene: Scene) -> None:
    page = scene.open(ID, scene.declare(ID, SIX_PARTS, "video/mp4"))
    scene.gate.shut_after = 2
    scene.begin(page, SIX_PARTS, "video/mp4")
    scene.until(page, scene.gate.is_shut)
    page.evaluate("() => uppy.cancelAll()")
    store, prefix = scene.stage.store, f"{scene.stage.tenant_id}/"
    scene.until(page, lambda: store.uploads(prefix) == [])
    with pytest.raises(AbsentError):
        scene.stored(ID)
    assert scene.state(ID) == "uploading"  # it may be sent anew


def test_the_leave_is_for_one_file_and_ends_with_the_session(scene: Scene) -> None:
    url, other = (
        scene.declare(ID, SIX_PARTS, "video/mp4"),
        scene.declare("another-film", SIX_PARTS, "video/mp4"),
    )
    hers = httpx.post(f"{url}/s3/multipart", json={"filename": "x", "type": "y"}).json()
    theirs = httpx.post(f"{other}/s3/multipart", json={}).json()
    for key, upload_id in ((theirs["key"], theirs["uploadId"]), (hers["key"], theirs["uploadId"])):
        answer = httpx.get(f"{url}/s3/multipart/{upload_id}/1", params={"key": key})
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    fine = f"{url}/s3/multipart/{hers['uploadId']}"
    assert httpx.get(f"{fine}/1", params={"key": hers["key"]}).status_code == 200
    assert httpx.get(f"{fine}/7", params={"key": hers["key"]}).status_code == 422
    assert httpx.post(f"{scene.stage.url}/v1/sign-out", headers=scene.tokens).status_code == 204
    assert httpx.get(f"{fine}/1", params={"key": hers["key"]}).status_code == 404


def test_other_origins_are_not_let_in(scene: Scene) -> None:
    url = scene.declare(ID, SMALL)
    for origin, let_in in ((scene.origin, scene.origin), ("http://evil.example", None)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = httpx.options(f"{url}/s3/multipart", headers=asked)
        assert answer.headers.get("Access-Control-Allow-Origin") == let_in
        assert "Access-Control-Allow-Credentials" not in answer.headers
