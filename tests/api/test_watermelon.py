"""WatermelonDB's doors over HTTP, spoken to as its `synchronize` does: pull, lay on top, push what is dirty."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from sync.server.tables import clock, device, receipt, sent
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, caller, put, services_of

AT = 1_795_000_000_000
"""2026-11-18T11:06:40Z in milliseconds."""
JSON = {"Content-Type": "application/json"}
Row = dict[str, Any]
Key = tuple[str, str]


def note(record_id: str = "note-one", **said: Any) -> Row:
    """A note as a phone that made it holds it: every column of its table."""
    blank = dict.fromkeys(("code", "instrument", "at_ms", "until_ms", "at", "state", "created_by"))
    stamps = {"created_at": 0, "updated_at": 0, "_status": "created", "_changed": ""}
    return (
        {"id": record_id, "visit_id": "visit-one", "note_kind": "noticing", "text": "Three."}
        | blank
        | stamps
        | said
    )


def changes(
    *created: Row, updated: list[Row] | None = None, deleted: list[str] | None = None, of: str = "notes"
) -> Row:
    return {"changes": {of: {"created": list(created), "updated": updated or [], "deleted": deleted or []}}}


@dataclass
class Phone:
    """What one WatermelonDB holds; `dirty` names the columns of its rows that were edited."""

    who: Caller
    rows: dict[Key, Row] = field(default_factory=dict)
    dirty: dict[Key, set[str]] = field(default_factory=dict)
    made: set[Key] = field(default_factory=set)
    deleted: set[Key] = field(default_factory=set)
    at: int | None = None

    def pull(self, *, answered: bool = True, **asked: Any) -> Row:
        """Ask, and lay the answer on top as the library does: edited columns stay."""
        query = {
            "last_pulled_at": "null" if self.at is None else self.at,
            "schema_version": 1,
            "migration": "null",
        }
        answer = self.who.get("/v1/sync/watermelon", query_string=query | asked)
        assert answer.status_code == 200, answer.json
        if answered:
            self._lay(answer.json)
        return dict(answer.json)

    def _lay(self, said: Row) -> None:
        for name, table in said["changes"].items():
            assert table["created"] == []
            ids = [row["id"] for row in table["updated"]] + table["deleted"]
            assert len(ids) == len(set(ids))
            if said.get("experimentalStrategy") == "replacement":
                kept = {(name, record_id) for record_id in ids} | self.made
                self.rows = {key: row for key, row in self.rows.items() if key[0] != name or key in kept}
            for row in table["updated"]:
                mine = self.rows.get((name, row["id"]), {})
                edited = self.dirty.get((name, row["id"]), set())
                self.rows[name, row["id"]] = row | {column: mine[column] for column in edited}
            for record_id in table["deleted"]:
                self._destroy((name, record_id))
        assert said["timestamp"] > 0
        self.at = said["timestamp"]

    def _destroy(self, key: Key) -> None:
        self.rows.pop(key, None)
        self.dirty.pop(key, None)
        self.made.discard(key)
        self.deleted.discard(key)

    def make(self, row: Row, table: str = "notes") -> None:
        self.rows[table, row["id"]] = row
        self.made.add((table, row["id"]))

    def edit(self, record_id: str, table: str = "notes", **said: Any) -> None:
        self.rows[table, record_id] |= said
        self.dirty.setdefault((table, record_id), set()).update(said)

    def delete(self, record_id: str, table: str = "notes") -> None:
        self._destroy((table, record_id))
        self.deleted.add((table, record_id))

    def local(self) -> Row:
        """What it would push."""
        found: Row = {}
        for key in self.made | self.dirty.keys() | self.deleted:
            table = found.setdefault(key[0], {"created": [], "updated": [], "deleted": []})
            if key in self.deleted:
                table["deleted"].append(key[1])
                continue
            status = "created" if key in self.made else "updated"
            marks = {"_status": status, "_changed": ",".join(sorted(self.dirty.get(key, ())))}
            table[status].append(self.rows[key] | marks)
        return {"changes": found}

    def push(self, *, answered: bool = True) -> None:
        if not (self.made or self.dirty or self.deleted):
            return
        answer = self.who.post(f"/v1/sync/watermelon?last_pulled_at={self.at}", self.local())
        assert (answer.status_code, answer.data) == (204, b"")
        if answered:
            self.made, self.dirty, self.deleted = set(), {}, set()

    def rescue(self) -> None:
        """What the snippet of the guide does before each pull."""
        at = "null" if self.at is None else self.at
        if self.made or self.dirty or self.deleted:
            answer = self.who.post(f"/v1/sync/watermelon/rescue?last_pulled_at={at}", self.local())
            assert (answer.status_code, answer.data) == (204, b"")

    def sync(self, *, answered: bool = True, rescue: bool = False, **asked: Any) -> None:
        if rescue:
            self.rescue()
        self.pull(**asked)
        self.push(answered=answered)

    def table(self, name: str) -> dict[str, Row]:
        return {record_id: row for (table, record_id), row in self.rows.items() if table == name}

    def text(self, record_id: str = "note-one") -> Any:
        return self.rows["notes", record_id]["text"]


@pytest.fixture
def phone(app: Flask, tenant_id: UUID, visit_id: str) -> Callable[..., Phone]:
    """`phone(OLGA, "tablet")`: a phone of hers, empty."""

    def make(person_id: str, name: str = "phone") -> Phone:
        return Phone(caller(app, tenant_id, person_id, f"{name}-of-{person_id}"))

    return make


@pytest.fixture
def summary(app: Flask, tenant_id: UUID, visit_id: str) -> str:
    """A debrief, whose summary host and observer write together."""
    return put(
        services_of(app),
        tenant_id,
        "debriefs",
        "debrief-one",
        visit_id=visit_id,
        summary="We talked at length.",
    )


Make = Callable[..., Phone]


def test_what_one_phone_makes_another_gets(phone: Make) -> None:
    olga, hana = phone(OLGA), phone(HANA)
    olga.sync()
    olga.make(note(state="shared", at=AT, at_ms=1500))
    olga.sync()
    hana.sync()
    row = hana.table("notes")["note-one"]
    assert (row["text"], row["state"], row["at"], row["at_ms"]) == ("Three.", "shared", AT, 1500)
    assert row["created_by"] == OLGA
    assert type(row["created_at"]) is type(row["updated_at"]) is int
    assert hana.table("visits")["visit-one"]["observer_ids"] == f'["{OLGA}"]'
    assert olga.pull()["changes"]["notes"]["updated"][0]["created_by"] == OLGA
    assert olga.pull()["changes"] == {}


def test_the_first_pull_may_say_null_in_any_way(phone: Make) -> None:
    for said in ("null", "undefined", "", "0"):
        answer = phone(HANA).who.get(f"/v1/sync/watermelon?last_pulled_at={said}")
        assert len(answer.json["changes"]["people"]["updated"]) == 3
        assert answer.json["has_more"] is False
    assert phone(HANA).who.get("/v1/sync/watermelon").json["timestamp"] > 0


@pytest.mark.parametrize(
    ("query", "place", "slug"),
    [
        ("last_pulled_at=soon", "?last_pulled_at", "invalid-request"),
        ("last_pulled_at=-1", "?last_pulled_at", "invalid-request"),
        ("limit=0", "?limit", "invalid-request"),
        ("migration={", "?migration", "invalid-request"),
        ("migration=[1]", "?migration", "invalid-request"),
        ('migration={"tables":[1],"columns":[]}', "?migration", "invalid-request"),
        ("collections=scores", "?collections", "unknown-collection"),
    ],
)
def test_a_pull_that_asks_nonsense(phone: Make, query: str, place: str, slug: str) -> None:
    answer = phone(HANA).who.get(f"/v1/sync/watermelon?{query}")
    assert (answer.status_code, answer.json["type"]) == (422, f"/problems/{slug}")
    assert list(answer.json["errors"]) == [place]


def test_pages_go_on_where_they_ended(phone: Make) -> None:
    hana = phone(HANA)
    first = hana.pull(limit=2)
    assert first["has_more"] is True
    while hana.pull(limit=2)["has_more"]:
        pass
    assert len(hana.table("people")) == 3
    assert len(hana.table("visits")) == 1


def test_only_some_collections(phone: Make) -> None:
    assert list(phone(HANA).pull(collections="people,visits")["changes"]) == ["people", "visits"]


def test_a_field_is_cleared_by_an_explicit_null(phone: Make) -> None:
    olga, tablet = phone(OLGA), phone(OLGA, "tablet")
    olga.sync()
    olga.make(note(code="q2", at=AT))
    olga.sync()
    tablet.sync()
    olga.edit("note-one", code=None, at=None)
    olga.sync()
    tablet.sync()
    row = tablet.table("notes")["note-one"]
    assert (row["code"], row["at"], row["text"]) == (None, None, "Three.")


def test_a_row_that_was_deleted_leaves_the_other_phone(phone: Make) -> None:
    olga, tablet = phone(OLGA), phone(OLGA, "tablet")
    olga.sync()
    olga.make(note())
    olga.sync()
    tablet.sync()
    assert list(tablet.table("notes")) == ["note-one"]
    olga.delete("note-one")
    olga.sync()
    tablet.sync()
    assert tablet.table("notes") == {}
    assert olga.table("rejected_writes") == {}


def both_edit(hana: Phone, olga: Phone, hers: str, mine: str) -> None:
    """Host and observer edit the summary offline; the host's arrives first."""
    for one in (hana, olga):
        one.sync()
    hana.edit("debrief-one", "debriefs", summary=hers)
    olga.edit("debrief-one", "debriefs", summary=mine)
    hana.sync()
    olga.sync()


def summary_of(one: Phone) -> Any:
    return one.rows["debriefs", "debrief-one"]["summary"]


def test_two_edits_become_one_and_both_phones_hear_it(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    both_edit(hana, olga, "We both talked at length.", "We talked at great length.")
    assert summary_of(olga) == "We talked at great length."
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We both talked at great length."
        assert one.table("conflicts") == {}


def test_two_edits_of_one_place_are_both_kept(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    both_edit(hana, olga, "We argued.", "We sang.")
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We sang."
        (conflict,) = one.table("conflicts").values()
        assert (conflict["kept"], conflict["other"]) == ("We sang.", "We argued.")


def test_after_a_lost_answer_and_more_typing_nothing_of_the_same_phone_conflicts(
    phone: Make, summary: str
) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We sang loudly.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We whispered.")
    olga.sync()
    olga.sync()
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We whispered."
    assert olga.table("conflicts") == hana.table("conflicts") == {}


def test_a_new_row_whose_answer_was_lost_is_made_once_and_typed_on(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note())
    olga.sync(answered=False)
    olga.edit("note-one", text="Three, then four.")
    olga.sync(answered=False)
    olga.edit("note-one", code="q2")
    olga.sync()
    olga.sync()
    row = olga.table("notes")["note-one"]
    assert (row["text"], row["code"]) == ("Three, then four.", "q2")
    assert olga.table("conflicts") == olga.table("rejected_writes") == {}


def test_a_mere_repetition_does_not_undo_what_another_wrote_since(phone: Make, summary: str) -> None:
    hana, olga = phone(HANA), phone(OLGA)
    olga.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.sync(answered=False)
    hana.sync()
    hana.edit("debrief-one", "debriefs", summary="We hummed.")
    hana.sync()
    olga.sync()
    olga.sync()
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We hummed."
    assert olga.table("conflicts") == {}


def test_what_was_joined_is_not_overwritten_by_more_typing(phone: Make, summary: str) -> None:
    """The answer that would have brought the host's words was lost: the observer types on from her own."""
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    hana.edit("debrief-one", "debriefs", summary="We both talked at length.")
    hana.sync()
    olga.edit("debrief-one", "debriefs", summary="We talked at great length.")
    olga.sync(answered=False)
    olga.edit("debrief-one", "debriefs", summary="We talked at very great length.")
    olga.sync()
    for one in (olga, hana):
        one.sync()
        assert summary_of(one) == "We both talked at very great length."
        assert one.table("conflicts") == {}


def test_back_and_forth_and_back_is_three_edits(phone: Make, summary: str) -> None:
    olga = phone(OLGA)
    for said in ("One.", "Two.", "One.", "Two.", "One."):
        olga.sync()
        olga.edit("debrief-one", "debriefs", summary=said)
        olga.rescue()
    olga.sync()
    olga.sync()
    assert summary_of(olga) == "One."


@pytest.mark.parametrize("lost", ["no push", "no answer"])
def test_the_base_of_a_rescued_row_survives_every_loss(phone: Make, summary: str, lost: str) -> None:
    """A bare client whose push is lost twice would overwrite the host's words; one that rescues does not."""
    hana, olga = phone(HANA), phone(OLGA)
    for one in (hana, olga):
        one.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    for said in ("We hummed.", "We hummed aloud."):
        olga.rescue()
        olga.pull()
        if lost == "no answer":
            olga.push(answered=False)
        hana.sync()
        hana.edit("debrief-one", "debriefs", summary=said)
        hana.sync()
    olga.sync(rescue=True)
    olga.sync(rescue=True)
    hana.sync()
    assert summary_of(olga) == summary_of(hana) == "We hummed aloud."


def test_a_repeated_push_is_repeated(app: Flask, tenant_id: UUID, phone: Make, summary: str) -> None:
    """The same request twice: one op, one number, one receipt."""
    olga = phone(OLGA)
    olga.sync()
    olga.edit("debrief-one", "debriefs", summary="We sang.")
    olga.pull()
    olga.push(answered=False)
    stamp = olga.pull(answered=False)["timestamp"]
    olga.push(answered=False)
    olga.push()
    with services_of(app).database.begin(tenant_id) as connection:
        mine = receipt.c.op_id.like("wm-%")
        ops = connection.scalars(select(receipt.c.op_id).where(receipt.c.tenant_id == tenant_id, mine)).all()
    assert len(ops) == 1
    assert olga.pull(answered=False)["timestamp"] == stamp


def test_what_was_sent_is_forgotten_once_the_phone_has_read_on(
    app: Flask, tenant_id: UUID, phone: Make
) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note())
    olga.sync(rescue=True)

    def kept() -> int:
        with services_of(app).database.begin(tenant_id) as connection:
            return len(connection.execute(select(sent).where(sent.c.tenant_id == tenant_id)).all())

    assert kept() == 1
    put(services_of(app), tenant_id, "schools", "school-one", name="A school")
    olga.sync()
    assert kept() == 1
    olga.sync()
    assert kept() == 0


def test_a_refused_edit_is_kept_and_the_phone_hears_the_truth(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note(state="shared"))
    olga.sync()
    olga.sync()
    olga.edit("note-one", text="Other words.")
    olga.sync()
    assert olga.text() == "Other words."
    olga.sync()
    assert olga.text() == "Three."
    (kept,) = olga.table("rejected_writes").values()
    assert kept["problem"] == "note-is-shared"
    assert json.loads(kept["payload"])["fields"] == {"text": "Other words."}


def test_a_refused_new_row_leaves_the_phone_and_is_kept_once(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-bad", text="x" * 20_001))
    olga.make(note("note-good"))
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-good"]
    assert [kept["record_id"] for kept in olga.table("rejected_writes").values()] == ["note-bad"]


def test_a_refused_delete_brings_the_row_back(phone: Make) -> None:
    hana = phone(HANA)
    hana.sync()
    hana.delete(OLGA, "people")
    hana.sync()
    assert OLGA not in hana.table("people")
    hana.sync()
    assert OLGA in hana.table("people")


def test_a_row_of_somebody_else_is_not_hers_to_write_and_leaves(phone: Make) -> None:
    """She guesses the id of a draft that she may not see: nothing of it comes to her, and her row goes."""
    olga, hana = phone(OLGA), phone(HANA)
    olga.sync()
    olga.make(note())
    olga.sync()
    hana.sync()
    hana.make(note(text="mine"))
    hana.sync()
    hana.sync()
    assert hana.table("notes") == {}
    assert {kept["problem"] for kept in hana.table("rejected_writes").values()} == {"not-found"}
    olga.sync()
    assert olga.text() == "Three."


@pytest.mark.parametrize("rescue", [True, False])
def test_dirty_words_of_a_row_that_was_deleted(phone: Make, rescue: bool) -> None:
    """It pulls before it pushes, so that without the rescue the words are gone for good: that is what the snippet is for."""
    olga, tablet = phone(OLGA), phone(OLGA, "tablet")
    olga.sync()
    olga.make(note())
    olga.sync()
    tablet.sync()
    tablet.delete("note-one")
    tablet.sync()
    olga.edit("note-one", text="Three, then four.")
    olga.sync(rescue=rescue)
    olga.sync(rescue=rescue)
    assert olga.table("notes") == {}
    kept = [json.loads(one["payload"])["fields"] for one in olga.table("rejected_writes").values()]
    assert kept == ([{"text": "Three, then four."}] if rescue else [])


def test_rescuing_again_and_again_keeps_one(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note(text="x" * 20_001))
    for _ in range(3):
        olga.rescue()
    olga.sync(rescue=True)
    olga.sync(rescue=True)
    assert len(olga.table("rejected_writes")) == 1
    assert olga.table("notes") == {}


def test_a_child_waits_for_its_parent_and_stays_where_it_is(app: Flask, tenant_id: UUID, phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-late"]
    there = {"host_id": HANA, "observer_ids": [OLGA], "state": "captured"}
    put(services_of(app), tenant_id, "visits", "visit-two", **there)
    olga.edit("note-late", text="Four.")
    olga.sync()
    olga.sync()
    assert olga.text("note-late") == "Four."
    assert olga.table("rejected_writes") == {}


def test_a_child_that_waits_stays_where_it_is_also_when_the_answer_was_lost(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert list(olga.table("notes")) == ["note-late"]
    olga.delete("note-late")
    olga.sync()
    assert olga.pull()["changes"] == {}


def test_what_was_made_and_deleted_offline_is_nothing_to_speak_of(phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.delete("note-never")
    olga.sync(answered=False)
    olga.sync()
    olga.sync()
    assert olga.table("rejected_writes") == {}


def test_a_child_whose_parent_refuses_it_at_last_leaves_the_phone(
    app: Flask, tenant_id: UUID, phone: Make
) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note("note-late", visit_id="visit-two"))
    olga.sync()
    services = services_of(app)
    there = {"host_id": OLGA, "observer_ids": [HANA], "state": "captured"}
    put(services, tenant_id, "visits", "visit-two", **there)
    olga.sync()
    assert olga.table("notes") == {}
    (kept,) = olga.table("rejected_writes").values()
    assert (kept["problem"], kept["record_id"]) == ("not-allowed", "note-late")


def test_a_parent_and_its_child_come_in_any_order(phone: Make) -> None:
    """WatermelonDB names its tables in the order of its model classes."""
    hana = phone(HANA)
    hana.sync()
    hana.make({"id": "debrief-new", "visit_id": "visit-new", "summary": "We talked."}, "debriefs")
    there = {"host_id": HANA, "observer_ids": "[]", "state": "captured", "started_at": AT}
    hana.make({"id": "visit-new"} | there, "visits")
    hana.sync()
    hana.sync()
    assert hana.table("debriefs")["debrief-new"]["visit_id"] == "visit-new"
    assert hana.table("visits")["visit-new"]["started_at"] == AT
    assert hana.table("rejected_writes") == {}


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


def reset(app: Flask, tenant_id: UUID, **values: Any) -> None:
    with services_of(app).database.begin(tenant_id) as connection:
        connection.execute(update(clock).where(clock.c.tenant_id == tenant_id).values(**values))


@pytest.mark.parametrize("restored", [True, False])
def test_a_phone_that_was_away_too_long_gets_everything_instead(
    app: Flask, tenant_id: UUID, phone: Make, summary: str, restored: bool
) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.rows["notes", "note-ghost"] = note("note-ghost")  # its tombstone was collected
    olga.edit("debrief-one", "debriefs", summary="We talked at great length.")
    number = (olga.at or 0) + 10**9
    reset(app, tenant_id, seq=number, horizon=number, epoch=2 if restored else 1)
    olga.rescue()
    answer = olga.pull()
    assert answer["experimentalStrategy"] == "replacement"
    assert answer["changes"]["notes"] == {"created": [], "updated": [], "deleted": []}
    assert set(answer["changes"]) >= {"people", "visits", "notes", "conflicts", "rejected_writes", "schools"}
    assert (answer["has_more"], answer["timestamp"] >= number) == (False, True)
    assert olga.table("notes") == {}
    olga.push()
    assert "experimentalStrategy" not in olga.pull()


def test_a_number_from_the_future_starts_anew(phone: Make) -> None:
    hana = phone(HANA)
    hana.at = 10**12
    assert hana.pull()["experimentalStrategy"] == "replacement"
    assert len(hana.table("people")) == 3


def test_a_phone_restored_from_a_backup_hears_of_all_that_went(phone: Make) -> None:
    """It was set up anew meanwhile: the server remembers the clock of that birth, which is not this one's."""
    olga, tablet = phone(OLGA), phone(OLGA, "tablet")
    olga.sync()
    olga.make(note())
    olga.sync()
    olga.sync()
    backup = dict(olga.rows), olga.at
    tablet.sync()
    tablet.delete("note-one")
    tablet.sync()
    olga.rows, olga.at = {}, None
    olga.sync()
    olga.sync()
    olga.rows, olga.at = backup
    assert list(olga.table("notes")) == ["note-one"]
    olga.sync()
    assert olga.table("notes") == {}


def test_a_phone_new_to_a_schema_gets_those_tables_in_full(app: Flask, tenant_id: UUID, phone: Make) -> None:
    olga = phone(OLGA)
    olga.sync()
    olga.make(note())
    olga.sync()
    olga.sync()
    kept = dict(olga.rows)
    olga.rows = {}
    migration = {
        "from": 1,
        "tables": ["visits", "scores"],
        "columns": [{"table": "notes", "columns": ["code"]}],
    }
    said = olga.pull(migration=json.dumps(migration), schema_version=2)
    assert (set(said["changes"]), said["has_more"]) == ({"visits", "notes"}, False)
    assert olga.rows == {key: row for key, row in kept.items() if key[0] in {"visits", "notes"}}
    assert olga.pull(schema_version=2)["changes"] == {}
    with services_of(app).database.begin(tenant_id) as connection:
        found = select(device.c.schema_version).where(
            device.c.tenant_id == tenant_id, device.c.device_id == f"phone-of-{OLGA}"
        )
        assert connection.scalar(found) == 2


def test_the_published_tables(nobody: Caller) -> None:
    said = nobody.get("/v1/sync/schema/watermelon").json
    assert said["version"] == 1
    tables = {
        table["name"]: {column["name"]: column for column in table["columns"]} for table in said["tables"]
    }
    notes = tables["notes"]
    assert notes["visit_id"] == {"name": "visit_id", "type": "string", "isIndexed": True}
    assert notes["text"] == {"name": "text", "type": "string", "isOptional": True}
    assert notes["at"] == {"name": "at", "type": "number", "isOptional": True}
    assert notes["state"] == {"name": "state", "type": "string", "isOptional": True}
    assert notes["created_at"] == {"name": "created_at", "type": "number"}
    assert tables["invitations"]["to_tenant"] == {"name": "to_tenant", "type": "boolean", "isOptional": True}
    assert tables["visits"]["observer_ids"] == {"name": "observer_ids", "type": "string", "isOptional": True}
    assert "id" not in notes
    assert len(tables) == 15
