"""What an app on RxDB goes through in years: new versions of its schemas."""

from __future__ import annotations

from tests.clients.phone import rest
from tests.clients.rxdb.conftest import Give, rejected
from tests.clients.rxdb_phones import COLLECTIONS, schemas_of
from tests.clients.school import HANA, School

MORNING = "2026-11-23T09:00:00.000Z"


def test_a_new_version_keeps_what_waits_and_finds_its_new_field_and_its_new_collection(
    school: School, visit: str, give: Give
) -> None:
    phone = give(HANA, schemas=schemas_of(school.server, 0, *COLLECTIONS, without=("planned_at",)))
    school.put("visits", visit, planned_at=MORNING)
    school.put("debriefs", "debrief-0001", visit_id=visit, summary="We talked at length.")
    phone.sync()
    phone.go(online=False)
    phone.put("visits", visit, focus="who answers today")
    phone.upgrade(schemas_of(school.server, 1, *COLLECTIONS, "debriefs"))
    held = phone.get("visits", visit) or {}
    assert (held["focus"], held["planned_at"]) == ("who answers today", MORNING)
    phone.go(online=True)
    rest(phone)
    assert school.seen(HANA, "visits")[visit]["focus"] == "who answers today"
    assert school.seen(HANA, "visits")[visit]["planned_at"] == MORNING
    assert [one["summary"] for one in phone.all("debriefs").values()] == ["We talked at length."]
    assert rejected(phone) == []
