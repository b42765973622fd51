"""The RxDB doors over HTTP, as RxDB itself calls them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from service.records.read_log import read_log
from sync.changes import Change
from sync.server.actor import system_actor
from sync.server.tables import inbox
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, put, services_of

NOTE = {"id": "note-one", "visit_id": "visit-one", "note_kind": "noticing", "text": "Three asked."}
GONE = {"id": "note-one", "_deleted": True}
START = {"id": "comewatch-start", "_deleted": True}
Document = dict[str, Any]


def row(state: Any, base: Any = None) -> Document:
    said = {"newDocumentState": {"_deleted": False} | state if isinstance(state, dict) else state}
    return said if base is None else said | {"assumedMasterState": base}


def push(who: Caller, *rows: Any, into: str = "notes") -> list[Document]:
    answer = who.post(f"/v1/sync/rxdb/{into}/push", list(rows))
    assert answer.status_code == 200, answer.json
    return list(answer.json)


def page(who: Caller, of: str = "notes", limit: int = 100, **checkpoint: int) -> Document:
    asked = "&".join(f"{name}={value}" for name, value in {**checkpoint, "limit": limit}.items())
    answer = who.get(f"/v1/sync/rxdb/{of}/pull?{asked}")
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def pull(who: Caller, of: str = "notes", **checkpoint: int) -> list[Document]:
    return [document for document in page(who, of, **checkpoint)["documents"] if document != START]


def test_what_is_pushed_is_pulled_whole(olga: Caller, visit_id: str) -> None:
    assert push(olga, row(NOTE)) == []
    (document,) = pull(olga)
    stamps = {name: document.pop(name) for name in ("created_at", "updated_at", "seq")}
    assert all(stamps.values())
    assert document == NOTE | dict.fromkeys(
        ("code", "instrument", "at_ms", "until_ms", "at", "clock_offset_ms")
    ) | {
        "state": "draft",
        "created_by": OLGA,
        "_deleted": False,
    }


def test_pages_are_full_to_the_end(olga: Caller, visit_id: str) -> None:
    push(olga, *(row(NOTE | {"id": f"note-{n:04}"}) for n in range(7)))
    seen, checkpoint, sizes = [], {}, []
    while len(sizes) < 9:
        got = page(olga, limit=3, **checkpoint)
        checkpoint = got["checkpoint"]
        sizes.append(len(got["documents"]))
        seen += [document["id"] for document in got["documents"]]
        if sizes[-1] < 3:
            break
    assert sizes == [3, 3, 1]
    assert sorted(seen) == [f"note-{n:04}" for n in range(7)]
    assert sorted(checkpoint) == ["boot", "epoch", "seq"]


def test_an_empty_collection_begins_with_a_tombstone_of_nothing(olga: Caller, visit_id: str) -> None:
    """RxDB forgets the checkpoint of an empty page; without one it would never hear what is gone."""
    first = page(olga)
    assert first["documents"] == [START]
    assert push(olga, row(NOTE)) == []
    (document,) = pull(olga)
    push(olga, row(document | {"_deleted": True}, document))
    assert page(olga, **first["checkpoint"])["documents"] == [GONE]
    assert page(olga)["documents"] == [START]


def test_a_tombstone_sent_back_is_no_delete_of_anothers(
    olga: Caller, hana: Caller, petra: Caller, visit_id: str
) -> None:
    (visit,) = pull(olga, "visits")
    echo = row({"id": visit_id, "_deleted": True})
    assert push(olga, echo, into="visits") == [visit]  # she sees it (again)
    assert push(petra, echo, into="visits") == []
    assert [pull(who, "rejected_writes") for who in (olga, petra)] == [[], []]
    assert pull(hana, "visits") == [visit]


def test_what_left_sight_is_a_tombstone(olga: Caller, visit_id: str) -> None:
    push(olga, row(NOTE))
    got = page(olga)
    assert push(olga, row(NOTE | {"_deleted": True}, got["documents"][0])) == []
    assert pull(olga, **got["checkpoint"]) == [GONE]


def test_a_repeated_push_changes_nothing_and_sends_the_record_once_more(olga: Caller, visit_id: str) -> None:
    assert push(olga, row(NOTE)) == []
    got = page(olga)
    assert push(olga, row(NOTE)) == []
    (again,) = pull(
        olga, **got["checkpoint"]
    )  # the pull between may have come before the phone was ready for it
    assert again == got["documents"][0]


def test_a_lost_answer_does_not_undo_what_another_wrote_since(
    olga: Caller, hana: Caller, visit_id: str
) -> None:
    (visit,) = pull(olga, "visits")
    mine = row(visit | {"planned_at": "2026-11-23T09:00:00.000Z"}, visit)
    assert push(olga, mine, into="visits") == []
    (now,) = pull(hana, "visits")
    push(hana, row(now | {"planned_at": "2026-11-24T09:00:00.000Z"}, now), into="visits")
    push(olga, mine, into="visits")  # she never heard the first answer
    assert pull(olga, "visits")[0]["planned_at"] == "2026-11-24T09:00:00.000Z"


def test_to_and_fro_is_no_repetition(olga: Caller, visit_id: str) -> None:
    (visit,) = pull(olga, "visits")
    early, late = (visit | {"planned_at": f"2026-11-2{day}T09:00:00.000Z"} for day in (3, 4))
    push(olga, row(early, visit), into="visits")
    for was, becomes in ((early, late), (late, early), (early, late), (late, early), (early, late)):
        assert push(olga, row(becomes, was), into="visits") == []
        assert pull(olga, "visits")[0]["planned_at"] == becomes["planned_at"]


def test_typing_on_after_a_lost_answer_wins_over_oneself(olga: Caller, visit_id: str) -> None:
    push(olga, row(NOTE))
    assert (
        push(olga, row(NOTE | {"text": "Three asked, two answered."})) != []
    )  # no base at all: told what stands
    assert pull(olga)[0]["text"] == "Three asked, two answered."
    assert pull(olga, "conflicts") == []


def test_two_edits_become_one_and_are_answered(olga: Caller, hana: Caller, visit_id: str) -> None:
    (visit,) = pull(olga, "visits")
    push(hana, row(visit | {"focus": "Who asks?"}, visit), into="visits")
    (answer,) = push(olga, row(visit | {"planned_at": "2026-11-23T09:00:00Z"}, visit), into="visits")
    assert (answer["focus"], answer["planned_at"]) == ("Who asks?", "2026-11-23T09:00:00.000Z")
    assert answer["_deleted"] is False
    assert answer == pull(olga, "visits")[0]


def test_a_field_is_cleared_by_null_and_by_leaving_it_out(olga: Caller, visit_id: str) -> None:
    push(olga, row(NOTE | {"at_ms": 5, "code": "Q"}))
    (document,) = pull(olga)
    bare = {name: value for name, value in document.items() if name != "at_ms"} | {"code": None}
    push(olga, row(bare, document))
    (cleared,) = pull(olga)
    assert (cleared["at_ms"], cleared["code"], cleared["text"]) == (None, None, "Three asked.")


def test_the_foreign_is_gone_and_never_shown(olga: Caller, petra: Caller, visit_id: str) -> None:
    push(olga, row(NOTE))
    assert push(petra, row(NOTE | {"text": "Mine."})) == [GONE]
    (kept,) = pull(petra, "rejected_writes")
    assert (kept["collection_name"], kept["record_id"], kept["problem"]) == ("notes", "note-one", "not-found")
    assert "Mine." in kept["payload"]
    assert "collection" not in kept


def test_what_is_refused_is_answered_as_it_stands(olga: Caller, visit_id: str) -> None:
    push(olga, row(NOTE))
    (document,) = pull(olga)
    assert push(olga, row(document | {"visit_id": None}, document)) == [document]
    assert pull(olga, "rejected_writes")[0]["problem"] == "invalid-record"


def test_what_was_refused_is_judged_again(olga: Caller, app: Flask, tenant_id: UUID, visit_id: str) -> None:
    school = row({"id": "school-one", "name": "Riverbend"})
    for _ in range(2):
        assert push(olga, school, into="schools") == [{"id": "school-one", "_deleted": True}]
    assert len(pull(olga, "rejected_writes")) == 1
    promoted = Change("promote", "people", OLGA, {"roles": ["admin"]}, base_fields={"roles": ["teacher"]})
    with services_of(app).database.begin(tenant_id) as connection:
        services_of(app).door.push(connection, system_actor(tenant_id), [promoted])
    assert push(olga, school, into="schools") == []
    assert [document["name"] for document in pull(olga, "schools")] == ["Riverbend"]


def test_a_child_may_come_before_its_parent(olga: Caller, app: Flask, tenant_id: UUID) -> None:
    assert push(olga, row(NOTE)) == []
    assert pull(olga) == []
    put(
        services_of(app),
        tenant_id,
        "visits",
        "visit-one",
        host_id=HANA,
        observer_ids=[OLGA],
        state="captured",
    )
    assert [document["text"] for document in pull(olga)] == ["Three asked."]


BAD: dict[str, tuple[Any, list[Document]]] = {
    "no object": (7, []),
    "no document": ({"newDocumentState": 7}, []),
    "no id": (row({"text": "x"}), []),
    "a NUL": (row(NOTE | {"id": "note-bad", "text": "a\0b"}), [{"id": "note-bad", "_deleted": True}]),
    "a base that is none": (row(NOTE | {"id": "note-bad"}, 7), [{"id": "note-bad", "_deleted": True}]),
    "unknown field": (row(NOTE | {"id": "note-bad", "score": 5}), [{"id": "note-bad", "_deleted": True}]),
    "an id that is none": (row(NOTE | {"id": "no id"}), [{"id": "no id", "_deleted": True}]),
    "a surrogate for an id": (row(NOTE | {"id": "\ud800"}), [{"id": "?", "_deleted": True}]),
    "delete of nothing": (row({"id": "note-bad", "text": "x", "_deleted": True}), []),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_spoils_no_other_and_is_kept(olga: Caller, visit_id: str, name: str) -> None:
    bad, answers = BAD[name]
    assert push(olga, row(NOTE), bad, row(NOTE | {"id": "note-two"})) == answers
    assert sorted(document["id"] for document in pull(olga)) == ["note-one", "note-two"]
    assert len(pull(olga, "rejected_writes")) == 1


def test_a_bad_row_leaves_the_record_that_it_names(olga: Caller, visit_id: str) -> None:
    push(olga, row(NOTE))
    (document,) = pull(olga)
    assert push(olga, row(NOTE | {"text": "\0"})) == [document]


def test_more_rows_than_a_transaction_takes(olga: Caller, app: Flask, tenant_id: UUID, visit_id: str) -> None:
    assert push(olga, *(row(NOTE | {"id": f"note-{n:04}"}) for n in range(1001))) == []
    assert len(pull(olga, limit=1000)) == 1000
    kept = select(inbox.c.body).where(inbox.c.tenant_id == tenant_id, inbox.c.device_id == "phone-of-" + OLGA)
    with services_of(app).database.begin(tenant_id) as connection:
        bodies = connection.execute(kept.order_by(inbox.c.at)).scalars().all()
    assert [body.count("newDocumentState") for body in bodies] == [500, 500, 1]


@pytest.mark.parametrize("body", [{}, "text", 7])
def test_a_push_that_is_no_list(olga: Caller, body: Any) -> None:
    answer = olga.call("POST", "/v1/sync/rxdb/notes/push", json=body)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid-request")


@pytest.mark.parametrize("asked", ["limit=0", "limit=1001", "limit=x", "seq=-1", "seq=1.5", "since=3"])
def test_a_pull_that_asks_nonsense(olga: Caller, asked: str) -> None:
    answer = olga.get(f"/v1/sync/rxdb/notes/pull?{asked}")
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid-request")
    assert list(answer.json["errors"]) == [f"?{asked.split('=')[0]}"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_collection_that_is_none(olga: Caller, method: str) -> None:
    answer = olga.call(method, f"/v1/sync/rxdb/scores/{'pull' if method == 'GET' else 'push'}", json=[])
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/unknown-collection")


def test_a_checkpoint_of_another_life_is_told_to_start_anew(olga: Caller) -> None:
    answer = olga.get("/v1/sync/rxdb/notes/pull?seq=3&boot=1&epoch=7")
    assert (answer.status_code, answer.json["type"]) == (410, "/problems/sync-reset-required")
    assert answer.json["restored"] is True


def test_the_host_sees_who_was_brought_what(
    olga: Caller, hana: Caller, app: Flask, tenant_id: UUID, visit_id: str
) -> None:
    push(olga, row(NOTE | {"state": "shared"}))
    assert [document["id"] for document in pull(hana)] == ["note-one"]
    logged = select(read_log.c.record_ids, read_log.c.reader_id, read_log.c.how)
    with services_of(app).database.begin(tenant_id) as connection:
        found = connection.execute(logged.where(read_log.c.tenant_id == tenant_id)).all()
    assert [tuple(one) for one in found] == [(["note-one"], HANA, "delivered")]
