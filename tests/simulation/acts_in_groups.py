"""Who comes into a group and who leaves it, and what is shown to it; a step may aim at the group, or at whom it moves."""

from __future__ import annotations

from tests.simulation.oracle import IN, Record
from tests.simulation.plan import COLLEAGUES, NORTH, QUESTIONS
from tests.simulation.scene import Scene


def join_group(at: Scene) -> str | None:
    """Enrol, or take up an invitation; a group at which the step aims is joined once."""
    mine = [one for one in at.client.list("memberships") if one.get("person_id") == at.me]
    if at.step.aim:
        is_in = any(_counts(one, at.step.aim) for one in mine)
        return None if is_in else _enrol(at, at.step.aim)
    invited = at.some([one for one in mine if one.get("state") == "invited"])
    if invited:
        return at.put("memberships", invited["id"], state="enrolled")
    return _enrol(at, at.chance.choice((QUESTIONS, QUESTIONS, NORTH)))


def _enrol(at: Scene, group: str) -> str | None:
    fields = {"person_id": at.me, "group_id": group, "role": "member", "state": "enrolled"}
    return at.put("memberships", at.new_id("member"), **fields)


def leave_group(at: Scene) -> str | None:
    """Whoever joined twice leaves twice."""
    mine = [one for one in at.client.list("memberships") if one.get("person_id") == at.me]
    groups = [one["group_id"] for one in mine if one.get("group_id") and one.get("state") in IN]
    group = at.step.aim or at.some(groups)
    left = [at.put("memberships", one["id"], state="left") for one in mine if _counts(one, group)]
    return ", ".join(filter(None, left)) or None


def _counts(membership: Record, group: str | None) -> bool:
    return group is not None and membership.get("group_id") == group and membership.get("state") in IN


def move_people(at: Scene) -> str | None:
    """Whoever keeps the roster puts somebody into the team or the school, or takes her out."""
    if at.step.aim:
        return _move_one(at, at.step.aim)
    current = at.one("memberships", lambda one: one.get("role") != "lead" and one.get("state") in IN)
    if current and at.chance.random() < 0.5:
        return at.put("memberships", current["id"], state="left")
    place = at.chance.choice(({"group_id": NORTH}, {"school_id": "school-one"}))
    return _place(at, at.chance.choice(COLLEAGUES), place)


def _move_one(at: Scene, person: str) -> str | None:
    """Out of the team when she is in it, else into it."""
    current = at.one("memberships", lambda one: one.get("person_id") == person and _counts(one, NORTH))
    if current:
        return at.put("memberships", current["id"], state="left")
    return _place(at, person, {"group_id": NORTH})


def _place(at: Scene, person: str, place: dict[str, str]) -> str | None:
    fields = {"person_id": person, "role": "member", "state": "active"} | place
    return at.put("memberships", at.new_id("member"), **fields)


def open_or_close(at: Scene, collection: str, name: str) -> str | None:
    """Take the group at which the step aims out of a record of hers; where it stands in none, put it into one."""
    hers = [record for record in at.client.list(collection) if record.get("host_id") == at.me]
    record = at.some([one for one in hers if at.step.aim in (one.get(name) or ())] or hers)
    if record is None:
        return None
    return at.put(collection, record["id"], **{name: sorted({*(record.get(name) or ())} ^ {at.step.aim})})
