"""What of a roster differs from what is stored: the steps that applying it would take, and nothing yet done.

A roster is compared with what the last one said. What a person here has changed by hand stays, until the roster itself
says something new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, Row, select

from service.integrations.roster.findings import Findings
from service.integrations.roster.tables import source
from service.integrations.roster.words import Roster
from service.records.memberships import table as memberships
from service.records.people import table as people
from service.records.schools import table as schools
from service.records.scopes import MEMBER_STATES

NEW, CHANGED, BACK, ENDED = "new", "changed", "back", "ended"
MANY = 0.2
"""A roster that would end more of the people than this asks a person first."""
FEW = 5
"""So few may always go."""


class Directory(Protocol):
    """Who signs in by which address, as the accounts have it."""

    def owners(self, connection: Connection, addresses: Collection[str]) -> Mapping[str, tuple[UUID, str]]:
        """(tenant, person) of each address that is somebody's."""


@dataclass(frozen=True, slots=True)
class Step:
    """One record to be made, changed or ended; `said` is what the roster says of it, kept for the next time."""

    act: str
    collection: str
    sourced_id: str
    record_id: str
    name: str
    fields: dict[str, Any]
    said: dict[str, Any]
    address: str = ""
    former_address: str = ""
    base: Mapping[str, Any] | None = None
    """The record as it stands, so that the step merges as the latest word; None where there is none."""


@dataclass(slots=True)
class Plan:
    """The steps in the order in which they are taken: schools, people, memberships."""

    steps: list[Step] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Administrators whom the roster would end: a person decides that."""
    people_before: int = 0
    grants: dict[str, int] = field(default_factory=dict)
    """How many people gain a role, by role."""
    without_powers: list[str] = field(default_factory=list)
    """What is to be said of offices that no file gives."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many steps of each act, by collection."""
        found: dict[str, Counter[str]] = {}
        for step in self.steps:
            found.setdefault(step.collection, Counter())[step.act] += 1
        return {name: dict(sorted(counts.items())) for name, counts in found.items()}

    @property
    def ends_many(self) -> bool:
        """Whether so many people would go that it may be a mistake."""
        ended = self.counts.get("people", {}).get(ENDED, 0)
        return ended > FEW and ended > MANY * self.people_before


def make(
    connection: Connection, tenant_id: UUID, roster: Roster, directory: Directory, findings: Findings
) -> Plan:
    """The plan for a roster without faults; an address that is somebody else's is a fault in `findings`."""
    planning = Planning(connection, tenant_id, roster, directory, findings)
    planning.run()
    return planning.plan


class Planning:
    """One roster beside what is stored."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: UUID,
        roster: Roster,
        directory: Directory,
        findings: Findings,
    ) -> None:
        self._connection, self._tenant_id, self._roster = connection, tenant_id, roster
        self._directory, self._findings = directory, findings
        self._sources = {name: self._known(name) for name in ("schools", "people", "memberships")}
        self._ids: dict[str, dict[str, str]] = {"schools": {}, "people": {}}
        self._tied = {row.record_id for row in self._sources["people"].values()}
        addresses = {person.address for person in roster.people.values() if person.address}
        self._owners = directory.owners(connection, addresses)
        self.plan = Plan(people_before=sum(row.active for row in self._sources["people"].values()))

    def run(self) -> None:
        """Plan all of it."""
        gone_schools = self._gone("schools", self._roster.gone_schools, self._roster.schools)
        gone_people = self._gone("people", self._roster.gone_people, self._roster.people)
        if offices := self._roster.without_powers:
            said = "who leads or administers is said here, by a person, and not by a file"
            self.plan.without_powers = [f"{offices} offices (administrator, principal and others): {said}"]
        self._schools(gone_schools)
        gone_people -= self._people(gone_people)
        self._memberships(gone_schools, gone_people)

    def _known(self, collection: str) -> dict[str, Row[Any]]:
        asked = select(source).where(source.c.tenant_id == self._tenant_id, source.c.collection == collection)
        return {row.sourced_id: row for row in self._connection.execute(asked)}

    def _gone(self, collection: str, said: Collection[str], there: Collection[str]) -> set[str]:
        full = self._roster.full_people if collection == "people" else self._roster.full_schools
        active = {name for name, row in self._sources[collection].items() if row.active}
        return {name for name in active if name in said or (full and name not in there)}

    def _id(self, collection: str, sourced_id: str) -> str:
        return str(uuid5(self._tenant_id, f"{collection}/{sourced_id}"))

    def _stored(self, table: Any, ids: Iterable[str]) -> dict[str, Row[Any]]:
        named, found = sorted(set(ids)), dict[str, Row[Any]]()
        for start in range(0, len(named), 500):
            mine = (table.c.tenant_id == self._tenant_id) & table.c.id.in_(named[start : start + 500])
            found |= {row.id: row for row in self._connection.execute(select(table).where(mine))}
        return found

    # schools

    def _schools(self, gone: set[str]) -> None:
        known = self._sources["schools"]
        names = self._school_names()
        by_name = _free(names, {row.record_id for row in known.values()})
        for name, school in sorted(self._roster.schools.items()):
            said, row = {"name": school.name}, known.get(name)
            new_id = by_name.get(school.name) or self._id("schools", name)
            record_id = self._ids["schools"][name] = row.record_id if row else new_id
            if act := _act(row, said):
                there = names.get(record_id)
                base = {"name": there} if there else None
                self._step(act, "schools", name, record_id, school.name, said, said, base=base)
        for name in sorted(gone):
            row = known[name]
            said = orjson.loads(row.said)
            self._step(ENDED, "schools", name, row.record_id, said["name"], {}, said)

    def _school_names(self) -> dict[str, str]:
        asked = select(schools.c.id, schools.c.name).where(schools.c.tenant_id == self._tenant_id)
        return {row.id: row.name for row in self._connection.execute(asked)}

    # people

    def _people(self, gone: set[str]) -> set[str]:
        """Plan the people; who of the gone is kept."""
        ids = self._ids["people"]
        for name in sorted(self._roster.people):
            ids[name] = self._person_id(name)
        known = self._sources["people"]
        stored = self._stored(people, [*ids.values(), *(known[name].record_id for name in gone)])
        for name in sorted(self._roster.people):
            self._person(name, stored.get(ids[name]))
        kept = {name for name in gone if "admin" in _roles(stored.get(known[name].record_id))}
        for name in sorted(gone - kept):
            self._end_person(name, stored.get(known[name].record_id))
        self.plan.kept = [orjson.loads(known[name].said)["display_name"] for name in sorted(kept)]
        return kept

    def _person_id(self, name: str) -> str:
        """Her record: by sourcedId, else by an address that is hers alone, else a new one."""
        row, person = self._sources["people"].get(name), self._roster.people[name]
        owner = self._owners.get(person.address)
        if row is None and owner is not None and owner[0] == self._tenant_id and owner[1] not in self._tied:
            return owner[1]
        record_id = row.record_id if row else self._id("people", name)
        if owner is not None and owner != (self._tenant_id, record_id):
            said = "Somebody else signs in by this address already: correct it, or leave it empty."
            self._findings.fault("users.csv", person.line, "email", said)
        return str(record_id)

    def _person(self, name: str, stored: Row[Any] | None) -> None:
        person, row = self._roster.people[name], self._sources["people"].get(name)
        said = {"display_name": person.name, "roles": sorted(person.roles), "address": person.address}
        last = orjson.loads(row.said) if row else {}
        if not self._roster.full_people:
            said["roles"] = sorted({*said["roles"], *last.get("roles", ())})
        act = _act(row, said)
        if act is None:
            return
        fields: dict[str, Any] = {}
        if stored is None or (row and last["display_name"] != person.name):
            fields["display_name"] = person.name
        held = last.get("roles", ()) if row and row.active else ()
        roles = sorted((_roles(stored) - set(held)) | set(said["roles"]))
        for role in set(roles) - _roles(stored):
            self.plan.grants[role] = self.plan.grants.get(role, 0) + 1
        if stored is None or roles != sorted(_roles(stored)):
            fields["roles"] = roles
        former = last.get("address", "")
        opening: dict[str, Any] = {
            "address": person.address,
            "former_address": former if former != person.address else "",
        }
        opening["base"] = _base(stored)
        self._step(act, "people", name, self._ids["people"][name], person.name, fields, said, **opening)

    def _end_person(self, name: str, stored: Row[Any] | None) -> None:
        row = self._sources["people"][name]
        said = orjson.loads(row.said)
        roles = sorted(_roles(stored) - set(said["roles"]))
        fields = {"roles": roles} if stored is not None and roles != sorted(_roles(stored)) else {}
        self._step(
            ENDED, "people", name, row.record_id, said["display_name"], fields, said, base=_base(stored)
        )

    # memberships

    def _memberships(self, gone_schools: set[str], gone_people: set[str]) -> None:
        known = self._sources["memberships"]
        wanted = {
            _pair(name, school): (name, school)
            for name, person in self._roster.people.items()
            for school in person.schools
            if school not in gone_schools
        }
        by_hand = self._by_hand()
        for pair, (name, school) in sorted(wanted.items()):
            row = known.get(pair)
            if row is None or not row.active:
                self._enrol(pair, name, school, row, by_hand)
        for pair, row in sorted(known.items()):
            name, school = pair.split("\n")
            missing = self._roster.full_memberships and pair not in wanted
            if row.active and (missing or name in gone_people or school in gone_schools):
                said = orjson.loads(row.said)
                self._step(ENDED, "memberships", pair, row.record_id, said["name"], {"state": "left"}, said)

    def _by_hand(self) -> dict[tuple[str, str], str]:
        mine = (memberships.c.tenant_id == self._tenant_id) & memberships.c.school_id.is_not(None)
        rows = self._connection.execute(
            select(memberships.c.id, memberships.c.person_id, memberships.c.school_id).where(
                mine, memberships.c.state.in_(MEMBER_STATES)
            )
        )
        return {(row.person_id, row.school_id): row.id for row in rows}

    def _enrol(
        self, pair: str, name: str, school: str, row: Row[Any] | None, by_hand: Mapping[tuple[str, str], str]
    ) -> None:
        """Who has left begins a new membership."""
        past = orjson.loads(row.said)["past"] + 1 if row else 0
        person_id = self._ids["people"][name]
        school_id = self._ids["schools"].get(school) or self._sources["schools"][school].record_id
        label = f"{self._roster.people[name].name} at {self._school_name(school)}"
        said = {"past": past, "name": label}
        there = by_hand.get((person_id, school_id))
        about = {"person_id": person_id, "school_id": school_id, "role": "member", "state": "enrolled"}
        record_id = there or self._id("memberships", f"{pair}\n{past}")
        act = BACK if row else NEW
        self._step(act, "memberships", pair, record_id, label, {} if there else about, said)

    def _school_name(self, school: str) -> str:
        here = self._roster.schools.get(school)
        return here.name if here else str(orjson.loads(self._sources["schools"][school].said)["name"])

    def _step(self, *said: Any, **addresses: Any) -> None:
        self.plan.steps.append(Step(*said, **addresses))


def _act(row: Row[Any] | None, said: Mapping[str, Any]) -> str | None:
    if row is None:
        return NEW
    if not row.active:
        return BACK
    return CHANGED if orjson.loads(row.said) != said else None


def _free(names: Mapping[str, str], tied: Collection[str]) -> dict[str, str]:
    """Schools that were made by hand, by a name that only one of them has."""
    times = Counter(names.values())
    return {name: one for one, name in names.items() if times[name] == 1 and one not in tied}


def _base(stored: Row[Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    return {"display_name": stored.display_name, "roles": stored.roles}


def _pair(person: str, school: str) -> str:
    return f"{person}\n{school}"


def _roles(stored: Row[Any] | None) -> set[str]:
    return set(stored.roles or ()) if stored is not None else set()


def known_ids(connection: Connection, tenant_id: UUID) -> Iterator[tuple[str, str]]:
    """(collection, sourcedId) of what earlier rosters brought and is there."""
    asked = select(source.c.collection, source.c.sourced_id).where(
        source.c.tenant_id == tenant_id, source.c.active, source.c.collection != "memberships"
    )
    return ((row.collection, row.sourced_id) for row in connection.execute(asked).all())
