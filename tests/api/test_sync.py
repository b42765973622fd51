"""The native sync doors over HTTP. What the engine decides is tested at the engine; here is what the door adds."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from service.records.read_log import read_log
from sync.server.tables import device, inbox
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, services_of

NOTE = {"visit_id": "visit-one", "note_kind": "noticing", "text": "Three asked."}
JSON = {"Content-Type": "application/json"}


def change(op_id: str = "op-1", record_id: str = "note-one", **said: Any) -> dict[str, Any]:
    return {"op_id": op_id, "collection": "notes", "id": record_id, "base_seq": None, "fields": NOTE} | said


def push(who: Caller, *changes: Any) -> list[dict[str, Any]]:
    answer = who.post("/v1/sync/push", {"changes": list(changes)})
    assert answer.status_code == 200, answer.json
    return list(answer.json["outcomes"])


def pull(who: Caller, cursor: str | None = None, **asked: Any) -> dict[str, Any]:
    answer = who.post("/v1/sync/pull", {"cursor": cursor, **asked})
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def test_what_one_phone_pushes_another_pulls(olga: Caller, hana: Caller, visit_id: str) -> None:
    (outcome,) = push(olga, change(fields=NOTE | {"state": "shared"}))
    assert (outcome["op_id"], outcome["id"], outcome["status"]) == ("op-1", "note-one", "applied")
    page = pull(hana, collections=["notes"])
    (row,) = page["changes"]
    assert row["record"]["text"] == "Three asked."
    assert {name: row[name] for name in ("collection", "id", "seq", "deleted")} == {
        "collection": "notes",
        "id": "note-one",
        "seq": outcome["seq"],
        "deleted": False,
    }
    assert page["more"] is False
    assert pull(hana, page["cursor"], collections=["notes"])["changes"] == []


def test_what_leaves_sight_is_a_tombstone(olga: Caller, visit_id: str) -> None:
    (outcome,) = push(olga, change())
    cursor = pull(olga, collections=["notes"])["cursor"]
    push(olga, change("op-2", base_seq=outcome["seq"], deleted=True, fields={}))
    (gone,) = pull(olga, cursor, collections=["notes"])["changes"]
    assert (gone["id"], gone["deleted"], gone["record"]) == ("note-one", True, None)


def test_pages_and_their_cursor(hana: Caller) -> None:
    first = pull(hana, limit=2)
    assert (len(first["changes"]), first["more"]) == (2, True)
    rest = pull(hana, first["cursor"], limit=1000)
    assert rest["more"] is False
    people = [row["id"] for row in first["changes"] + rest["changes"] if row["collection"] == "people"]
    assert sorted(people) == sorted([HANA, OLGA, "petra-passes-by"])


@pytest.mark.parametrize(
    ("said", "status", "slug", "place"),
    [
        ({"cursor": "no cursor"}, 400, "invalid-cursor", None),
        ({"collections": ["nonsense"]}, 422, "unknown-collection", "/collections"),
        ({"collections": []}, 422, "invalid-request", "/collections"),
        ({"limit": 0}, 422, "invalid-request", "/limit"),
        ({"limit": 2501}, 422, "invalid-request", "/limit"),
        ({"limit": "5"}, 422, "invalid-request", "/limit"),
        ({"since": 5}, 422, "invalid-request", "/since"),
    ],
)
def test_a_pull_that_asks_nonsense(
    hana: Caller, said: Any, status: int, slug: str, place: str | None
) -> None:
    answer = hana.post("/v1/sync/pull", said)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
    assert list(answer.json.get("errors", {})) == ([place] if place else [])


def test_a_cursor_of_a_future_clock_starts_anew(hana: Caller) -> None:
    from sync.cursor import Cursor

    answer = hana.post("/v1/sync/pull", {"cursor": Cursor(10**9, 1, 1, "x").encode()})
    assert (answer.status_code, answer.json["type"]) == (410, "/problems/sync-reset-required")


BAD_ROWS: dict[str, tuple[Any, str, str]] = {
    "no object": (7, "invalid-change", ""),
    "nothing": ({}, "invalid-change", "/op_id"),
    "no op_id": ({"collection": "notes", "id": "note-bad", "fields": {}}, "invalid-change", "/op_id"),
    "a NUL": (change("op-bad", "note-bad", fields=NOTE | {"text": "a\0b"}), "invalid-change", "/fields/text"),
    "a wrong type": (change("op-bad", "note-bad", fields=[]), "invalid-change", "/fields"),
    "unknown member": (change("op-bad", "note-bad", colour="red"), "invalid-change", "/colour"),
    "deleted as text": (change("op-bad", "note-bad", deleted="yes"), "invalid-change", "/deleted"),
    "base as text": (change("op-bad", "note-bad", base_seq="4"), "invalid-change", "/base_seq"),
    "unknown collection": (change("op-bad", "note-bad", collection="scores"), "unknown-collection", ""),
    "read-only collection": (change("op-bad", "note-bad", collection="conflicts"), "read-only-collection", ""),
    "bad id": (change("op-bad", "no id"), "invalid-change", "/id"),
    "unknown field": (change("op-bad", "note-bad", fields=NOTE | {"score": 5}), "invalid-record", "/fields/score"),
    "bad time": (change("op-bad", "note-bad", fields=NOTE | {"at": "soon"}), "invalid-record", "/fields/at"),
    "too long": (change("op-bad", "note-bad", fields=NOTE | {"text": "x" * 20_001}), "invalid-record", "/fields/text"),
    "too large": (change("op-bad", "note-bad", fields=NOTE | {"at_ms": 2**40}), "invalid-record", "/fields/at_ms"),
    "not hers": (change("op-bad", HANA, collection="people", fields={"roles": ["admin"]}, base_seq=2), "not-allowed", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_spoils_no_other_and_is_kept(olga: Caller, visit_id: str, name: str) -> None:
    row, slug, place = BAD_ROWS[name]
    first, bad, last = push(olga, change("op-1", "note-one"), row, change("op-3", "note-two"))
    assert (first["status"], last["status"]) == ("applied", "applied")
    assert (bad["status"], bad["problem"]["type"]) == ("rejected", f"/problems/{slug}")
    if place:
        assert place in bad["problem"]["errors"]
    (kept,) = olga.get("/v1/rejected_writes").json["items"]
    assert (kept["problem"], kept["person_id"]) == (slug, OLGA)
    again = push(olga, row)
    assert again[0]["status"] in {"rejected", "repeated"}
    assert len(olga.get("/v1/rejected_writes").json["items"]) == 1


def test_what_json_alone_can_say_is_a_row_fault_too(olga: Caller, visit_id: str) -> None:
    """A lone surrogate (an emoji cut in half), a doubled key, deep nesting, a number without end: one row each."""
    good = '{"op_id":"op-1","collection":"notes","id":"note-one","fields":{"visit_id":"visit-one","note_kind":"quote"}}'
    texts = ('"\\ud83d"', '{"a":1,"a":2}', "[" * 40 + "]" * 40, "1e999", "9" * 30)
    bad = [
        f'{{"op_id":"op-{n}","collection":"notes","id":"note-bad{n}","fields":{{"text":{text}}}}}'
        for n, text in enumerate(texts, 2)
    ]
    answer = olga.post("/v1/sync/push", data=f'{{"changes":[{",".join([*bad, good])}]}}', headers=JSON)
    assert answer.status_code == 200
    *refused, taken = answer.json["outcomes"]
    assert [outcome["op_id"] for outcome in refused] == ["op-2", "op-3", "op-4", "op-5", "op-6"]
    assert {outcome["problem"]["type"] for outcome in refused} == {"/problems/invalid-change"}
    assert taken["status"] == "applied"
    assert len(olga.get("/v1/rejected_writes").json["items"]) == 5


def test_a_bad_row_never_touches_the_receipt_of_somebody_else(
    olga: Caller, hana: Caller, visit_id: str
) -> None:
    push(olga, change("op-1"))
    push(hana, {"op_id": "op-1", "collection": "notes", "id": "note-one", "fields": 7})
    assert push(olga, change("op-1"))[0]["status"] == "repeated"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "invalid-json"),
        (b'{"changes":[NaN]}', 400, "invalid-json"),
        (b'{"changes":"\xff"}', 400, "invalid-json"),
        (b"[" * 100_000, 400, "invalid-json"),
        (b"[]", 422, "invalid-request"),
        (b"{}", 422, "invalid-request"),
        (b'{"changes":{}}', 422, "invalid-request"),
        (b'{"changes":[],"more":1}', 422, "invalid-request"),
        (b'{"changes":[' + b",".join([b"1"] * 501) + b"]}", 413, "too-many-changes"),
    ],
)
def test_a_push_that_is_none(olga: Caller, body: bytes, status: int, slug: str) -> None:
    answer = olga.post("/v1/sync/push", data=body, headers=JSON)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")


def test_a_push_may_be_large(olga: Caller, visit_id: str) -> None:
    long = "x" * 19_000
    changes = [change(f"op-{n}", f"note-{n:04}", fields=NOTE | {"text": long}) for n in range(100)]
    assert {outcome["status"] for outcome in push(olga, *changes)} == {"applied"}


def test_the_raw_push_is_kept(app: Flask, tenant_id: UUID, olga: Caller, visit_id: str) -> None:
    body = b'{"changes": [ {"op_id": "op-1", "what": "\\u0000"} ]}'
    olga.post("/v1/sync/push", data=body, headers=JSON)
    with services_of(app).database.begin(tenant_id) as connection:
        kept = connection.scalars(
            select(inbox.c.body).where(inbox.c.tenant_id == tenant_id, inbox.c.person_id == OLGA)
        ).all()
    assert kept == [body.decode()]


def test_the_digest_can_be_computed_from_what_was_pulled(hana: Caller) -> None:
    rows = pull(hana, collections=["people"])["changes"]
    expected = 0
    for row in rows:
        expected ^= int.from_bytes(hashlib.sha256(f"{row['id']}:{row['seq']}".encode()).digest()[:8], "big")
    told = hana.get("/v1/sync/digest?collection=people").json
    assert (told["collection"], told["count"], told["digest"]) == ("people", 3, f"{expected:016x}")
    unknown = hana.get("/v1/sync/digest?collection=scores")
    assert (unknown.status_code, unknown.json["type"]) == (422, "/problems/unknown-collection")


def test_deliveries_of_a_visit_are_noted(
    app: Flask, tenant_id: UUID, olga: Caller, hana: Caller, visit_id: str
) -> None:
    push(olga, change(fields=NOTE | {"state": "shared"}))
    pull(hana, collections=["notes"])
    pull(olga, collections=["notes"])
    with services_of(app).database.begin(tenant_id) as connection:
        rows = connection.execute(read_log.select().where(read_log.c.tenant_id == tenant_id)).all()
    assert [(row.reader_id, row.how, row.record_ids) for row in rows] == [(HANA, "delivered", ["note-one"])]


def test_a_device_tells_its_clock(app: Flask, tenant_id: UUID, hana: Caller) -> None:
    hana.post("/v1/sync/pull", {}, headers={"X-Device-Time": "2000-01-01T00:00:00Z"})
    found = select(device.c.device_id, device.c.clock_offset_ms).where(device.c.tenant_id == tenant_id)
    with services_of(app).database.begin(tenant_id) as connection:
        (row,) = connection.execute(found).all()
    assert row.device_id == f"phone-of-{HANA}"
    assert row.clock_offset_ms > 20 * 365 * 86_400_000
    assert hana.post("/v1/sync/pull", {}, headers={"X-Device-Time": "yesterday"}).status_code == 200


def test_the_native_schema_tells_every_field(nobody: Caller) -> None:
    told = nobody.get("/v1/sync/schema/native").json["collections"]
    assert told["notes"]["read_only"] is False
    assert told["notes"]["states"] == ["draft", "shared", "released", "retracted", "expired"]
    assert told["notes"]["fields"]["text"] == {
        "type": "string", "nullable": True, "required": False, "server_owned": False, "max_length": 20_000,
    }  # fmt: skip
    kinds = told["notes"]["fields"]["note_kind"]
    assert (kinds["type"], kinds["required"], kinds["choices"][0]) == ("choice", True, "noticing")
    assert told["visits"]["fields"]["observer_ids"]["type"] == "ids"
    assert told["visits"]["fields"]["started_at"]["type"] == "moment"
    assert told["notes"]["fields"]["at_ms"]["type"] == "integer"
    assert told["invitations"]["fields"]["to_tenant"]["type"] == "boolean"
    assert told["notes"]["fields"]["created_by"]["server_owned"] is True
    assert told["conflicts"]["read_only"] is True
    assert (told["schools"]["states"], told["people"]["fields"]["roles"]["type"]) == (None, "ids")
