"""Almost-right files are read, and said so; wrong ones are told by file, line and column; none of them is a crash."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest

from service.integrations.roster import package
from service.integrations.roster.district import Known
from service.integrations.roster.findings import Findings
from service.integrations.roster.reading import read
from service.integrations.roster.words import Roster
from tests.roster.district import CANARY, District

TODAY = date(2026, 11, 28)
SMALL = District(students=5)
ORGS = b"sourcedId,status,name,type,parentSourcedId\r\norg-0,,Nord,school,\r\norg-1,,S\xc3\xbcd,school,\r\n"
USERS = (
    "sourcedId,status,enabledUser,orgSourcedIds,role,givenName,familyName,email\r\n"
    "staff-0,,true,org-0,teacher,Ana,Müller,ana@d.example\r\n"
    f"pupil,,true,org-0,student,{CANARY},{CANARY},{CANARY}@d.example\r\n"
    "staff-1,,true,org-1,aide,Bo,Lind,bo@d.example\r\n"
)
MANIFEST = b"propertyName,value\r\nfile.orgs,bulk\r\nfile.users,bulk\r\n"


def reading(users: bytes = USERS.encode(), **files: bytes) -> tuple[Roster, Findings]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zip_:
        for name, content in {"manifest": MANIFEST, "orgs": ORGS, "users": users, **files}.items():
            zip_.writestr(f"{name}.csv", content)
    return read(packed, Known(), TODAY)


Change = Callable[[str], str]
ALMOST_RIGHT: dict[str, tuple[bytes, str]] = {
    "utf-8 with a mark": (b"\xef\xbb\xbf" + USERS.encode(), ""),
    "utf-16": (USERS.encode("utf-16"), "read as UTF-16"),
    "utf-16 without a mark": (USERS.encode("utf-16-le"), "read as UTF-16"),
    "windows-1252": (USERS.encode("cp1252"), "read as Windows-1252"),
    "semicolons": (USERS.replace(",", ";").encode(), "semicolons"),
    "tabs": (USERS.replace(",", "\t").encode(), "tabs"),
    "cr": (USERS.replace("\r\n", "\r").encode(), ""),
    "lf": (USERS.replace("\r\n", "\n").encode(), ""),
    "empty lines": (USERS.replace("\r\n", "\r\n\r\n,,,\r\n").encode(), ""),
    "an empty line first": (b"\r\n" + USERS.encode(), ""),
    "other case": (USERS.replace("sourcedId", "sourcedID").replace("givenName", "givenname").encode(), "read 'sourcedID' as 'sourcedId'"),
    "blanks": (USERS.replace("familyName", " family_name ").encode(), "read 'family_name' as 'familyName'"),
    "misspelt": (USERS.replace("givenName", "givenNames").encode(), "read 'givenNames' as 'givenName'"),
    "more columns": (USERS.replace("\r\n", ",x\r\n").encode(), ""),
    "quoted newline": (USERS.replace("org-0,teacher", '"org-0,\n org-1",teacher').encode(), ""),
    "a line twice": ((USERS + USERS.splitlines()[1] + "\r\n").encode(), "there twice read once"),
    "short lines": (USERS.replace(",bo@d.example", "").encode(), "read as empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALMOST_RIGHT)
def test_an_almost_right_file_is_read(name: str) -> None:
    content, repair = ALMOST_RIGHT[name]
    roster, findings = reading(content)
    assert findings.faults == []
    assert [person.name for person in roster.people.values()] == ["Ana Müller", "Bo Lind"]
    assert any(repair in said for said in findings.repairs) or not repair
    assert CANARY not in f"{roster.document()}{findings.document()}"


def swapped(old: str, new: str) -> bytes:
    assert old in USERS
    return USERS.replace(old, new).encode()


WRONG: dict[str, tuple[bytes, str]] = {
    "a needed column is missing": (swapped("familyName", "x"), "users.csv, line 1, familyName: The column is missing"),
    "a column twice": (swapped("status", "sourcedId"), "users.csv, line 1, sourcedId: The column is there twice"),
    "no header": (USERS.partition("\r\n")[2].encode(), "users.csv, line 1, sourcedId: The column is missing"),
    "no role": (swapped("role,", "rank,"), "users.csv, line 1, role: Nobody's role is told"),
    "an unknown role": (swapped("aide", "boss"), "users.csv, line 4, role: This is no role of OneRoster"),
    "a dangling school": (swapped("org-1,aide", "org-9,aide"), "users.csv, line 4, orgSourcedIds: orgs.csv has no such sourcedId"),
    "no address": (swapped("bo@d.example", "bo at home"), "users.csv, line 4, email: This is no address"),
    "an address twice": (swapped("bo@d.example", "ANA@d.example"), "users.csv, line 4, email: Line 2 has the same address"),
    "an id twice": (swapped("staff-1", "staff-0"), "users.csv, line 4, sourcedId: Line 2 has the same sourcedId"),
    "no name": (swapped("Bo,Lind", ","), "users.csv, line 4, familyName: "),
    "a long name": (swapped("Lind", "L" * 101), "users.csv, line 4, familyName: "),
    "a NUL": (swapped("Lind", "Li\0nd"), "users.csv, line 4, familyName: A NUL character is not text."),
    "too many cells": (swapped("bo@d.example", "bo@d.example,x"), "users.csv, line 4: It has 9 cells, the header 8"),
    "a quote left open": (swapped("Bo,", '"Bo,'), "users.csv, line 4: A quote opens here and does not close"),
    "nothing at all": (b"", "users.csv, line 1, sourcedId: The column is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_by_its_place(name: str) -> None:
    content, said = WRONG[name]
    _, findings = reading(content)
    assert any(str(fault).startswith(said) for fault in findings.faults), findings.faults
    assert CANARY not in str(findings.document())


def test_all_faults_are_told_at_once_up_to_a_hundred() -> None:
    lines = "".join(f"t-{n},,true,org-9,teacher,A,B,\r\n" for n in range(130))
    _, findings = reading((USERS + lines).encode())
    assert (len(findings.faults), findings.more) == (100, 30)


@pytest.mark.parametrize(
    ("begin", "end", "there"),
    [
        ("2026-08-01", "2027-07-31", True),
        ("01/08/2026", "31/07/2027", True),
        ("8/1/2026", "7/31/2027", True),
        ("2027-01-01", "", False),
        ("", "2026-06-30", False),
        ("", "30/06/2026", False),
    ],
)
def test_a_role_holds_from_its_begin_to_its_end(begin: str, end: str, there: bool) -> None:
    roles = f"sourcedId,userSourcedId,role,orgSourcedId,beginDate,endDate\r\nr,staff-0,teacher,org-1,{begin},{end}\r\n"
    roster, findings = reading(swapped("teacher", "proctor"), roles=roles.encode())
    assert findings.faults == []
    assert ("teacher" in roster.people["staff-0"].roles, "org-1" in roster.people["staff-0"].schools) == (there, there)  # fmt: skip


def test_a_date_of_two_meanings_is_asked_about() -> None:
    roles = b"userSourcedId,role,orgSourcedId,beginDate,endDate\r\nstaff-0,teacher,org-1,03/04/2026,\r\n"
    _, findings = reading(roles=roles)
    said = (
        "roles.csv, line 2, beginDate: This is no date, or can be read in two ways: write it as 2026-08-17."
    )
    assert [str(fault) for fault in findings.faults] == [said]


@pytest.mark.parametrize("before", [True, False])
def test_a_student_who_also_helps_stays_a_student(before: bool) -> None:
    rows = ["pupil,student,org-0,,", "pupil,aide,org-0,,"]
    roles = "\r\n".join(["userSourcedId,role,orgSourcedId,beginDate,endDate", *rows[:: 1 if before else -1]])
    roster, _ = reading(roles=roles.encode())
    assert "pupil" not in roster.people


def test_without_a_manifest_nobody_is_ended() -> None:
    packed = io.BytesIO(SMALL.zip(manifest=None))
    roster, findings = read(packed, Known(), TODAY)
    assert (roster.full_people, roster.full_schools, roster.full_memberships) == (False, False, False)
    assert any("read as a delta" in said for said in findings.repairs)


def zipped(*names: str, content: bytes = b"x") -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zip_:
        for name in names:
            zip_.writestr(name, content)
    return packed


def encrypted() -> io.BytesIO:
    packed = bytearray(zipped("users.csv").getvalue())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + place] |= 1
    return io.BytesIO(bytes(packed))


def claims_too_much() -> io.BytesIO:
    packed = bytearray(zipped("users.csv").getvalue())
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (2**31).to_bytes(4, "little")
    return io.BytesIO(bytes(packed))


def damaged() -> io.BytesIO:
    packed = bytearray(SMALL.zip())
    packed[300:320] = bytes(20)
    return io.BytesIO(bytes(packed))


BAD_ZIPS: dict[str, tuple[Callable[[], io.BytesIO], str]] = {
    "no zip": (lambda: io.BytesIO(b"sourcedId,name"), "This is no zip file"),
    "nothing": (lambda: io.BytesIO(b""), "This is no zip file"),
    "cut short": (lambda: io.BytesIO(SMALL.zip()[:-40]), "This is no zip file"),
    "damaged": (damaged, "The zip is damaged here"),
    "encrypted": (encrypted, "It is encrypted"),
    "a bomb": (claims_too_much, "Unpacked it has more than"),
    "a way out": (lambda: zipped("../users.csv"), "A path in it leads out of the zip"),
    "a way out of windows": (lambda: zipped("..\\users.csv"), "A path in it leads out of the zip"),
    "from the root": (lambda: zipped("/etc/users.csv"), "A path in it leads out of the zip"),
    "a drive": (lambda: zipped("C:\\users.csv"), "A path in it leads out of the zip"),
    "nested": (lambda: zipped("inner.zip"), "There is an archive inside it"),
    "many files": (lambda: zipped(*(f"{n}.csv" for n in range(101))), "It holds 101 files"),
    "a file twice": (lambda: zipped("a/users.csv", "b/users.csv"), "It is in the zip twice"),
    "none of ours": (lambda: zipped("hello.txt"), "None of OneRoster's files is in it"),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_a_bad_zip_is_refused_in_words(name: str) -> None:
    make, said = BAD_ZIPS[name]
    _, findings = read(make(), Known(), TODAY)
    assert said in str(findings.faults[-1])


def test_a_zip_that_is_too_large_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_ZIPPED", 100)
    _, findings = read(io.BytesIO(SMALL.zip()), Known(), TODAY)
    assert "at most 100 are taken" in str(findings.faults[0])
