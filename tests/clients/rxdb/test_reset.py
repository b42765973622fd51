"""A phone that was away for too long, and a server that was put back to an older copy of its database."""

from __future__ import annotations

from tests.clients.phone import rest
from tests.clients.rxdb.conftest import Give, note, rejected
from tests.clients.rxdb_phones import RxdbPhone
from tests.clients.school import OLGA, School


def texts(phone: RxdbPhone) -> dict[str, str]:
    return {record_id: str(held["text"]) for record_id, held in phone.all("notes").items()}


def test_a_phone_that_was_away_too_long(
    hana: RxdbPhone, olga: RxdbPhone, visit: str, give: Give, school: School
) -> None:
    tablet = give(OLGA, limit=3)
    for number in range(7):
        note(olga, f"note-{number:04}", f"words {number}")
    rest(olga, tablet)
    tablet.go(online=False)
    olga.remove("notes", "note-0006")
    hana.put("visits", visit, focus="who asks questions today, and why")
    rest(olga, hana)
    school.run("DELETE FROM sync_entry WHERE tenant_id = :tenant AND removed")
    school.run("UPDATE sync_clock SET horizon = seq WHERE tenant_id = :tenant")
    tablet.put("notes", "note-0000", text="words 0 and more")
    tablet.put("visits", visit, planned_at="2026-11-23T09:00:00.000Z")
    tablet.go(online=True)
    rest(tablet, olga, hana)
    assert texts(tablet) == {f"note-{n:04}": f"words {n}" for n in range(6)} | {
        "note-0000": "words 0 and more"
    }
    held = hana.get("visits", visit) or {}
    assert (held["focus"], held["planned_at"]) == (
        "who asks questions today, and why",
        "2026-11-23T09:00:00.000Z",
    )
    assert (rejected(tablet), tablet.all("conflicts")) == ([], {})


def test_a_server_restored_from_a_backup(
    hana: RxdbPhone, olga: RxdbPhone, visit: str, school: School
) -> None:
    note(olga, "note-0001", "before")
    note(olga, "note-0002", "to be deleted")
    rest(olga)
    school.back_up()
    olga.put("notes", "note-0001", text="before and after")
    note(olga, "note-0003", "new", state="shared")
    olga.remove("notes", "note-0002")
    rest(olga, hana)
    olga.go(online=False)
    note(olga, "note-0004", "not sent yet")
    school.restore()
    olga.go(online=True)
    rest(olga, hana)
    assert texts(olga) == {"note-0001": "before and after", "note-0003": "new", "note-0004": "not sent yet"}
    assert texts(hana) == {"note-0003": "new"}
    assert (rejected(olga), rejected(hana)) == ([], [])


def test_who_was_let_in_after_the_backup_was_made_is_out_again(
    hana: RxdbPhone, olga: RxdbPhone, visit: str, school: School
) -> None:
    hana.put("visits", visit, observer_ids=[])
    rest(hana, olga)
    assert olga.all("visits") == {}
    school.back_up()
    school.put("visits", visit, observer_ids=[OLGA])
    rest(olga)
    assert list(olga.all("visits")) == [visit]
    school.restore()
    rest(olga)
    assert olga.all("visits") == {}


def test_who_was_sent_away_after_the_backup_was_made_is_in_again(
    hana: RxdbPhone, olga: RxdbPhone, visit: str, school: School
) -> None:
    school.back_up()
    school.put("visits", visit, observer_ids=[])
    rest(olga)
    assert olga.all("visits") == {}
    school.restore()
    rest(olga)
    assert list(olga.all("visits")) == [visit]
    assert rejected(olga) == []
