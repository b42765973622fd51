"""What becomes of a roster: who comes in, what a second one changes, who goes and who comes back."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import owner_url
from tests.roster.conftest import Office
from tests.roster.district import CANARY, District

SMALL = District(students=30)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_district_comes_in_and_again_changes_nothing(office: Office, version: str) -> None:
    district = District(students=30, version=version)
    expected = {"schools": {"new": 2}, "people": {"new": 20}, "memberships": {"new": 20}}
    assert office.told("preview", district.zip())["counts"] == expected
    assert office.told("preview", district.zip())["counts"] == expected, "a preview changes nothing"
    first = office.told("apply", district.zip())
    assert (first["counts"], first["done"], first["refused"]) == (expected, 42, [])
    again = office.told("apply", district.zip())
    assert (again["counts"], again["done"]) == ({}, 0)


def test_no_student_is_anywhere_in_the_database(office: Office) -> None:
    for version in ("1.1", "1.2"):
        result = office.send("apply", District(version=version).zip())
        assert result.exit_code == 0, result.output
        assert CANARY not in result.output
    text = dump(office.env["DATABASE_URL"])
    assert "Staff7" in text
    assert CANARY.lower() not in text.lower()


def dump(url: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(owner_url(url).replace("+psycopg", "")) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        found = [connection.execute(f"SELECT t::text FROM {name} t").fetchall() for (name,) in names]
    return "\n".join(row[0] for rows in found for row in rows)


def test_who_is_missing_from_a_full_set_goes_and_may_come_back(office: Office) -> None:
    office.told("apply", SMALL.zip())
    gone = office.told("apply", District(students=30, staff=18).zip())["counts"]
    assert gone == {"people": {"ended": 2}, "memberships": {"ended": 2}}
    assert "Staff19" in dump(office.env["DATABASE_URL"]), "nobody is deleted"
    assert office.run("person", "code", "staff-19@district.example").exit_code == 1
    back = office.told("apply", SMALL.zip())["counts"]
    assert back == {"people": {"back": 2}, "memberships": {"back": 2}}
    assert office.run("person", "code", "staff-19@district.example").exit_code == 0


def test_many_go_only_when_it_is_meant(office: Office) -> None:
    office.told("apply", SMALL.zip())
    fewer = District(students=30, staff=10).zip()
    refused = office.send("apply", fewer)
    assert refused.exit_code == 1
    assert "10 of 20 people would go" in refused.stderr
    assert office.told("apply", fewer, "--yes")["counts"]["people"] == {"ended": 10}


def test_an_address_of_somebody_else_is_a_fault_and_no_takeover(office: Office) -> None:
    office.run("tenant", "create", "south", "--name", "South")
    office.run("person", "create", "staff-3@district.example", "--tenant", "south", "--name", "Sam South")
    result = office.send("apply", SMALL.zip())
    assert result.exit_code == 1
    assert "users.csv, line 5, email: Somebody else signs in by this address already" in result.stderr
    assert "Staff3" not in dump(office.env["DATABASE_URL"])


def test_a_colleague_made_by_hand_is_met_by_her_address_and_keeps_what_she_is(office: Office) -> None:
    ana = ("person", "create", "staff-3@district.example", "--tenant", "north", "--name", "Ana Hand")
    office.run(*ana, "--role", "admin")
    office.told("apply", SMALL.zip())
    text = dump(office.env["DATABASE_URL"])
    assert "Ana Hand" in text
    assert "{admin,teacher}" in text
    kept = office.told("apply", District(students=30, staff=3).zip(), "--yes")["kept"]
    assert kept == [SMALL.staff_name(3)], "an administrator is not signed out by a file"
