"""The morning on which every world begins: people, a school, two groups, and a few visits with their notes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.api.services import Services
from sync.changes import Change, Status
from sync.server.actor import Actor
from tests.simulation.plan import ANNA, EVA, HANA, NORA, OLGA, OTTO, PEOPLE

ROLES = {EVA: ("principal",), ANNA: ("admin",)}
Said = tuple[str, str, dict[str, Any]]


def begin(services: Services, tenant: UUID) -> None:
    """Let everybody make what is hers."""
    for person, said in (
        ("system", _roster()), (HANA, _hers(HANA)), (OLGA, _hers(OLGA)), (OLGA, _notes()),
        (HANA, [("notes", "note-released", {"state": "released"})]),
    ):  # fmt: skip
        roles = frozenset({"system"}) if person == "system" else frozenset({"teacher"})
        actor = Actor(tenant, person, "desk-of-before", roles)
        changes = [Change(f"before-{said[0][1]}-{number}", *one) for number, one in enumerate(said)]
        with services.database.begin(tenant) as connection:
            outcomes = services.door.push(connection, actor, changes)
        wrong = [outcome for outcome in outcomes if outcome.status not in (Status.APPLIED, Status.MERGED)]
        assert not wrong, wrong


def _roster() -> list[Said]:
    people: list[Said] = [
        ("people", one, {"display_name": one.title(), "roles": list(ROLES.get(one, ("teacher",)))})
        for one in PEOPLE
    ]
    return [
        *people,
        ("schools", "school-one", {"name": "One"}),
        *(_member(f"school-{one}", one, school_id="school-one") for one in (HANA, OLGA, OTTO)),
        ("groups", "studio-one", {"name": "Questions", "group_type": "studio", "question": "Who asks?", "lead_id": HANA}),
        ("groups", "team-north", {"name": "North", "group_type": "team", "lead_id": NORA}),
        ("groups", "studio-one", {"state": "open"}),
        _member("studio-olga", OLGA, group_id="studio-one"),
        _member("studio-nora", NORA, group_id="studio-one", state="invited"),
        _member("team-olga", OLGA, group_id="team-north"),
    ]  # fmt: skip


def _member(record_id: str, person: str, state: str = "active", **of: str) -> Said:
    return "memberships", record_id, {"person_id": person, "role": "member", "state": state} | of


def _hers(host: str) -> list[Said]:
    name = host.partition("-")[0]
    visit: dict[str, Any] = {"host_id": host, "observer_ids": [OLGA, OTTO] if host == HANA else [NORA, HANA]}
    addressed: dict[str, Any] = {"group_ids": ["studio-one"]} if host == HANA else {"to_tenant": True}
    return [
        ("invitations", f"invitation-{name}", {"host_id": host, "look_for": "Who talks and who is silent when I ask them?", "seats": 2, "state": "open"} | addressed),
        ("visits", f"visit-{name}", visit | {"focus": "who asks questions today and who answers them aloud", "state": "under_way"}),
        ("debriefs", f"debrief-{name}", {"visit_id": f"visit-{name}", "summary": "we talked about it for a while before the bell"}),
    ]  # fmt: skip


def _notes() -> list[Said]:
    note = {"visit_id": "visit-hana", "note_kind": "noticing", "text": "four tables argue"}
    return [("notes", f"note-{state}", note | {"state": state}) for state in ("draft", "shared")] + [
        ("notes", "note-released", note | {"state": "shared"})
    ]
