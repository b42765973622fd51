"""Roles from a moment until a moment, and who said so; the person's record and her grants say the same."""

from __future__ import annotations

from typing import Any

from sync.changes import Outcome
from tests.records.at_the_door import District, person

GRANT = "grant-of-otto-1"


def grant(
    district: District, by: str = "anna", name: str = "otto", role: str = "coach", **fields: Any
) -> Outcome:
    said = {"person_id": person(name), "role": role, **fields}
    return district.says(by, "role_grants", GRANT, **said)


def roles(district: District, name: str = "otto") -> list[str]:
    record = district.sees("hana", "people", person(name))
    assert record is not None
    return list(record["roles"])


def stored(district: District) -> dict[str, Any]:
    record = district.sees("hana", "role_grants", GRANT)
    assert record is not None
    return record


def why(outcome: Outcome) -> str:
    return str((outcome.problem or {}).get("type"))


def test_a_grant_stands_on_the_person_and_says_who_gave_it(district: District) -> None:
    assert grant(district).problem is None
    assert roles(district) == ["coach", "teacher"]
    assert (stored(district)["granted_by"], stored(district)["ended_by"]) == (person("anna"), None)
    assert "role_granted" in district.noted()


def test_who_granted_is_not_what_a_client_says(district: District) -> None:
    grant(district, granted_by=person("nora"), ended_by=person("nora"))
    assert (stored(district)["granted_by"], stored(district)["ended_by"]) == (person("anna"), None)


def test_only_an_administrator_grants_and_ends(district: District) -> None:
    for name in ("otto", "hana"):
        assert why(grant(district, by=name)) == "/problems/not-allowed"
    grant(district)
    assert (
        why(district.says("otto", "role_grants", GRANT, until_at=None, role="admin"))
        == "/problems/not-allowed"
    )
    assert district.push("anna", ("role_grants", GRANT, {}), deleted=True)[0].status == "rejected"


def test_a_grant_of_next_week_begins_and_ends_by_the_clock(district: District) -> None:
    grant(district, from_at="2026-11-28T00:00:00.000Z", until_at="2026-12-05T00:00:00.000Z")
    assert roles(district) == ["teacher"]
    assert district.grants_follow() == []
    district.forward(days=7)
    assert [outcome.status for outcome in district.grants_follow()] == ["applied"]
    assert roles(district) == ["coach", "teacher"]
    assert district.grants_follow() == []
    district.forward(days=7)
    assert [outcome.status for outcome in district.grants_follow()] == ["applied"]
    assert roles(district) == ["teacher"]
    assert district.grants_follow() == []


def test_an_end_is_now_at_the_earliest_and_final(district: District) -> None:
    grant(district)
    district.says("anna", "role_grants", GRANT, until_at="2020-01-01T00:00:00.000Z")
    assert stored(district)["until_at"] == "2026-11-21T09:30:00.000Z"
    assert stored(district)["ended_by"] == person("anna")
    assert roles(district) == ["teacher"]
    assert why(district.says("anna", "role_grants", GRANT, until_at=None)) == "/problems/not-allowed"
    assert district.noted()[-1] == "role_ended"


def test_what_began_when_it_was_granted_is_not_put_off(district: District) -> None:
    """Else a role would be gone, and nobody noted who had taken it."""
    grant(district)
    put_off = district.says("anna", "role_grants", GRANT, from_at="2099-01-01T00:00:00.000Z")
    assert why(put_off) == "/problems/not-allowed"
    assert roles(district) == ["coach", "teacher"]


def test_a_role_that_two_grants_give_ends_with_the_later(district: District) -> None:
    grant(district, until_at="2026-11-22T00:00:00.000Z")
    district.says("anna", "role_grants", "grant-of-otto-2", person_id=person("otto"), role="coach")
    district.forward(days=2)
    assert district.grants_follow() == []
    assert roles(district) == ["coach", "teacher"]


def test_what_is_written_on_the_person_is_granted_and_ended(district: District) -> None:
    district.says("anna", "people", person("otto"), roles=["lead", "teacher"])
    district.forward(days=1)
    district.says("anna", "people", person("otto"), roles=["teacher"])
    district.says("anna", "people", person("otto"), roles=["lead", "teacher"])
    with district.database.begin(district.tenant) as connection:
        found = connection.exec_driver_sql(
            f"SELECT granted_by, ended_by, until_at IS NULL FROM role_grants WHERE tenant_id = '{district.tenant}' "
            f"AND person_id = '{person('otto')}' AND role = 'lead' ORDER BY until_at"
        ).all()
    assert found == [(person("anna"), person("anna"), False), (person("anna"), None, True)]
    assert roles(district) == ["lead", "teacher"]


def test_an_evaluator_is_one_of_a_host(district: District) -> None:
    assert why(grant(district, role="evaluator")) == "/problems/invalid-record"
    assert why(grant(district, host_id=person("hana"))) == "/problems/invalid-record"
    assert why(grant(district, role="evaluator", host_id=person("otto"))) == "/problems/invalid-record"
    assert grant(district, role="evaluator", host_id=person("hana")).problem is None
    hana = district.sees("nora", "people", person("hana"))
    assert hana is not None
    assert hana["evaluator_ids"] == [person("otto")]
