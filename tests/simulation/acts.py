"""What people do on their phones, with or without a network. Each act tells what it did, or None when there was nothing to do.

They do not ask whether they may: a phone does not know all rules, and what the server refuses must be kept too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from observation_tools.states import (
    DEBRIEF,
    INVITATION,
    MEDIA,
    NEXT_STEP,
    NOTE,
    SEAT,
    STUDIO,
    STUDIO_MEMBER,
    VISIT,
    VISIT_REQUEST,
)
from schemas.records.seats import seat_id
from tests.simulation.acts_in_groups import join_group, leave_group, move_people, open_or_close
from tests.simulation.oracle import Record
from tests.simulation.plan import COLLEAGUES, EVA, GROUPS, HANA, NORA, OLGA, OTTO
from tests.simulation.scene import TEXTS, Scene
from tests.simulation.truth import WORD

MACHINES = {
    "notes": NOTE, "visits": VISIT, "debriefs": DEBRIEF, "next_steps": NEXT_STEP, "invitations": INVITATION,
    "seats": SEAT, "visit_requests": VISIT_REQUEST, "memberships": STUDIO_MEMBER, "groups": STUDIO, "media": MEDIA,
}  # fmt: skip
Act = Callable[[Scene], str | None]


def write_note(at: Scene) -> str | None:
    visit = at.one("visits", lambda visit: at.me in (visit.get("observer_ids") or ()))
    return _note(at, visit["id"]) if visit else None


def write_of_a_visit_unseen(at: Scene) -> str | None:
    """A note of the visit that somebody began a moment ago, which this phone has not read."""
    return _note(at, f"visit-{at.step.number - at.chance.randint(1, 4):04}")


def _note(at: Scene, visit_id: str) -> str | None:
    state = at.chance.choice((None, None, "draft", "shared"))
    fields: dict[str, Any] = {} if state is None else {"state": state}
    kind = at.chance.choice(("noticing", "wondering", "quote"))
    return at.put("notes", at.new_id("note"), visit_id=visit_id, note_kind=kind, text=at.word, **fields)


def edit_text(at: Scene) -> str | None:
    aimed = at.step.aim.partition("/")[0]
    names = (aimed,) if aimed else ("visits", "visits", "notes", "notes", "debriefs", *TEXTS)
    found = at.any(names, lambda _, record: record.get("state") != "released")
    return at.rewrite(*found, TEXTS[found[0]]) if found else None


def move_state(at: Scene) -> str | None:
    def can_move(collection: str, record: Record) -> bool:
        return any(state == record.get("state") for state, _ in MACHINES[collection].edges)

    names = (at.step.aim,) if at.step.aim else ("notes", "notes", "notes", "visits", *MACHINES)
    found = at.any(names, can_move)
    if found is None:
        return None
    collection, record = found
    machine = MACHINES[collection]
    ways = [after for before, after in machine.edges if before == record["state"] and after != "expired"]
    state = at.some(ways)
    return at.put(collection, record["id"], state=state) if state else None


def delete(at: Scene) -> str | None:
    names = (
        (at.step.aim,)
        if at.step.aim
        else ("notes", "notes", "invitations", "media", "comments", "rejected_writes")
    )
    states = (None, "draft", "declared", *(("shared", "open") if at.chance.random() < 0.2 else ()))
    found = at.any(names, lambda _, record: record.get("state") in states)
    if found is None or not at.client.delete(found[0], found[1]["id"]):
        return None
    collection, record = found
    at.ledger.removed |= set(WORD.findall(json.dumps(record)))
    return f"deletes {collection} {record['id']}"


def change_observers(at: Scene) -> str | None:
    visit = at.one(
        "visits", lambda visit: at.me in (visit.get("host_id"), *(visit.get("observer_ids") or ()))
    )
    return (
        at.put("visits", visit["id"], observer_ids=_changed(at, visit.get("observer_ids"))) if visit else None
    )


def release_visit(at: Scene) -> str | None:
    if at.step.aim in GROUPS:
        return open_or_close(at, "visits", "released_group_ids")
    visit = at.one("visits", lambda visit: visit.get("host_id") == at.me)
    if visit is None:
        return None
    if at.chance.random() < 0.5:
        people = _changed(at, visit.get("released_people_ids"))
        return at.put("visits", visit["id"], released_people_ids=people)
    groups = _changed(at, visit.get("released_group_ids"), GROUPS)
    return at.put("visits", visit["id"], released_group_ids=groups)


def _changed(at: Scene, ids: list[str] | None, known: tuple[str, ...] = COLLEAGUES) -> list[str]:
    """The set with one of those known put in, or taken out."""
    one = at.chance.choice([person for person in known if person != at.me])
    return sorted({*(ids or ())} ^ {one})


def set_time(at: Scene) -> str | None:
    if at.chance.random() < 0.5:
        invitation = at.one("invitations", lambda one: one.get("host_id") == at.me)
        return at.rewrite("invitations", invitation, "place") if invitation else None
    visit = at.one("visits")
    moment = f"2026-11-2{at.chance.randint(0, 9)}T09:00:00.000Z"
    return at.put("visits", visit["id"], planned_at=moment) if visit else None


def begin_visit(at: Scene) -> str | None:
    some = at.chance.sample([one for one in COLLEAGUES if one != at.me], 2)
    observers = sorted({*some, *filter(None, [at.step.aim])})
    state = at.chance.choice(("planned", "under_way", "captured"))
    return at.put(
        "visits", at.new_id("visit"), host_id=at.me, observer_ids=observers, focus=at.word, state=state
    )


def begin_debrief(at: Scene) -> str | None:
    visit = at.one("visits")
    return at.put("debriefs", at.new_id("debrief"), visit_id=visit["id"], summary=at.word) if visit else None


def choose_next_step(at: Scene) -> str | None:
    debrief = at.one("debriefs")
    if debrief is None:
        return None
    step = at.one("next_steps", lambda step: step.get("visit_id") == debrief.get("visit_id"))
    if step and at.chance.random() < 0.4:  # it moves to another parent
        return at.put("next_steps", step["id"], debrief_id=debrief["id"])
    fields = {"visit_id": debrief["visit_id"], "debrief_id": debrief["id"], "text": at.word}
    return at.put("next_steps", at.new_id("nextstep"), **fields)


def open_door(at: Scene) -> str | None:
    fields: dict[str, Any] = {
        "state": at.chance.choice(("draft", "open")),
        "to_tenant": at.chance.choice((True, None)),
        "group_ids": at.chance.choice((["studio-one"], ["team-north"], None)),
        "seats": at.chance.choice((1, 2, None)),
    }
    if at.step.aim:
        fields |= {"state": "open", "to_tenant": None, "group_ids": [at.step.aim]}
    return at.put("invitations", at.new_id("invitation"), host_id=at.me, look_for=at.word, **fields)


def change_invited(at: Scene) -> str | None:
    if at.step.aim in GROUPS:
        return open_or_close(at, "invitations", "group_ids")
    invitation = at.one("invitations", lambda one: one.get("host_id") == at.me)
    if invitation is None:
        return None
    name = at.chance.choice(("people_ids", "excluded_ids", "group_ids", "school_ids"))
    known = {"group_ids": GROUPS, "school_ids": ("school-one",)}.get(name, COLLEAGUES)
    return at.put(
        "invitations",
        invitation["id"],
        **{name: _changed(at, invitation.get(name), known), "to_tenant": None},
    )


def claim_seat(at: Scene) -> str | None:
    invitation = at.one("invitations", lambda one: one.get("host_id") != at.me)
    if invitation is None:
        return None
    mine = seat_id(invitation["id"], at.me)
    state = at.chance.choice(("accepted", "accepted", "tentative", "withdrawn"))
    fields = {"invitation_id": invitation["id"], "person_id": at.me, "state": state}
    return at.put("seats", mine, **fields, **({} if at.client.get("seats", mine) else {"message": at.word}))


def ask_to_come(at: Scene) -> str | None:
    host = at.step.aim or at.chance.choice([one for one in COLLEAGUES if one != at.me])
    return at.put("visit_requests", at.new_id("request"), requester_id=at.me, host_id=host, message=at.word)


def answer_request(at: Scene) -> str | None:
    request = at.one("visit_requests", lambda one: one.get("host_id") == at.me and one.get("state") == "sent")
    state = at.chance.choice(("accepted", "accepted", "declined"))
    return at.put("visit_requests", request["id"], state=state) if request else None


def declare_photo(at: Scene) -> str | None:
    note = at.one("notes", lambda note: note.get("created_by", at.me) == at.me)
    visit = at.one("visits")
    if note and at.chance.random() < 0.6:
        named = {"visit_id": note["visit_id"], "note_id": note["id"]}
    elif visit:
        named = {"visit_id": visit["id"]}
    else:
        return None
    return at.put("media", at.new_id("photo"), file_name=f"{at.word}.jpg", media_type="image/jpeg", **named)


def comment_on(at: Scene) -> str | None:
    """On all of what was declared, on a moment of it, or in answer to somebody who spoke of it, or of something else."""
    media = at.one("media")
    if media is None:
        return None
    fields: dict[str, Any] = {"text": at.word, "at_ms": at.chance.choice((None, 5_000))}
    answered = at.one("comments") if at.chance.random() < 0.5 else None
    if answered is not None:
        beside = answered["media_id"] if at.chance.random() < 0.9 else media["id"]
        fields |= {"media_id": beside, "reply_to": answered["id"]}
    return at.put("comments", at.new_id("comment"), **{"media_id": media["id"]} | fields)


def settle_comment(at: Scene) -> str | None:
    comment = at.one("comments")
    return at.put("comments", comment["id"], resolved=at.chance.choice((True, False))) if comment else None


def name_evaluator(at: Scene) -> str | None:
    host = at.one("people", lambda person: person["id"] in (HANA, HANA, OLGA))
    if host is None:
        return None
    one = at.step.aim or at.chance.choice([one for one in (EVA, EVA, OTTO, NORA) if one != host["id"]])
    return at.put("people", host["id"], evaluator_ids=sorted({*(host.get("evaluator_ids") or ())} ^ {one}))


def send_nonsense(at: Scene) -> str | None:
    visit = at.one("visits")
    return (
        at.put("notes", at.new_id("note"), visit_id=visit["id"], note_kind="noticing", at_ms=-5, text=at.word)
        if visit
        else None
    )


def open_what_was_read(at: Scene) -> str | None:
    note = at.one("notes", lambda note: note.get("created_by", at.me) != at.me)
    if note is None:
        return None
    read = {"visit_id": note["visit_id"], "record_kind": "notes", "record_id": note["id"], "reader_id": at.me}
    return at.put("read_events", at.new_id("readevent"), **read, how="opened", at="2026-11-21T10:00:00.000Z")


ACTS: dict[str, Act] = {
    "writes a note": write_note,
    "writes of a visit unseen": write_of_a_visit_unseen,
    "edits a text": edit_text,
    "moves a state": move_state,
    "deletes something": delete,
    "changes the observers": change_observers,
    "releases the visit": release_visit,
    "sets a time": set_time,
    "begins a visit": begin_visit,
    "begins a debrief": begin_debrief,
    "chooses a next step": choose_next_step,
    "opens her door": open_door,
    "changes who is invited": change_invited,
    "claims a seat": claim_seat,
    "asks to come": ask_to_come,
    "answers a request": answer_request,
    "declares a photo": declare_photo,
    "comments on a recording": comment_on,
    "settles a comment": settle_comment,
    "joins a group": join_group,
    "leaves a group": leave_group,
    "moves people about": move_people,
    "names an evaluator": name_evaluator,
    "sends nonsense": send_nonsense,
    "opens what she read": open_what_was_read,
}
