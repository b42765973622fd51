"""Bad input at every door: always the same problem for the same fault, never a fault of ours.

The doors are read from the app itself, so that a new one is probed as soon as it is there.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests import tally
from tests.api.conftest import HANA, OLGA
from tests.api.test_policies import PUBLIC
from tests.builders import CHALLENGE, Caller, caller, make_person, make_tenant, put, services_of

JSON = {"Content-Type": "application/json"}
NOBODYS = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
DEEP = b"[" * 33 + b"]" * 33
LARGE = b'{"x":"' + b"a" * 2**20 + b'"}'
ROWS_ARE_JUDGED_ALONE = {
    "/v1/sync/push",
    "/v1/sync/rxdb/notes/push",
    "/v1/sync/watermelon",
    "/v1/sync/watermelon/rescue",
}
TAKES_FILES = {"/v1/visits/visit-one/annotations", "/v1/media/visit-one/annotations"}
OAUTH = {
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/oauth/authorize",
    "/oauth/device",
    "/oauth/device_authorization",
    "/oauth/introspect",
    "/oauth/jwks",
    "/oauth/revoke",
    "/oauth/sign-in",
    "/oauth/sign-out",
    "/oauth/token",
}
"""They answer in OAuth's own words, or a person: tests/api/apps."""
PAGES = OAUTH | {"/v1/openapi.json", "/v1/docs/", "/v1/docs/start.js", "/v1/docs/<name>"}


@pytest.fixture(scope="module", params=["teacher", "admin"])
def hana(app: Flask, request: pytest.FixtureRequest) -> Caller:
    """One tenant for the whole file, in which she has this role: nothing here succeeds in changing anything."""
    services = services_of(app)
    tenant_id = make_tenant(services, f"north-of-a-{request.param}")
    make_person(services, tenant_id, HANA, request.param)
    make_person(services, tenant_id, OLGA)
    put(services, tenant_id, "visits", "visit-one", host_id=OLGA, observer_ids=[HANA], state="captured")
    put(services, tenant_id, "invitations", "open-door", host_id=HANA, state="open", to_tenant=True)
    return caller(app, tenant_id, HANA)


BY_LEAVE = ("/v1/u/", "/v1/play/", "/v1/calendar/", "/v1/digest/unsubscribe/")
"""Their address is the leave, and ours is nobody's: whatever is said there, nothing is there (test_leave)."""


def doors(app: Flask) -> list[tuple[str, str]]:
    """(method, rule) of every endpoint, without what Flask adds by itself."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    rules = [rule for rule in rules if not rule.rule.startswith(BY_LEAVE)]
    return [
        (method, rule.rule)
        for rule in rules
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def filled(rule: str, value: str = "record-one") -> str:
    """The rule as a path, its parameters filled in."""
    typed = re.sub(r"<uuid:[^>]+>", NOBODYS, re.sub(r"<int:[^>]+>", "1", rule))
    return re.sub(r"<[^>]+>", value, typed)


def bodies(app: Flask) -> list[tuple[str, str]]:
    """(method, path) of every endpoint whose document says that it takes a body of JSON."""
    paths = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].document()["paths"]
    return [
        (method.upper(), re.sub(r"{[^}]+}", named(path), path.replace("{number}", "1")))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if not path.startswith(BY_LEAVE)
        and "requestBody" in operation
        and "application/json" in operation["requestBody"]["content"]
    ]


UUID_OF = {"preview_id", "webhook_id", "identity_id", "provider_id"}
"""Parameters that are UUIDs."""


def named(path: str) -> str:
    """What the parameter of a path is filled with: something that is there."""
    if "{name}" in path or "{collection}" in path:
        return "notes"
    if UUID_OF & set(re.findall(r"{(\w+)}", path)):
        return NOBODYS
    return "open-door" if "invitations" in path else "visit-one"


def told(who: Caller, method: str, path: str, **options: Any) -> tuple[int, str, list[str]]:
    """Status, slug and places of the problem that is answered."""
    answer = who.call(method, path, **options)
    tally.count("requests of hard input were answered by a problem, none of them a fault of ours", 1)
    assert answer.status_code < 500, (method, path, answer.data)
    assert answer.content_type == "application/problem+json", (method, path, answer.status, answer.data)
    assert answer.json["status"] == answer.status_code
    return (
        answer.status_code,
        answer.json["type"].removeprefix("/problems/"),
        list(answer.json.get("errors", {})),
    )


ADDRESSES = {
    "?a=1&a=2": (400, "malformed-request", []),
    "?a=%FF": (400, "malformed-request", []),
    "?%FF=a": (400, "malformed-request", []),
    "?a=%00": (400, "malformed-request", []),
    "?a=%ED%A0%80": (400, "malformed-request", []),
}


@pytest.mark.parametrize("query", ADDRESSES)
def test_a_query_that_is_no_text(app: Flask, hana: Caller, query: str) -> None:
    answers = {(method, rule): told(hana, method, filled(rule) + query) for method, rule in doors(app)}
    assert answers == dict.fromkeys(answers, ADDRESSES[query])
    assert len(answers) > 100


@pytest.mark.parametrize("value", ["%00", "%FF", "record%00one", "%ED%A0%80record"])
def test_a_path_that_is_no_text(app: Flask, hana: Caller, value: str) -> None:
    with_parameters = [(method, rule) for method, rule in doors(app) if re.search(r"<(?!uuid|int)", rule)]
    answers = {(method, rule): told(hana, method, filled(rule, value)) for method, rule in with_parameters}
    assert answers == dict.fromkeys(answers, (400, "malformed-request", []))


def test_a_query_that_nobody_asked_for(app: Flask, hana: Caller) -> None:
    asked = [(method, rule) for method, rule in doors(app) if rule not in PAGES]
    answers = {
        (method, rule): told(hana, method, f"{filled(rule)}?nonsense=1")
        for method, rule in asked
        if method == "GET"
    }
    assert {answer[:2] for answer in answers.values()} == {(422, "invalid-request")}
    assert [door for door, (_, _, places) in answers.items() if "?nonsense" not in places] == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "nonsense"])
def test_a_body_that_is_encoded(app: Flask, hana: Caller, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    answers = {
        (method, rule): told(hana, method, filled(rule), headers=headers) for method, rule in doors(app)
    }
    assert answers == dict.fromkeys(answers, (415, "unsupported-media-type", []))


def test_a_method_that_is_none(app: Flask, hana: Caller) -> None:
    for rule in {rule for _, rule in doors(app)}:
        answer = hana.call("PROPFIND", filled(rule))
        assert (answer.status_code, answer.json["type"]) == (405, "/problems/method-not-allowed")
        assert "OPTIONS" in answer.headers["Allow"]


BODIES: dict[str, tuple[bytes, dict[str, str], tuple[int, str, list[str]]]] = {
    "no JSON": (b"{", JSON, (400, "invalid-json", [])),
    "no UTF-8": (b'{"x":"\xff"}', JSON, (400, "invalid-json", [])),
    "UTF-16": ('{"x":1}'.encode("utf-16"), JSON, (400, "invalid-json", [])),
    "a byte order mark": (b"\xef\xbb\xbf{}", JSON, (400, "invalid-json", [])),
    "NaN": (b'{"x":NaN}', JSON, (400, "invalid-json", [])),
    "Infinity": (b'{"x":-Infinity}', JSON, (400, "invalid-json", [])),
    "two documents": (b"{}{}", JSON, (400, "invalid-json", [])),
    "far too deep": (b"[" * 200_000, JSON, (400, "invalid-json", [])),
    "another type": (b"{}", {"Content-Type": "text/plain"}, (415, "unsupported-media-type", [])),
    "a form": (
        b"x=1",
        {"Content-Type": "application/x-www-form-urlencoded"},
        (415, "unsupported-media-type", []),
    ),
    "no type": (b"{}", {}, (415, "unsupported-media-type", [])),
}
STRICT_BODIES: dict[str, tuple[bytes, tuple[int, str, list[str]]]] = {
    "a key twice": (b'{"x":1,"x":2}', (400, "invalid-json", [""])),
    "too deep": (DEEP, (400, "invalid-json", ["/0" * 32])),
    "a list": (b"[]", (422, "invalid-request", [""])),
    "a text": (b'"x"', (422, "invalid-request", [""])),
    "null": (b"null", (422, "invalid-request", [""])),
    "a NUL": (b'{"x":"a\\u0000"}', (422, "invalid-request", ["/x"])),
    "a NUL in a key": (b'{"\\u0000":1}', (422, "invalid-request", ["/\ufffd"])),
    "half an emoji": (b'{"x":["a","\\ud83d"]}', (422, "invalid-request", ["/x/1"])),
    "too many bits": (b'{"x":9223372036854775808}', (422, "invalid-request", ["/x"])),
    "no end": (b'{"x":1e999}', (422, "invalid-request", ["/x"])),
    "too large": (LARGE, (413, "too-large", [])),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none(app: Flask, hana: Caller, name: str) -> None:
    body, headers, expected = BODIES[name]
    answers = {door: told(hana, *door, data=body, headers=headers) for door in bodies(app)}
    assert answers == dict.fromkeys(answers, expected)
    assert len(answers) > 40


@pytest.mark.parametrize("name", STRICT_BODIES)
def test_a_body_that_means_nothing(app: Flask, hana: Caller, name: str) -> None:
    body, expected = STRICT_BODIES[name]
    others = ROWS_ARE_JUDGED_ALONE | (TAKES_FILES if name == "too large" else set())
    asked = [door for door in bodies(app) if door[1] not in others]
    answers = {door: told(hana, *door, data=body, headers=JSON) for door in asked}
    assert answers == dict.fromkeys(answers, expected)


def test_a_member_that_nobody_asked_for(app: Flask, hana: Caller) -> None:
    for method, path in bodies(app):
        if method == "PATCH":
            continue  # of a record that is not there
        status, slug, places = told(hana, method, path, json={"nonsense": 1})
        assert (status, slug) == (422, "invalid-request"), (method, path)
        if not path.startswith("/v1/sync/rxdb"):  # which takes a list, no object
            assert {"/nonsense", "/id", "/changes", "/type"} & set(places), (method, path, places)


NOTE = {"id": "note-one", "visit_id": "visit-one", "note_kind": "noticing"}
DOOR = {"id": "door-one", "host_id": HANA}
FIELDS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("notes", NOTE | {"score": 5}, ["/score"]),
    ("notes", NOTE | {"created_by": OLGA}, ["/created_by"]),
    ("notes", NOTE | {"updated_at": None, "created_at": None}, ["/created_at", "/updated_at"]),
    ("notes", NOTE | {"id": "short"}, ["/id"]),
    ("notes", NOTE | {"id": "no spaces in ids"}, ["/id"]),
    ("notes", NOTE | {"id": "note-one\n"}, ["/id"]),
    ("notes", NOTE | {"id": 12345678}, ["/id"]),
    ("notes", NOTE | {"id": None}, ["/id"]),
    ("notes", NOTE | {"id": "x" * 65}, ["/id"]),
    ("notes", NOTE | {"visit_id": "../visits"}, ["/visit_id"]),
    ("notes", NOTE | {"visit_id": ["visit-one"]}, ["/visit_id"]),
    ("notes", NOTE | {"visit_id": None}, ["/visit_id"]),
    ("notes", NOTE | {"note_kind": "score"}, ["/note_kind"]),
    ("notes", NOTE | {"text": "x" * 20_001}, ["/text"]),
    ("notes", NOTE | {"text": 5}, ["/text"]),
    ("notes", NOTE | {"text": {"$ne": None}}, ["/text"]),
    ("notes", NOTE | {"at_ms": -1}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": 2**31}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": 1.5}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": 1e300}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": "5"}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": True}, ["/at_ms"]),
    ("notes", NOTE | {"at_ms": 9, "until_ms": 8}, ["/until_ms"]),
    ("notes", NOTE | {"at": "2026-02-30T00:00:00Z"}, ["/at"]),
    ("notes", NOTE | {"at": "2026-11-21T09:30:00"}, ["/at"]),
    ("notes", NOTE | {"at": "9999-12-31T23:59:59-14:00"}, ["/at"]),
    ("notes", NOTE | {"at": 1_700_000_000}, ["/at"]),
    ("notes", NOTE | {"state": "archived"}, ["/state"]),
    ("invitations", DOOR | {"seats": 0}, ["/seats"]),
    ("invitations", DOOR | {"to_tenant": "yes"}, ["/to_tenant"]),
    ("invitations", DOOR | {"people_ids": "olga"}, ["/people_ids"]),
    ("invitations", DOOR | {"people_ids": ["person-01", 5]}, ["/people_ids/1"]),
    ("invitations", DOOR | {"people_ids": [f"person-{n:04}" for n in range(201)]}, ["/people_ids"]),
    ("invitations", DOOR | {"people_ids": ["nobody-here"]}, ["/people_ids"]),
    (
        "visit_requests",
        {"id": "request-one", "requester_id": HANA, "host_id": OLGA, "invitation_id": "x"},
        ["/invitation_id"],
    ),
]


@pytest.mark.parametrize(("kind", "said", "places"), FIELDS)
def test_a_field_that_cannot_be(hana: Caller, kind: str, said: dict[str, Any], places: list[str]) -> None:
    assert told(hana, "POST", f"/v1/{kind}", json=said) == (422, "invalid-request", places)


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ({"id": "another-id"}, ["/id"]),
        ({"created_by": HANA}, ["/created_by"]),
        ({"look_for": "x" * 2001}, ["/look_for"]),
        ({"score": 1, "rank": 2}, ["/score", "/rank"]),
        ({"host_id": None}, ["/host_id"]),
    ],
)
def test_a_change_that_cannot_be(hana: Caller, said: dict[str, Any], places: list[str]) -> None:
    status, slug, told_places = told(hana, "PATCH", "/v1/invitations/open-door", json=said)
    assert (status, slug, sorted(told_places)) == (422, "invalid-request", sorted(places))


QUERIES = [
    ("limit=0", ["?limit"]),
    ("limit=201", ["?limit"]),
    ("limit=1e2", ["?limit"]),
    ("limit=%EF%BC%91", ["?limit"]),
    ("limit=99999999999999999999", ["?limit"]),
    ("visit_id=x", ["?visit_id"]),
    ("state=archived", ["?state"]),
    ("text=abc&limit=x", ["?limit", "?text"]),
]


@pytest.mark.parametrize(("query", "places"), QUERIES)
def test_a_query_that_cannot_be(hana: Caller, query: str, places: list[str]) -> None:
    status, slug, told_places = told(hana, "GET", f"/v1/notes?{query}")
    assert (status, slug, sorted(told_places)) == (422, "invalid-request", places)


@pytest.mark.parametrize("cursor", ["x", "%3D%3D", "bm90aGluZw", "L2V0Yy9wYXNzd2Q", "4pyT"])
def test_a_cursor_that_is_none_of_ours(hana: Caller, cursor: str) -> None:
    assert told(hana, "GET", f"/v1/notes?cursor={cursor}") == (400, "invalid-cursor", [])


TOKENS = [
    "",
    "Bearer",
    "Bearer x",
    "Bearer a.b.c",
    "Basic aGFuYTpoYW5h",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "\x7f",
]


@pytest.mark.parametrize("header", TOKENS)
def test_a_token_that_is_none(app: Flask, header: str) -> None:
    nobody = Caller(app.test_client(use_cookies=False), headers={"Authorization": header})
    for method, rule in doors(app):
        if rule not in PUBLIC:
            answer = nobody.call(method, filled(rule))
            assert (answer.status_code, answer.json["type"]) == (401, "/problems/sign-in-required"), rule
            assert answer.headers["WWW-Authenticate"] == CHALLENGE
