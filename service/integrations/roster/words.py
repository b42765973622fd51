"""What a roster says of a district's staff, once everything else is left behind. It holds no student."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class School:
    """A school as the district calls it; `line` of orgs.csv."""

    name: str
    line: int


@dataclass(slots=True)
class Person:
    """Somebody who works in the district; `line` of users.csv. `address` is empty where the roster has none."""

    name: str
    address: str
    line: int
    roles: set[str] = field(default_factory=set)
    schools: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Roster:
    """Schools and people by their sourcedIds, and who is said to have gone.

    What is `full` names everybody there is, so that whoever is missing has gone; the rest only adds and changes.
    """

    full_schools: bool = False
    full_people: bool = False
    full_memberships: bool = False
    schools: dict[str, School] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    gone_schools: set[str] = field(default_factory=set)
    gone_people: set[str] = field(default_factory=set)
    without_powers: int = 0

    def document(self) -> dict[str, Any]:
        """The roster as JSON values, the same for the same roster."""
        return _plain(asdict(self))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Roster:
        """The roster that `document` said."""
        people = {
            name: Person(
                said["name"], said["address"], said["line"], set(said["roles"]), set(said["schools"])
            )
            for name, said in document["people"].items()
        }
        schools = {name: School(**said) for name, said in document["schools"].items()}
        gone = {name: set(document[name]) for name in ("gone_schools", "gone_people")}
        return cls(**{**document, "people": people, "schools": schools, **gone})


def _plain(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _plain(value) for name, value in said.items()}
    return sorted(said) if isinstance(said, set) else said
