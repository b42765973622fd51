"""What an app on WatermelonDB goes through in years: a new version of its schema, and a server that was restored."""

from __future__ import annotations

import json

from tests.clients.phone import rest
from tests.clients.school import HANA, OLGA, School
from tests.clients.watermelon.conftest import DEBRIEF, VISIT, Give
from tests.clients.watermelon_phones import WatermelonPhone, schema_of

Phone = WatermelonPhone
NOTE_2 = "WHERE tenant_id = :tenant AND record_id = 'note-0002'"


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
    phone.upgrade(new)
    assert phone.all("visits")[VISIT]["focus"] is None
    rest(phone)
    assert phone.all("visits")[VISIT]["focus"] == "who asks"
    assert phone.all("debriefs")[DEBRIEF]["summary"] == "We talked at length."
    phone.put("debriefs", DEBRIEF, summary="We sang.")
    rest(phone)
    assert school.seen(OLGA, "debriefs")[DEBRIEF]["summary"] == "We sang."


def test_a_phone_that_was_away_too_long_is_replaced_and_keeps_its_words(
    school: School, debrief: str, hana: Phone, olga: Phone
) -> None:
    """Tombstones were collected: what is gone must go without them, what is dirty must be kept."""
    for record_id in ("note-0001", "note-0002"):
        olga.put("notes", record_id, visit_id=VISIT, note_kind="quote", text="One")
    rest(olga, hana)
    school.run(f"UPDATE sync_document SET deleted = true, body = NULL {NOTE_2}")
    school.run(f"DELETE FROM sync_entry {NOTE_2}")
    school.run("DELETE FROM notes WHERE tenant_id = :tenant AND id = 'note-0002'")
    school.run("UPDATE sync_clock SET seq = seq + 1000, horizon = seq + 1000 WHERE tenant_id = :tenant")
    olga.put("notes", "note-0002", text="One, two")
    olga.put("debriefs", DEBRIEF, summary="We sang.")
    olga.put("notes", "note-0003", visit_id=VISIT, note_kind="quote", text="Three")
    rest(olga, hana)
    assert set(olga.all("notes")) == {"note-0001", "note-0003"}
    (kept,) = olga.all("rejected_writes").values()
    assert json.loads(kept["payload"])["fields"] == {"text": "One, two"}
    (conflict,) = olga.all("conflicts").values()
    assert (conflict["kept"], conflict["other"]) == ("We talked at length.", "We sang.")


def test_a_server_restored_from_a_backup(school: School, debrief: str, hana: Phone, olga: Phone) -> None:
    rest(olga, hana)
    school.back_up()
    olga.put("notes", "note-0001", visit_id=VISIT, note_kind="quote", text="After the backup", state="shared")
    rest(olga, hana)
    school.restore()
    olga.put(
        "notes", "note-0002", visit_id=VISIT, note_kind="quote", text="After the restore", state="shared"
    )
    rest(olga, hana)
    assert "note-0002" in hana.all("notes")
