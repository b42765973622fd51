"""Seeded districts as OneRoster files: staff that must come in, students (all called by the canary) that must not.

`python -m tests.roster.measure` applies a large one to a fresh database, and prints how long it took.
"""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CANARY = "Zyxcanary"
Rows = Iterator[Sequence[str]]
USERS_11 = [
    "sourcedId",
    "status",
    "dateLastModified",
    "enabledUser",
    "orgSourcedIds",
    "role",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
]
USERS_12 = [
    "sourcedId",
    "status",
    "dateLastModified",
    "enabledUser",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
    "userMasterIdentifier",
    "resourceSourcedIds",
    "preferredGivenName",
    "preferredMiddleName",
    "preferredFamilyName",
    "primaryOrgSourcedId",
    "pronouns",
]
ROLES = ["sourcedId", "status", "dateLastModified", "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"]  # fmt: skip


@dataclass(frozen=True)
class District:
    """How large a district is, and in which version it speaks."""

    schools: int = 2
    staff: int = 20
    students: int = 1000
    classes_of_each: int = 6
    version: str = "1.1"
    seed: int = 1
    mark: str = ""
    """Stands in the names of schools and staff."""

    def zip(self, **changed: bytes | None) -> bytes:
        """The zip; `changed` files (`users=...`) take the place of its own, None leaves one out."""
        files = {name: _text(rows) for name, rows in self.files().items()} | changed
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zip_:
            for name, content in files.items():
                if content is not None:
                    zip_.writestr(f"{name}.csv", content)
        return packed.getvalue()

    def files(self) -> dict[str, Rows]:
        """Each file's rows."""
        is_new = self.version == "1.2"
        found = {
            "manifest": self._manifest(),
            "orgs": self._orgs(),
            "academicSessions": self._sessions(),
            "classes": self._classes(),
            "users": self._users_12() if is_new else self._users_11(),
            "enrollments": self._enrollments(),
            "demographics": iter([("sourcedId", "sex"), (f"{CANARY}-0", f"{CANARY}-sex")]),
        }
        return found | ({"roles": self._roles()} if is_new else {})

    def _manifest(self) -> Rows:
        yield "propertyName", "value"
        yield "manifest.version", "1.0"
        yield "oneroster.version", self.version
        files = ["orgs", "academicSessions", "classes", "users", "enrollments"]
        for name in [*files, *(["roles"] if self.version == "1.2" else [])]:
            yield f"file.{name}", "bulk"

    def _orgs(self) -> Rows:
        yield "sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"
        yield "district", "", "", "The District", "district", "", ""
        for number in range(self.schools):
            yield f"org-{number}", "", "", f"School {self.mark}{number}", "school", "", "district"

    def _sessions(self) -> Rows:
        yield "sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"  # fmt: skip
        yield "term-1", "", "", "Year", "schoolYear", "2026-08-01", "2027-07-31", "", "2027"

    def _classes(self) -> Rows:
        yield "sourcedId", "status", "dateLastModified", "title", "schoolSourcedId", "termSourcedIds"
        for number in range(self.staff):
            yield f"class-{number}", "", "", f"Class {number}", f"org-{number % self.schools}", "term-1"

    def staff_name(self, number: int) -> str:
        """What the colleague of this number is called."""
        rng = random.Random(self.seed * 1_000_003 + number)
        given = rng.choice(("Ana", "Bo", "Caro", "Dara", "Eli", "Femi"))
        return f"{given} Staff{self.mark}{number}"

    def _people(self) -> Iterator[tuple[str, str, str, str, str]]:
        """(sourcedId, given name, family name, role, school)"""
        for number in range(self.staff):
            role = "administrator" if number % 10 == 9 else "teacher"
            given, family = self.staff_name(number).split()
            yield f"staff-{number}", given, family, role, f"org-{number % self.schools}"
        for number in range(self.students):
            name = f"{CANARY}-{number}"
            yield name, f"{CANARY}given", f"{CANARY}family{number}", "student", f"org-{number % self.schools}"

    def _users_11(self) -> Rows:
        yield USERS_11
        for name, given, family, role, org in self._people():
            yield (name, "", "", "true", org, role, name, "", given, family, "", "", _address(name), "", "", "", "", f"{CANARY}-password")  # fmt: skip

    def _users_12(self) -> Rows:
        yield USERS_12
        for name, given, family, _, org in self._people():
            yield (name, "", "", "true", name, "", given, family, "", "", _address(name), "", "", "", "", f"{CANARY}-password", "", "", "", "", "", org, "")  # fmt: skip

    def _roles(self) -> Rows:
        yield ROLES
        for name, _, _, told, org in self._people():
            role = "siteAdministrator" if told == "administrator" else told
            yield f"role-{name}", "", "", name, "primary", role, "", "", org, ""

    def _enrollments(self) -> Rows:
        yield "sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"  # fmt: skip
        for number in range(self.staff):
            yield f"e-{number}", "", "", f"class-{number}", f"org-{number % self.schools}", f"staff-{number}", "teacher", "true", "", ""  # fmt: skip
        for number in range(self.students):
            for turn in range(self.classes_of_each):
                taught = (number + turn) % self.staff
                name = f"{CANARY}-{number}"
                yield f"{name}-{turn}", "", "", f"class-{taught}", f"org-{taught % self.schools}", name, "student", "false", "", ""  # fmt: skip


def _address(name: str) -> str:
    return f"{name.lower()}@district.example"


def _text(rows: Rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
