"""Documents of a push, good and bad: never an error because of a row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import HANA, OLGA
from tests.api.watermelon.conftest import Make
from tests.api.watermelon.phone import Row, note
from tests.builders import Caller

JSON = {"Content-Type": "application/json"}


def changes(
    *created: Row, updated: list[Row] | None = None, deleted: list[str] | None = None, of: str = "notes"
) -> Row:
    return {"changes": {of: {"created": list(created), "updated": updated or [], "deleted": deleted or []}}}


BAD_ROWS: dict[str, Any] = {
    "no object": 7,
    "no id": {"text": "lost?"},
    "bad id": note("no id"),
    "a NUL": note("note-bad", text="a\0b"),
    "a wrong type": note("note-bad", text=7),
    "an unknown column": note("note-bad", score=5),
    "a moment beyond time": note("note-bad", at=10**17),
    "not a list": {
        "id": "visit-bad",
        "host_id": HANA,
        "observer_ids": "[",
        "_status": "created",
        "_changed": "",
    },
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_spoils_no_other_and_is_kept(phone: Make, name: str) -> None:
    olga = phone(OLGA)
    olga.sync()
    of = "visits" if name == "not a list" else "notes"
    said = changes(note("note-fine"))
    said["changes"].setdefault(of, {"created": [], "updated": [], "deleted": []})["created"].append(
        BAD_ROWS[name]
    )
    for _ in range(2):
        assert olga.who.post(f"/v1/sync/watermelon?last_pulled_at={olga.at}", said).status_code == 204
    olga.pull()
    assert list(olga.table("notes")) == ["note-fine"]
    assert len(olga.table("rejected_writes")) == 1


@pytest.mark.parametrize(
    "said",
    [
        {
            "changes": {
                "scores": {"created": [{"id": "score-one", "points": 5}], "updated": [], "deleted": []}
            }
        },
        {"changes": {"notes": {"created": 5}, "visits": None, "people": []}},
        {"changes": {"conflicts": {"created": [], "updated": [], "deleted": ["conflict-one"]}}},
        {"changes": {"notes": {"created": [], "updated": [{"id": "note-one"}], "deleted": ["x", 5, None]}}},
        {"changes": {}, "more": 1},
    ],
)
@pytest.mark.parametrize("path", ["", "/rescue"])
def test_no_document_is_an_error(phone: Make, said: Row, path: str) -> None:
    olga = phone(OLGA)
    for query in (
        "",
        "?last_pulled_at=null",
        "?last_pulled_at=nonsense",
        "?last_pulled_at=99999999999999999",
        f"?last_pulled_at={'9' * 60}",
    ):
        answer = olga.who.post(f"/v1/sync/watermelon{path}{query}", said)
        assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "invalid-json"),
        (b"[]", 422, "invalid-request"),
        (b'{"changes":[]}', 422, "invalid-request"),
    ],
)
def test_a_push_that_is_none(phone: Make, body: bytes, status: int, slug: str) -> None:
    answer = phone(OLGA).who.post("/v1/sync/watermelon", data=body, headers=JSON)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")


def test_nobody_gets_nothing(nobody: Caller) -> None:
    assert nobody.get("/v1/sync/watermelon").status_code == 401
    assert nobody.post("/v1/sync/watermelon", {"changes": {}}).status_code == 401
    assert nobody.post("/v1/sync/watermelon/rescue", {"changes": {}}).status_code == 401


def test_a_push_of_many_rows_goes_through_in_several_transactions(
    app: Flask, tenant_id: UUID, phone: Make
) -> None:
    olga, hana = phone(OLGA), phone(HANA)
    olga.sync()
    long = "x" * 500
    for number in range(1_100):
        olga.make(note(f"note-{number:04}", text=long, state="shared"))
    olga.sync()
    while hana.pull()["has_more"]:
        pass
    assert len(hana.table("notes")) == 1_100
    assert hana.table("rejected_writes") == {}
