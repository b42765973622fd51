"""What becomes of a roster: who comes in, what a second one changes, who goes and who comes back."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import select

from service.accounts import directory
from service.accounts.roster_doors import LEFT
from service.database import Database
from service.integrations.calendar import links
from service.records import KINDS
from service.records.people import table as people
from sync.changes import Change, Status
from sync.clock import system_now
from sync.server.actor import system_actor
from sync.server.push import Door
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
    assert office.run("token", "staff-19@district.example").exit_code == 0
    assert LEFT not in dump(office.env["DATABASE_URL"])
    gone = office.told("apply", District(students=30, staff=18).zip())["counts"]
    assert gone == {"people": {"ended": 2}, "memberships": {"ended": 2}}
    assert "Staff19" in dump(office.env["DATABASE_URL"]), "nobody is deleted"
    assert dump(office.env["DATABASE_URL"]).count(LEFT) == 1, "her session ended"
    assert office.run("person", "code", "staff-19@district.example").exit_code == 1
    back = office.told("apply", SMALL.zip())["counts"]
    assert back == {"people": {"back": 2}, "memberships": {"back": 2}}
    assert office.run("person", "code", "staff-19@district.example").exit_code == 0


def test_the_calendar_of_who_goes_is_closed_and_of_who_stays_is_not(office: Office) -> None:
    office.told("apply", SMALL.zip())
    database = Database(office.env["DATABASE_URL"], pool_size=1)

    def opens(number: int) -> str:
        with database.begin_reference() as connection:
            whose = directory.person_by_address(connection, f"staff-{number}@district.example")
        with database.begin(whose[0]) as connection:
            return links.renew(connection, *whose, system_now())

    gone, there = opens(19), opens(4)
    office.told("apply", District(students=30, staff=18).zip())
    tenant_id = links.tenant_of(gone)
    assert tenant_id is not None
    with database.begin(tenant_id) as connection:
        assert links.person_of(connection, tenant_id, gone) is None
        assert links.person_of(connection, tenant_id, there) is not None
    database.dispose()


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


def test_no_file_gives_powers_and_the_preview_says_so(office: Office) -> None:
    told = office.send("preview", SMALL.zip()).stdout
    assert "role teacher: 18 people" in told
    assert "Without powers: 2 offices (administrator, principal and others)" in told
    office.told("apply", SMALL.zip())
    assert "{admin" not in dump(office.env["DATABASE_URL"])
    assert "{principal" not in dump(office.env["DATABASE_URL"])


ROLES = b"userSourcedId,role\n"  # those of who is known need not be said again
MANIFEST = b"propertyName,value\nfile.users,delta\nfile.roles,delta\n"


def delta(line: str) -> bytes:
    users = f"sourcedId,status,givenName,familyName,email,primaryOrgSourcedId\n{line}\n".encode()
    files: dict[str, bytes | None] = dict.fromkeys(("orgs", "classes", "academicSessions", "enrollments"))
    return District(students=0, version="1.2").zip(
        **{**files, "manifest": MANIFEST, "users": users, "roles": ROLES}
    )


def test_a_delta_changes_whom_it_names_and_nobody_else(office: Office) -> None:
    office.told("apply", District(students=30, version="1.2").zip())
    renamed = delta("staff-4,active,Nadia,New,new@district.example,org-1")
    told = office.told("apply", renamed)
    assert told["counts"] == {"people": {"changed": 1}, "memberships": {"new": 1}}
    assert office.run("person", "code", "new@district.example").exit_code == 0
    assert office.run("person", "code", "staff-4@district.example").exit_code == 1, "her former address"
    ended = office.told("apply", delta("staff-4,tobedeleted,,,,"))
    assert ended["counts"] == {"people": {"ended": 1}, "memberships": {"ended": 2}}


def test_an_id_of_two_lines_is_a_fault_and_spoils_no_later_roster(office: Office) -> None:
    office.told("apply", District(students=3, version="1.2").zip())
    users = (
        "sourcedId,status,givenName,familyName,email,primaryOrgSourcedId\n"
        '"staff\n77",active,Nadia,New,new@district.example,org-1\n'
    )
    files: dict[str, bytes | None] = dict.fromkeys(("orgs", "classes", "academicSessions", "enrollments"))
    roles = b'userSourcedId,role\n"staff\n77",teacher\n'
    content = District(students=0, version="1.2").zip(
        **{**files, "manifest": MANIFEST, "users": users.encode(), "roles": roles}
    )
    refused = office.send("apply", content)
    assert refused.exit_code == 1
    assert "users.csv, line 2, sourcedId: It has a line break" in refused.stderr
    assert office.told("apply", District(students=3, version="1.2").zip())["counts"] == {}


def test_what_was_changed_by_hand_stays_until_the_roster_says_something_new(office: Office) -> None:
    office.told("apply", SMALL.zip())
    change_by_hand(office, SMALL.staff_name(4), "Nadia Hand")
    assert office.told("apply", SMALL.zip())["counts"] == {}
    assert "Nadia Hand" in dump(office.env["DATABASE_URL"])
    renamed = office.told("apply", District(students=30, seed=2).zip())["counts"]
    assert renamed["people"]["changed"] > 0
    text = dump(office.env["DATABASE_URL"])
    assert District(seed=2).staff_name(4) != SMALL.staff_name(4)
    assert f"{District(seed=2).staff_name(4)}" in text


def change_by_hand(office: Office, before: str, after: str) -> None:
    database = Database(office.env["DATABASE_URL"], pool_size=1)
    with database.begin_reference() as connection:
        tenant_id = directory.tenant_by_slug(connection, "north")
    with database.begin(tenant_id) as connection:
        hers = select(people.c.id).where(people.c.tenant_id == tenant_id, people.c.display_name == before)
        change = Change("by-hand", "people", connection.execute(hers).scalar_one(), {"display_name": after})
        (outcome,) = Door(KINDS).push(connection, system_actor(tenant_id), [change])
    database.dispose()
    assert outcome.status in (Status.APPLIED, Status.MERGED)
