"""OneRoster's roles in ours, and who by them works here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OURS: Mapping[str, str | None] = {
    "teacher": "teacher",
    "aide": "teacher",
    "counselor": None,
    "proctor": None,
    "administrator": None,
    "principal": None,
    "siteadministrator": None,
    "districtadministrator": None,
    "systemadministrator": None,
}
"""Who works in a district, and as what here. No file makes anybody principal or administrator: a person does."""
OFFICES = frozenset(role for role, ours in OURS.items() if ours is None)
STUDENT = "student"
FAMILY = frozenset({"parent", "guardian", "relative"})


def key(role: str) -> str:
    """A role without case, blanks and hyphens.

    >>> key("Site Administrator")
    'siteadministrator'
    """
    return role.lower().replace(" ", "").replace("-", "").replace("_", "")


def is_known(role: str) -> bool:
    """Whether OneRoster has the role, or lets a district have it (`ext:`)."""
    return role in OURS or role in FAMILY or role == STUDENT or role.startswith("ext:")


def staff(rows: Iterable[tuple[str, str]], again: Iterable[tuple[str, str]]) -> set[str]:
    """Who works here, by (person, role) read twice: whoever is a student in any row is not, whatever else she does.

    Twice, so that not even the ids of students are gathered.
    """
    found = {person for person, role in rows if role in OURS and person}
    for person, role in again:
        if role == STUDENT:
            found.discard(person)
    return found
