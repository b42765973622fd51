"""Who reads what: the table of the design in plain Python, and nothing of the product's own code.

Written from the design alone, over rows as the tables hold them; where it and the engine differ, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from functools import cached_property
from typing import Any

Record = dict[str, Any]
Key = tuple[str, str]
"""(collection, record id)."""
Rows = dict[str, dict[str, Record]]
"""Records by collection and id."""

IN = {"enrolled", "active", "completed"}
"""States in which a membership counts."""


class Oracle:
    """Answers for one moment; `counting` are the states of a membership that count."""

    def __init__(self, rows: Rows, counting: Set[str] = IN) -> None:
        self.rows, self._counting = rows, counting

    @cached_property
    def visible(self) -> dict[str, dict[Key, Record]]:
        """What each person may hold now."""
        found: dict[str, dict[Key, Record]] = {person: {} for person in self.rows["people"]}
        for collection, records in self.rows.items():
            for record_id, record in records.items():
                for person in self.readers(collection, record):
                    found[person][collection, record_id] = record
        return found

    def readers(self, collection: str, record: Record) -> set[str]:
        """The people who may read this record, as if it stood so today."""
        return _READERS[collection](self, record) - {None} & self.everyone

    @cached_property
    def everyone(self) -> set[str]:
        return set(self.rows["people"])

    def came_back(self, person: str) -> bool:
        """Whether she left a group or school in which she is again."""
        hers = [one for one in self.rows["memberships"].values() if one["person_id"] == person]
        return any(one["state"] == "left" and person in self._in_any([_place(one)]) for one in hers)

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        members: dict[str, set[str]] = {}
        for one in self.rows["memberships"].values():
            if one["state"] in self._counting:
                members.setdefault(_place(one), set()).add(one["person_id"])
        return members

    def _in_any(self, ids: Iterable[str] | None) -> set[str]:
        """Those who are in any of these groups or schools."""
        return set().union(*(self._members.get(one, set()) for one in ids or ()))

    def _visit(self, record: Record) -> Record:
        return self.rows["visits"][record["visit_id"]]

    # the table, row by row

    def _all(self, record: Record) -> set[str]:
        return self.everyone

    def _group(self, group: Record) -> set[str]:
        if group["group_type"] in {"studio", "network"}:
            return self.everyone
        asked = {
            one["person_id"]
            for one in self.rows["memberships"].values()
            if one["group_id"] == group["id"] and one["state"] == "invited"
        }
        return self._in_any([group["id"]]) | asked | {group["lead_id"]}

    def _membership(self, membership: Record) -> set[str]:
        if membership["school_id"]:
            return self.everyone
        lead = self.rows["groups"][membership["group_id"]]["lead_id"]
        return self._in_any([membership["group_id"]]) | {membership["person_id"], lead}

    def _invitation(self, invitation: Record) -> set[str]:
        host = {invitation["host_id"]}
        if invitation["state"] == "draft":
            return host
        if invitation["to_tenant"]:
            return self.everyone
        seated = {
            s["person_id"] for s in self.rows["seats"].values() if s["invitation_id"] == invitation["id"]
        }
        addressed = self._in_any((invitation["group_ids"] or []) + (invitation["school_ids"] or []))
        left_out = set(invitation["excluded_ids"] or ())
        return (seated | set(invitation["people_ids"] or ()) | addressed) - left_out | host

    def _seat(self, seat: Record) -> set[str]:
        return {seat["person_id"], self.rows["invitations"][seat["invitation_id"]]["host_id"]}

    def _request(self, request: Record) -> set[str]:
        return {request["requester_id"], request["host_id"]}

    def _released(self, visit: Record) -> set[str]:
        return set(visit["released_people_ids"] or ()) | self._in_any(visit["released_group_ids"])

    def _there(self, visit: Record) -> set[str]:
        return {visit["host_id"], *(visit["observer_ids"] or ())}

    def _a_visit(self, visit: Record) -> set[str]:
        return (self._there(visit) | self._released(visit)) - self._kept_out(visit)

    def _of_a_visit(self, record: Record) -> set[str]:
        visit = self._visit(record)
        return self._there(visit) - self._kept_out(visit)

    def _kept_out(self, visit: Record) -> set[str]:
        """Who evaluates the host, or did, until she answers that they may see again."""
        asked = [one for one in self.rows["pauses"].values() if one["person_id"] == visit["host_id"]]
        lifted = {one["evaluator_id"] for one in asked if one["state"] == "lifted"}
        evaluators = set(self.rows["people"][visit["host_id"]]["evaluator_ids"] or ())
        return (evaluators | {one["evaluator_id"] for one in asked}) - lifted

    def _readers_of_released(self, visit: Record) -> set[str]:
        """Never those who evaluate the host."""
        return (set(visit["observer_ids"] or ()) | self._released(visit)) - self._kept_out(visit)

    def _note(self, note: Record) -> set[str]:
        author, visit = {note["created_by"]}, self._visit(note)
        if note["state"] in {"draft", "expired"}:
            return author
        if note["state"] in {"shared", "retracted"}:
            return author | {visit["host_id"]}
        return author | {visit["host_id"]} | self._readers_of_released(visit)

    def _attachment(self, media: Record) -> set[str]:
        if media["note_id"]:
            return self._note(self.rows["notes"][media["note_id"]])
        author, visit = {media["created_by"]}, self._visit(media)
        if visit["state"] not in {"shared", "debriefed", "closed"}:
            return author
        is_released = visit["released_people_ids"] or visit["released_group_ids"]
        return author | {visit["host_id"]} | (self._readers_of_released(visit) if is_released else set())

    def _comment(self, comment: Record) -> set[str]:
        return self._attachment(self.rows["media"][comment["media_id"]])

    def _hers(self, record: Record) -> set[str]:
        return {record["person_id"]}

    def _read_event(self, event: Record) -> set[str]:
        return {event["reader_id"], self._visit(event)["host_id"]}


def _place(membership: Record) -> str:
    return str(membership["group_id"] or membership["school_id"])


_READERS: dict[str, Callable[[Oracle, Record], set[str]]] = {
    "schools": Oracle._all,
    "people": Oracle._all,
    "role_grants": Oracle._all,
    "pauses": Oracle._hers,
    "groups": Oracle._group,
    "memberships": Oracle._membership,
    "invitations": Oracle._invitation,
    "seats": Oracle._seat,
    "visit_requests": Oracle._request,
    "visits": Oracle._a_visit,
    "notes": Oracle._note,
    "debriefs": Oracle._of_a_visit,
    "next_steps": Oracle._of_a_visit,
    "media": Oracle._attachment,
    "comments": Oracle._comment,
    "conflicts": Oracle._hers,
    "rejected_writes": Oracle._hers,
    "read_events": Oracle._read_event,
}
