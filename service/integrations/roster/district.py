"""What orgs.csv, users.csv and roles.csv say of schools and staff; everybody else is left where she stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from service.integrations.roster import dates, roles, rows
from service.integrations.roster.findings import Findings
from service.integrations.roster.package import Package
from service.integrations.roster.rows import is_gone, several
from service.integrations.roster.table import Columns, Row, Table
from service.integrations.roster.words import Person, Roster, School

BULK, DELTA, ABSENT = "bulk", "delta", "absent"


@dataclass(frozen=True, slots=True)
class Known:
    """The sourcedIds that earlier rosters brought: what a delta may name without saying it again."""

    schools: Collection[str] = ()
    people: Collection[str] = ()


@dataclass(slots=True)
class Reading:
    """One roster under the reader's eyes."""

    findings: Findings
    known: Known
    today: date
    order: str | None = None
    roster: Roster = field(default_factory=Roster)
    modes: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[bool, str]] = field(default_factory=dict)
    """Whether an organisation is a school, and what it is part of."""
    package: Package = field(init=False)

    def run(self, package: Package) -> None:
        """Read who works where by these files."""
        self.package = package
        self._manifest()
        if self.has("orgs.csv"):
            self._orgs(self.table("orgs.csv", rows.ORGS))
        if self.has("users.csv"):
            self._users(self.table("users.csv", rows.USERS))
        elif self.has("roles.csv") or self.has("enrollments.csv"):
            self.findings.repair(
                "users.csv", "missing, so that roles and enrollments are left for the next set"
            )
        self._say_what_is_full()

    def has(self, file: str) -> bool:
        """Whether the file is there to be read."""
        return file in self.package and self.modes.get(file) != ABSENT

    def table(self, file: str, columns: Columns) -> Table:
        """A file of the roster."""
        return Table(self.package, file, columns, self.findings)

    def is_full(self, file: str) -> bool:
        """Whether the file names everything there is."""
        return self.modes.get(file) == BULK and file in self.package

    def _manifest(self) -> None:
        if "manifest.csv" not in self.package:
            self.findings.repair("manifest.csv", "missing, so that this is read as a delta: nobody is ended")
            return
        for row in self.table("manifest.csv", rows.MANIFEST).rows():
            name, mode = row["propertyName"], row["value"].lower()
            if not name.lower().startswith("file."):
                continue
            file = f"{name[5:]}.csv"
            self.modes[file] = mode
            if mode not in (BULK, DELTA, ABSENT):
                self.findings.fault("manifest.csv", row.line, "value", "Write bulk, delta or absent.")
            elif mode != ABSENT and file in _READ and file not in self.package:
                said = f"{file} is announced but not in the zip: add it, or write absent."
                self.findings.fault("manifest.csv", row.line, "value", said)

    def _orgs(self, table: Table) -> None:
        for row in table.rows():
            if not row["sourcedId"]:
                self.findings.fault(table.file, row.line, "sourcedId", "It is empty: every line needs one.")
                continue
            is_school = row["type"].lower() == "school"
            self.parents[row["sourcedId"]] = (is_school, row["parentSourcedId"])
            if is_school:
                self._school(table, row)

    def _school(self, table: Table, row: Row) -> None:
        if is_gone(row):
            self.roster.gone_schools.add(row["sourcedId"])
            return
        loaded = rows.load(rows.ORG, table.file, row, self.findings)
        if loaded is None:
            return
        before = self.roster.schools.setdefault(loaded["sourcedId"], School(loaded["name"], row.line))
        if before.line != row.line:
            self._doubled(table.file, row, same=before.name == loaded["name"], first=before.line)

    def _doubled(self, file: str, row: Row, *, same: bool, first: int) -> None:
        if same:
            self.findings.repair(file, "a line that is there twice read once")
        else:
            said = f"Line {first} has the same sourcedId and says something else: keep one of them."
            self.findings.fault(file, row.line, "sourcedId", said)

    def school_of(self, org: str) -> str | None:
        """The school that an organisation is, or is part of; None where there is none above it."""
        for _ in range(10):
            is_school, parent = self.parents.get(org, (org in self.known.schools, ""))
            if is_school:
                return org
            org = parent
        return None

    def _users(self, users: Table) -> None:
        sources = [(users, "sourcedId")] if users.has("role") else []
        if self.has("roles.csv"):
            sources.append((self.table("roles.csv", rows.ROLES), "userSourcedId"))
        if not sources:
            said = "Nobody's role is told: users.csv needs the column role (1.1), or the zip roles.csv (1.2)."
            self.findings.fault(users.file, 1, "role", said)
            return
        staff = self._staff(sources)
        self._unknown_roles(sources)
        for row in users.rows():
            if row["sourcedId"] in staff:
                self._person(users.file, row)
            else:
                self.findings.leave_out(f"{users.file}: people who do not work here")
        for table, column in sources:
            self._take_roles(table, column)
        self._addresses_are_of_one(users.file)

    def _staff(self, sources: Iterable[tuple[Table, str]]) -> set[str]:
        def pairs() -> Iterator[tuple[str, str]]:
            for table, column in sources:
                yield from ((row[column], roles.key(row["role"])) for row in table.rows(telling=False))

        known = ((person, "teacher") for person in self.known.people if not self.is_full("users.csv"))
        return roles.staff([*known, *_of_staff(pairs())], pairs())

    def _unknown_roles(self, sources: Iterable[tuple[Table, str]]) -> None:
        for table, _ in sources:
            for row in table.rows(telling=False):
                if not roles.is_known(roles.key(row["role"])):
                    said = (
                        "This is no role of OneRoster: write teacher, aide, student or another of its roles."
                    )
                    self.findings.fault(table.file, row.line, "role", said)

    def _person(self, file: str, row: Row) -> None:
        if is_gone(row) or row["enabledUser"].lower() in {"false", "0", "no"}:
            self.roster.gone_people.add(row["sourcedId"])
            return
        given = row["preferredGivenName"] or row["givenName"]
        name = f"{given} {row['preferredFamilyName'] or row['familyName']}".strip()
        loaded = rows.load(rows.USER, file, row, self.findings, display_name=name)
        if loaded is None:
            return
        person = Person(loaded["display_name"], loaded.get("email", "").lower(), row.line)
        before = self.roster.people.setdefault(row["sourcedId"], person)
        if before is not person:
            same = (before.name, before.address) == (person.name, person.address)
            self._doubled(file, row, same=same, first=before.line)
        for column in ("orgSourcedIds", "primaryOrgSourcedId"):
            self.place(before, file, row, column)

    def place(self, person: Person, file: str, row: Row, column: str) -> None:
        """Put somebody in the schools of a cell; one that is nowhere named is a fault."""
        for org in several(row[column]):
            if org not in self.parents and org not in self.known.schools:
                said = "orgs.csv has no such sourcedId: correct it here, or add the organisation there."
                self.findings.fault(file, row.line, column, said)
            elif (school := self.school_of(org)) is not None:
                person.schools.add(school)

    def _take_roles(self, table: Table, column: str) -> None:
        held = [row for row in table.rows() if row[column] in self.roster.people]
        order = self.order_of(row[name] for row in held for name in ("beginDate", "endDate"))
        for row in held:
            person, role = self.roster.people[row[column]], roles.key(row["role"])
            if role not in roles.OURS or is_gone(row) or not self.is_now(table.file, row, order):
                continue
            ours = roles.OURS[role]
            if ours is None:
                self.roster.without_powers += 1
            else:
                person.roles.add(ours)
            if table.file == "roles.csv":
                self.place(person, table.file, row, "orgSourcedId")

    def order_of(self, written: Iterable[str]) -> str | None:
        """The order of dates in one file."""
        return dates.order(written) or self.order

    def is_now(self, file: str, row: Row, order: str | None) -> bool:
        """Whether what the row says has begun and not ended; a date that cannot be read is a fault."""
        begin, end = (self.date(file, row, column, order) for column in ("beginDate", "endDate"))
        return (begin is None or begin <= self.today) and (end is None or self.today <= end)

    def date(self, file: str, row: Row, column: str, order: str | None) -> date | None:
        """The date of a cell."""
        if not row[column]:
            return None
        found = dates.read(row[column], order)
        if found is None:
            said = "This is no date, or can be read in two ways: write it as 2026-08-17."
            self.findings.fault(file, row.line, column, said)
        return found

    def _addresses_are_of_one(self, file: str) -> None:
        first: dict[str, int] = {}
        for person in self.roster.people.values():
            if person.address and first.setdefault(person.address, person.line) != person.line:
                said = f"Line {first[person.address]} has the same address: each signs in by her own."
                self.findings.fault(file, person.line, "email", said)

    def _say_what_is_full(self) -> None:
        roster = self.roster
        told_by_roles = "roles.csv" not in self.package or self.is_full("roles.csv")
        roster.full_schools = self.is_full("orgs.csv")
        roster.full_people = self.is_full("users.csv") and told_by_roles
        teaching = self.modes.get("enrollments.csv", ABSENT)
        roster.full_memberships = roster.full_people and teaching in (BULK, ABSENT)


_READ = frozenset({"orgs.csv", "users.csv", "roles.csv", "enrollments.csv"})


def _of_staff(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return (pair for pair in pairs if pair[1] in roles.OURS)
