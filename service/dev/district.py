"""The demo district: two tenants, the same on every machine, accounts named by role (`ROLE@TENANT.example`).

riverbend   Hill School: host, observer, coach, lead, principal, evaluator (of host) · Vale School: colleague · admin
            a studio led by lead, with host and observer in it
lakeside    Pier School: stranger
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from service.accounts import directory
from service.database import Database
from service.records import KINDS
from service.settings import Settings
from sync.changes import Change, Status
from sync.clock import system_now
from sync.server.actor import system_actor
from sync.server.push import Door

STUDIO_ID = "studio-who-speaks"
QUESTION = "Who speaks in my lessons, and for how long do I wait?"


@dataclass(frozen=True, slots=True)
class Account:
    """One person of the district, with what she does there and where."""

    role: str
    tenant: str
    name: str
    roles: tuple[str, ...]
    school: str | None = None
    evaluators: tuple[str, ...] = ()

    @property
    def person_id(self) -> str:
        """Her id, readable on purpose: `riverbend-host`."""
        return f"{self.tenant}-{self.role}"

    @property
    def address(self) -> str:
        """What she signs in with."""
        return f"{self.role}@{self.tenant}.example"


ACCOUNTS = (
    Account("admin", "riverbend", "Amal Administrator", ("admin",)),
    Account("evaluator", "riverbend", "Eva Deputy", ("principal",), "hill"),
    Account("host", "riverbend", "Hana Host", ("teacher",), "hill", evaluators=("riverbend-evaluator",)),
    Account("observer", "riverbend", "Omar Observer", ("teacher",), "hill"),
    Account("coach", "riverbend", "Cora Coach", ("coach",), "hill"),
    Account("lead", "riverbend", "Lena Lead", ("teacher", "lead"), "hill"),
    Account("principal", "riverbend", "Pia Principal", ("principal",), "hill"),
    Account("colleague", "riverbend", "Caro Colleague", ("teacher",), "vale"),
    Account("stranger", "lakeside", "Sten Stranger", ("teacher",), "pier"),
)
TENANTS = {"riverbend": "Riverbend District", "lakeside": "Lakeside District"}
SCHOOLS = {"hill": "Hill School", "vale": "Vale School", "pier": "Pier School"}


def account(role: str) -> Account:
    """The account of a role; StopIteration when there is none."""
    return next(one for one in ACCOUNTS if one.role == role)


def seed(settings: Settings) -> bool:
    """Make the demo district unless it is there; returns whether it was made."""
    database = Database(settings.database_url, prepared_statements=settings.prepared_statements, pool_size=1)
    try:
        return any([_seed_tenant(database, slug) for slug in TENANTS])
    finally:
        database.dispose()


def _seed_tenant(database: Database, slug: str) -> bool:
    """All of it may be repeated: a start that was killed half-way is completed by the next."""
    people = [one for one in ACCOUNTS if one.tenant == slug]
    with database.begin_reference() as connection:
        if _is_known(connection, people[-1].address):
            return False
        known = {row.slug: row.id for row in directory.tenants(connection)}
        tenant_id = known.get(slug) or directory.create_tenant(connection, slug, TENANTS[slug], system_now())
    with database.begin(tenant_id) as connection:
        outcomes = Door(KINDS).push(connection, system_actor(tenant_id), list(_records(people)))
        refused = [outcome.document() for outcome in outcomes if outcome.status is Status.REJECTED]
        if refused:
            raise RuntimeError(f"the demo district was not taken: {refused}")
    with database.begin_reference() as connection:
        for one in people:
            if not _is_known(connection, one.address):
                directory.add_address(connection, one.address, tenant_id, one.person_id, system_now())
    return True


def _is_known(connection: Connection, address: str) -> bool:
    try:
        directory.person_by_address(connection, address)
    except directory.DirectoryError:
        return False
    return True


def _records(people: list[Account]) -> Iterator[Change]:
    for school in sorted({one.school for one in people if one.school}):
        yield _record("schools", f"school-{school}", name=SCHOOLS[school])
    for one in people:
        about = {"display_name": one.name, "roles": list(one.roles), "evaluator_ids": list(one.evaluators)}
        yield _record("people", one.person_id, **about)
    for one in people:
        if one.school:
            yield _membership(one.person_id, school_id=f"school-{one.school}")
    yield from _studio({one.role: one.person_id for one in people})


def _studio(people: dict[str, str]) -> Iterator[Change]:
    if "lead" not in people:
        return
    about = {"name": "Who speaks?", "group_type": "studio", "question": QUESTION, "lead_id": people["lead"]}
    yield _record("groups", STUDIO_ID, **about, state="running")
    for role in ("host", "observer"):
        yield _membership(people[role], group_id=STUDIO_ID)


def _membership(person_id: str, **of: str) -> Change:
    of_one = next(iter(of.values()))
    return _record(
        "memberships", f"{person_id}-{of_one}", person_id=person_id, role="member", state="enrolled", **of
    )


def _record(collection: str, record_id: str, **fields: Any) -> Change:
    return Change(f"demo-district/{collection}/{record_id}", collection, record_id, fields)
