"""What an app on WatermelonDB goes through in years: a new version of its schema, and a server that was restored."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.school import HANA, OLGA, School
from tests.clients.watermelon.conftest import DEBRIEF, VISIT, Give, rest
from tests.clients.watermelon_phones import WatermelonPhone, schema_of

Phone = WatermelonPhone
NOTE_2 = "WHERE tenant_id = :tenant AND record_id = 'note-0002'"


def columns_of(schema: dict[str, Any], table: str, *names: str) -> list[dict[str, Any]]:
    (found,) = [each["columns"] for each in schema["tables"] if each["name"] == table]
    return [column for column in found if not names or column["name"] in names]


def test_a_new_version_gets_its_new_table_and_its_new_column_in_full(
    school: School, debrief: str, give: Give
) -> None:
    tables = ("people", "visits", "notes", "rejected_writes")
    school.put("visits", VISIT, focus="who asks")
    old = schema_of(school.server, 1, *tables, without=("focus",))
    phone = give(HANA, schema=old)
    rest(phone)
    assert "focus" not in phone.all("visits")[VISIT]
    new = schema_of(school.server, 2, *tables, "debriefs")
    steps = [
        {"table": "visits", "columns": columns_of(new, "visits", "focus")},
        {"table": "debriefs", "columns": columns_of(new, "debriefs"), "isNew": True},
    ]
    phone.upgrade(new, *steps)
    assert phone.all("visits")[VISIT]["focus"] is None
    rest(phone)
    assert phone.all("visits")[VISIT]["focus"] == "who asks"
    assert phone.all("debriefs")[DEBRIEF]["summary"] == "We talked at length."
    phone.update("debriefs", DEBRIEF, summary="We sang.")
    rest(phone)
    assert school.seen(OLGA, "debriefs")[DEBRIEF]["summary"] == "We sang."


def test_a_phone_that_was_away_too_long_is_replaced_and_keeps_its_words(
    school: School, debrief: str, hana: Phone, olga: Phone
) -> None:
    """Tombstones were collected: what is gone must go without them, what is dirty must be kept."""
    for record_id in ("note-0001", "note-0002"):
        olga.create("notes", record_id, visit_id=VISIT, note_kind="quote", text="One")
    rest(olga, hana)
    school.run(f"UPDATE sync_document SET deleted = true, body = NULL {NOTE_2}")
    school.run(f"DELETE FROM sync_entry {NOTE_2}")
    school.run("UPDATE sync_clock SET seq = seq + 1000, horizon = seq + 1000 WHERE tenant_id = :tenant")
    olga.update("notes", "note-0002", text="One, two")
    olga.update("debriefs", DEBRIEF, summary="We sang.")
    olga.create("notes", "note-0003", visit_id=VISIT, note_kind="quote", text="Three")
    rest(olga, hana)
    assert set(olga.all("notes")) == {"note-0001", "note-0003"}
    (kept,) = olga.all("rejected_writes").values()
    assert json.loads(kept["payload"])["fields"] == {"text": "One, two"}
    (conflict,) = olga.all("conflicts").values()
    assert (conflict["kept"], conflict["other"]) == ("We talked at length.", "We sang.")


def test_a_server_restored_from_a_backup(school: School, debrief: str, hana: Phone, olga: Phone) -> None:
    rest(olga, hana)
    school.back_up()
    olga.create(
        "notes", "note-0001", visit_id=VISIT, note_kind="quote", text="After the backup", state="shared"
    )
    rest(olga, hana)
    school.restore()
    olga.create(
        "notes", "note-0002", visit_id=VISIT, note_kind="quote", text="After the restore", state="shared"
    )
    rest(olga, hana)
    assert "note-0002" in hana.all("notes")
