"""WatermelonDB's pull over HTTP: pages, clearing, resets, new versions of an app's schema."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from sync.server.tables import clock, device
from tests.api.conftest import HANA, OLGA
from tests.api.watermelon.conftest import Make
from tests.api.watermelon.phone import AT, note
from tests.builders import Caller, services_of


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
    assert len(tables) == 18


def test_the_version_is_raised_with_the_tables(nobody: Caller) -> None:
    """A phone in the field has these very columns. When this fails: raise schemas.watermelon.VERSION, then mend both numbers."""
    said = nobody.get("/v1/sync/schema/watermelon").json
    digest = hashlib.sha256(json.dumps(said["tables"], sort_keys=True).encode()).hexdigest()[:12]
    assert (said["version"], digest) == (1, "4141f3403f08")
