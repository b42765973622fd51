"""The object store, as phones meet it through signed addresses; all against a real one."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from schemas.problems import Problem, Refused
from service.media.bucket import Part
from service.media.store import FILE_PART, AbsentError, Store
from service.settings import Settings
from sync.clock import system_now
from tests.media.world import store_of

MIB = 1 << 20
CONTENT = b"what a phone has seen"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(settings_with_s3: Settings) -> Store:
    return store_of(settings_with_s3)


@pytest.fixture
def key() -> str:
    return f"{uuid4()}/photo-one/raw"


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        yield f"http://{host}:{port}"


@contextmanager
def server_that_breaks_off() -> Iterator[str]:
    """Promises a thousand bytes, sends a hundred, and hangs up."""

    def answer() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(100))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield "http://{}:{}".format(*server.getsockname())
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def put(store: Store, key: str, content: bytes = CONTENT, **headers: str) -> int:
    """The status of sending `content` to an address signed for CONTENT."""
    signed = store.sign_put(key, "image/jpeg", len(CONTENT), SHA256)
    sent = {**signed.headers, "Content-Length": str(len(content))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return httpx.put(signed.url, content=content, headers={n: v for n, v in sent.items() if v}).status_code


def test_what_was_signed_can_be_sent_once(store: Store, key: str) -> None:
    assert put(store, key) == 200
    assert store.size(key) == len(CONTENT)
    assert b"".join(store.read(key)) == CONTENT
    assert put(store, key) == 412


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/html"}, 403),
        ({"If_None_Match": ""}, 403),
        ({"x_amz_checksum_sha256": ""}, 403),
        ({"x_amz_checksum_sha256": base64.b64encode(bytes(32)).decode()}, 403),
    ],
)
def test_every_signed_header_is_held_against_it(
    store: Store, key: str, headers: dict[str, str], status: int
) -> None:
    assert put(store, key, **headers) == status
    with pytest.raises(AbsentError):
        store.size(key)


@pytest.mark.parametrize(("content", "status"), [(CONTENT + b"!", 403), (b"What a phone has seen", 400)])
def test_other_bytes_than_declared_do_not_arrive(store: Store, key: str, content: bytes, status: int) -> None:
    assert put(store, key, content) == status
    with pytest.raises(AbsentError):
        store.size(key)


def test_addresses_end(store: Store, key: str) -> None:
    def lasts(url: str) -> str:
        return parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]

    assert lasts(store.sign_put(key, "image/jpeg", 5, SHA256).url) == "900"
    assert lasts(store.sign_part(key, "upload", 1, 5).url) == "900"
    assert lasts(store.sign_get(key, "image/jpeg", "a.jpg").url) == "300"


def test_a_file_is_fetched_as_a_download_of_our_type(store: Store, key: str) -> None:
    store.put(key, CONTENT, "text/html")
    answer = httpx.get(store.sign_get(key, "image/jpeg", 'Tafel "1"\r\nX: ü.jpg').url)
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "image/jpeg"
    assert (
        answer.headers["content-disposition"]
        == "attachment; filename*=UTF-8''Tafel%20%221%22%0D%0AX%3A%20%C3%BC.jpg"
    )


def test_without_a_signature_nothing_is_given(store: Store, key: str) -> None:
    store.put(key, CONTENT, "image/jpeg")
    assert httpx.get(store.sign_get(key, "image/jpeg", "a").url.partition("?")[0]).status_code == 403


def test_phones_are_sent_to_the_public_endpoint(settings_with_s3: Settings, key: str) -> None:
    store = Store(replace(settings_with_s3, s3_public_endpoint="https://media.school.example"))
    assert store.sign_get(key, "image/jpeg", "a.jpg").url.startswith("https://media.school.example/")
    store.put(key, CONTENT, "image/jpeg")
    assert store.size(key) == len(CONTENT)


def test_parts_arrive_in_any_order(store: Store, key: str) -> None:
    content = bytes(range(256)) * (5 * MIB // 256) + b"the end"
    upload_id = store.begin_parts(key, "image/jpeg")
    for number, piece in ((2, content[5 * MIB :]), (1, content[: 5 * MIB])):
        url = store.sign_part(key, upload_id, number, len(piece)).url
        assert httpx.put(url, content=piece + b"!").status_code == 403
        assert httpx.put(url, content=piece).status_code == 200
    parts = store.parts(key, upload_id)
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 7)]
    store.complete_parts(key, upload_id, list(reversed(parts)))
    assert b"".join(store.read(key)) == content
    assert b"".join(store.read(key, 5 * MIB, 3)) == b"the"
    assert b"".join(store.read(key, 5 * MIB + 4)) == b"end"
    store.complete_parts(key, upload_id, parts)
    assert store.upload_id(key) is None


def test_an_upload_goes_on_where_it_stopped(store: Store, key: str) -> None:
    first = store.begin_parts(key, "image/jpeg")
    assert store.begin_parts(key, "image/jpeg") == first
    assert store.begin_parts(key + "-of-another", "image/jpeg") != first


def test_two_who_begin_at_once_share_one_upload(store: Store, key: str) -> None:
    begun: list[str] = []
    threads = [
        threading.Thread(target=lambda: begun.append(store._begin_parts(key, "image/jpeg"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.upload_id(key) in begun
    assert store.begin_parts(key, "image/jpeg") == store.upload_id(key)


def test_an_aborted_upload_is_gone(store: Store, key: str) -> None:
    upload_id = store.begin_parts(key, "image/jpeg")
    httpx.put(store.sign_part(key, upload_id, 1, 3).url, content=b"abc").raise_for_status()
    store.abort_parts(key)
    store.abort_parts(key)
    assert store.upload_id(key) is None
    with pytest.raises(AbsentError):
        store.parts(key, upload_id)
    with pytest.raises(AbsentError):
        store.complete_parts(key, upload_id, [Part(1, 3, "900150983cd24fb0d6963f7d28e17f72", system_now())])


def test_what_is_not_there_can_be_deleted(store: Store, key: str) -> None:
    store.put(key, CONTENT, "image/jpeg")
    store.delete(key, key)
    with pytest.raises(AbsentError):
        list(store.read(key))


PAGES = ("http://127.0.0.1:8080", "https://app.example")


@pytest.fixture
def own_bucket(settings_with_s3: Settings) -> Iterator[Store]:
    """A bucket that is not there yet."""
    store = Store(replace(settings_with_s3, s3_bucket=f"cw-test-{uuid4()}"))
    yield store
    store.erase_below("")
    store._client.delete_bucket(Bucket=store.bucket)


def lets(store: Store, origin: str, method: str) -> bool:
    """Whether the store tells a browser, which asks before it sends, that a page of `origin` may."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    url = store.sign_put("a/b/raw", "image/jpeg", len(CONTENT), SHA256).url
    told = httpx.options(url, headers=asked).headers
    return told.get("access-control-allow-origin") == origin and method in told.get(
        "access-control-allow-methods", ""
    )


def test_the_bucket_is_made_when_there_is_none(own_bucket: Store, key: str) -> None:
    assert [own_bucket.set_up(PAGES).made for _ in range(2)] == [True, False]
    own_bucket.put(key, CONTENT, "image/jpeg")
    assert own_bucket.size(key) == len(CONTENT)


def test_our_pages_may_use_the_bucket_and_no_others(own_bucket: Store) -> None:
    own_bucket.set_up(PAGES)
    for method in ("GET", "PUT", "HEAD"):
        assert [lets(own_bucket, page, method) for page in (*PAGES, "https://evil.example")] == [
            *(True, True, False)
        ]
    assert not lets(own_bucket, PAGES[0], "DELETE")
    own_bucket.set_up(PAGES[:1])
    assert [lets(own_bucket, page, "PUT") for page in PAGES] == [True, False]


def test_a_page_is_told_the_etag_of_what_it_sent(own_bucket: Store, key: str) -> None:
    own_bucket.set_up(PAGES)
    upload_id = own_bucket.begin_parts(key, "image/jpeg")
    answer = httpx.put(
        own_bucket.sign_part(key, upload_id, 1, 3).url, content=b"abc", headers={"Origin": PAGES[0]}
    )
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    assert answer.headers["etag"].strip('"') == hashlib.md5(b"abc").hexdigest()


def test_the_store_takes_the_rules_of_what_it_forgets(own_bucket: Store) -> None:
    for _ in range(2):
        own_bucket.set_up(PAGES)
    rules = own_bucket._client.get_bucket_lifecycle_configuration(Bucket=own_bucket.bucket)["Rules"]
    said = {rule["ID"]: rule for rule in rules}
    assert said["unended-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 31}
    assert said["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
    assert {rule["Status"] for rule in rules} == {"Enabled"}


def refusal_of(store: Store) -> tuple[Refused, float]:
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        store.size("a/b/raw")
    return refused.value, time.monotonic() - began


def test_nobody_there_is_told_at_once(settings: Settings) -> None:
    refused, seconds = refusal_of(Store(settings))
    assert (refused.problem, refused.extra) == (Problem.UNAVAILABLE, {"retry_after": 5})
    assert seconds < 2


def test_a_store_that_says_nothing_is_not_waited_for_long(settings: Settings) -> None:
    with silent_server() as endpoint:
        refused, seconds = refusal_of(Store(replace(settings, s3_endpoint=endpoint)))
    assert refused.problem is Problem.UNAVAILABLE
    assert 4 < seconds < 8


def test_a_file_that_breaks_off_is_no_short_file(settings: Settings) -> None:
    """Else a bad moment of the store would put a good photo away for its checksum."""
    with server_that_breaks_off() as endpoint:
        store = Store(replace(settings, s3_endpoint=endpoint))
        with pytest.raises(Refused) as refused:
            b"".join(store.read("a/b/raw"))
    assert refused.value.problem is Problem.UNAVAILABLE


def test_wrong_keys_are_no_answer(settings_with_s3: Settings) -> None:
    refused, _ = refusal_of(Store(replace(settings_with_s3, s3_secret_key="another-secret")))
    assert refused.problem is Problem.UNAVAILABLE


def test_signing_needs_no_store(settings: Settings) -> None:
    assert Store(settings).sign_get("a/b/photo", "image/jpeg", "a.jpg").url.startswith("http://127.0.0.1:9/")


def test_a_large_file_is_stored_in_parts_over_what_was_left(store: Store, tmp_path: Path) -> None:
    key, path = f"{uuid4()}/film", tmp_path / "film"
    content = os.urandom(FILE_PART + 12345)
    path.write_bytes(content)
    left = store.begin_parts(key, "video/mp4")
    store.put_file(key, path, "video/mp4")
    assert store.upload_id(key) is None, f"{left} was left by a worker that was killed"
    assert b"".join(store.read(key)) == content
    path.write_bytes(b"small")
    store.put_file(key, path, "video/mp4")
    assert b"".join(store.read(key)) == b"small"


@pytest.mark.parametrize(
    "fault", [{"s3_endpoint": "http://127.0.0.1:9"}, {"s3_secret_key": "another-secret"}]
)
def test_a_file_that_cannot_be_stored_is_told(
    settings_with_s3: Settings, tmp_path: Path, fault: dict[str, str]
) -> None:
    store = Store(replace(settings_with_s3, **fault))
    (tmp_path / "film").write_bytes(b"small")
    with pytest.raises(Refused) as refused:
        store.put_file("film", tmp_path / "film", "video/mp4")
    assert refused.value.problem is Problem.UNAVAILABLE


def test_what_lies_below_is_erased_and_nothing_beside(store: Store) -> None:
    below, beside = f"{uuid4()}/film/", f"{uuid4()}/film-of-another"
    for key in (f"{below}raw", f"{below}360p", beside):
        store.put(key, b"film", "video/mp4")
    store.erase_below(below)
    assert list(store.pages(below)) in ([], [[]])
    assert store.size(beside) == 4
