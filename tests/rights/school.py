"""Two tenants alike: Hana opens her door, Olga and Otto observe; everybody else who might ask is there too.

Each record is named by what it is, `notes/shared`; its id says that too. In the second tenant every id begins with `far-`.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from schemas.records.seats import seat_id
from service.records import KINDS
from sync.changes import Change
from sync.clock import stamp
from sync.server import sequence
from sync.server.actor import Actor, system_actor
from tests.builders import make_person, make_tenant, put, services_of, sign_in

HANA, OLGA, OTTO, PETRA = "hana-hosts", "olga-observes", "otto-observes-too", "petra-teaches-next-door"
CORA, PAUL, EVA, STINA, ADA = (
    "cora-coaches", "paul-principal", "eva-evaluates", "stina-leads-the-studio", "ada-administers",
)  # fmt: skip
PEOPLE = {
    EVA: ("principal", "lead"), HANA: ("teacher",), OLGA: ("teacher",), OTTO: ("teacher",), PETRA: ("teacher",), CORA: ("coach",),
    PAUL: ("principal",), STINA: ("teacher", "lead"), ADA: ("admin",),
}  # fmt: skip
FILM = {
    "file_name": "film.mp4", "media_type": "video/mp4", "size_bytes": 1000, "sha256": "0" * 64,
    "consent_basis": "families_agreed",
}  # fmt: skip
MADE = {
    "renditions": ["720p", "poster"],
    "captions": ["de"],
    "width": 1280,
    "height": 720,
    "duration_ms": 60_000,
}
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:02.000\nGuten Morgen.\n"


class School:
    """One tenant; `ids` are those of its records by name, `gone` one of each kind that was deleted, `grants` all of roles."""

    def __init__(self, app: Flask, far: bool = False) -> None:
        self.app, self.services, self.far = app, services_of(app), far
        self.ids: dict[str, str] = {}
        self.gone: dict[str, str] = {}
        self._ops, self._written = itertools.count(), set[str]()
        self.tenant_id: UUID = make_tenant(self.services, "far" if far else "near")
        self._people()
        self._invitations()
        for stage in ("drafted", "shared", "released"):
            self._visit(stage)
        self.say(OLGA, "media/sent", visit_id=self.ids["visits/drafted"], **FILM)
        self._kept()
        self._deleted()
        self.ids["devices/olga"] = f"{'far-' if far else ''}phone-of-{OLGA}"
        sign_in(self.services, self.tenant_id, OLGA, self.ids["devices/olga"])

    def id(self, name: str) -> str:
        """The id of the record of this name, which is there or will be."""
        collection, _, what = name.partition("/")
        made = f"{'far-' if self.far else ''}{what}-of-{collection}"
        return self.ids.setdefault(name, made)

    def put(self, name: str, /, **fields: Any) -> str:
        """Let the service write the record of this name."""
        return self._push(system_actor(self.tenant_id), name, fields)

    def say(self, person_id: str, name: str, /, **fields: Any) -> str:
        """Let a person write it."""
        actor = Actor(self.tenant_id, person_id, f"phone-of-{person_id}", frozenset(PEOPLE[person_id]))
        return self._push(actor, name, fields)

    def _push(self, actor: Actor, name: str, fields: dict[str, Any]) -> str:
        collection, record_id = name.partition("/")[0], self.id(name)
        change = Change(f"op-{next(self._ops)}", collection, record_id, fields, base_seq=self._base(name))
        with self.services.database.begin(self.tenant_id) as connection:
            (outcome,) = self.services.door.push(connection, actor, [change])
        assert outcome.problem is None, outcome
        assert outcome.status.value in ("applied", "merged"), outcome
        return record_id

    def _base(self, name: str) -> int | None:
        """What a phone has read that is up to date; nothing of what is new."""
        if name not in self._written:
            self._written.add(name)
            return None
        with self.services.database.begin(self.tenant_id) as connection:
            return sequence.read(connection, self.tenant_id).seq

    def delete(self, collection: str, record_id: str) -> None:
        """Let the service delete a record."""
        change = Change(f"gone-{collection}", collection, record_id, deleted=True)
        with self.services.database.begin(self.tenant_id) as connection:
            (outcome,) = self.services.door.push(connection, system_actor(self.tenant_id), [change])
        assert outcome.status.value == "applied", outcome

    def _people(self) -> None:
        for person_id, roles in PEOPLE.items():
            evaluators = {"evaluator_ids": [EVA]} if person_id == HANA else {}
            make_person(self.services, self.tenant_id, person_id, *roles, **evaluators)
        self.ids["people/host"] = HANA
        self.put("people/new", display_name="Somebody of this tenant alone", roles=["teacher"])
        self._grants_and_pauses()
        self.put("schools/one", name="The school of the lake")
        self._group("studio", "studio", STINA, HANA)
        self._group("pair", "coaching", CORA, HANA)
        self._group("team", "team", OTTO, OLGA)
        for person_id in (HANA, OLGA, EVA):
            self.put(
                f"memberships/school-{person_id}",
                person_id=person_id,
                school_id=self.ids["schools/one"],
                state="enrolled",
            )

    def _grants_and_pauses(self) -> None:
        """One of each that is dated, or answered; and those that follow from what stands on Hana's record."""
        next_month = self.services.now() + timedelta(days=30)
        self.put("role_grants/term", person_id=PETRA, role="coach", from_at=stamp(next_month))
        self.put("pauses/earlier", person_id=PETRA, evaluator_id=PAUL)
        self.put("pauses/earlier", state="lifted")
        self.grants = self._found("role_grants")
        (self.ids["role_grants/hana-hosts"],) = self._found("role_grants", person_id=HANA)
        (self.ids["role_grants/eva-evaluates"],) = self._found("role_grants", host_id=HANA)
        (self.ids["pauses/eva-evaluates"],) = self._found("pauses", evaluator_id=EVA)

    def _found(self, collection: str, **fields: str) -> set[str]:
        """The ids of what the service made of its own accord."""
        asked = select(KINDS[collection].table.c.id).filter_by(tenant_id=self.tenant_id, **fields)
        with self.services.database.begin(self.tenant_id) as connection:
            return set(connection.execute(asked).scalars())

    def _group(self, what: str, group_type: str, lead_id: str, member_id: str) -> None:
        group_id = self.put(
            f"groups/{what}", name=f"The {what} by the lake", group_type=group_type,
            question="Who speaks, and who is silent?", state="running",
        )  # fmt: skip
        self.put(
            f"memberships/{what}-lead", person_id=lead_id, group_id=group_id, role="lead", state="enrolled"
        )
        self.put(f"groups/{what}", lead_id=lead_id)
        self.put(f"memberships/{what}-member", person_id=member_id, group_id=group_id, state="enrolled")

    def _invitations(self) -> None:
        about = {
            "look_for": "Who speaks in the third row?",
            "starts_at": stamp(self.services.now() + timedelta(minutes=1)),
        }
        self.say(HANA, "invitations/draft", host_id=HANA, people_ids=[OLGA], **about)
        self.say(HANA, "invitations/named", host_id=HANA, people_ids=[OLGA], state="open", **about)
        self.say(
            HANA,
            "invitations/studio",
            host_id=HANA,
            group_ids=[self.ids["groups/studio"]],
            state="open",
            **about,
        )
        left_out = {"school_ids": [self.ids["schools/one"]], "excluded_ids": [EVA]}
        self.say(HANA, "invitations/school", host_id=HANA, state="open", **left_out, **about)
        self.say(HANA, "invitations/all", host_id=HANA, to_tenant=True, state="open", **about)
        for what, person_id in (("named", OLGA), ("all", OTTO)):
            invitation_id = self.ids[f"invitations/{what}"]
            self.ids[f"seats/{what}"] = seat_id(invitation_id, person_id)
            self.say(
                person_id, f"seats/{what}", invitation_id=invitation_id, person_id=person_id, state="accepted",
                message="I sit in the third row.",
            )  # fmt: skip
        self.say(
            PETRA, "visit_requests/asked", requester_id=PETRA, host_id=HANA, message="May I come on Friday?"
        )

    def _visit(self, stage: str) -> None:
        released = (
            {"released_group_ids": [self.ids["groups/studio"], self.ids["groups/pair"]]}
            if stage == "released"
            else {}
        )
        visit_id = self.put(
            f"visits/{stage}", host_id=HANA, observer_ids=[OLGA, OTTO], focus=f"What is {stage} of the third row",
            state="captured" if stage == "drafted" else "shared", **released,
        )  # fmt: skip
        states = {
            "drafted": ["draft"],
            "shared": ["shared"],
            "released": ["released", "retracted", "expired"],
        }
        for state in states[stage]:
            self._note(f"notes/{state}", state, visit_id)
        self.say(HANA, f"debriefs/{stage}", visit_id=visit_id, summary=f"We spoke of what is {stage}.")
        self.say(HANA, f"next_steps/{stage}", visit_id=visit_id, text=f"I try what is {stage}.")
        media_id = self.say(OLGA, f"media/{stage}", visit_id=visit_id, **FILM)
        self.put(f"media/{stage}", state="ready", **MADE)
        self.services.store.put(f"{self.tenant_id}/{media_id}/captions-de.vtt", CAPTIONS, "text/vtt")
        self.say(OLGA, f"comments/{stage}", media_id=media_id, text=f"Look at what is {stage}.", at_ms=5)
        self.put(
            f"read_events/{stage}",
            visit_id=visit_id,
            reader_id=OTTO,
            record_kind="visits",
            record_id=visit_id,
            how="delivered",
        )

    def _note(self, name: str, state: str, visit_id: str) -> None:
        told = {"visit_id": visit_id, "note_kind": "noticing", "at_ms": 7, "text": f"A note that is {state}."}
        self.say(OLGA, name, **told)
        if state == "expired":
            self.put(name, state="expired")
        elif state != "draft":
            self.say(OLGA, name, state="shared")
        for further in {"released": ["released"], "retracted": ["released", "retracted"]}.get(state, []):
            self.say(HANA, name, state=further)

    def _kept(self) -> None:
        about = {"collection": "notes", "record_id": self.ids["notes/draft"], "person_id": OLGA}
        self.put(
            "conflicts/kept",
            field="text",
            kept="The words that stand.",
            other="The words that do not.",
            **about,
        )
        self.put("rejected_writes/kept", problem="not-allowed", payload="Words that were not taken.", **about)

    def _deleted(self) -> None:
        """One of each kind, which everybody could see who sees the first of its kind."""
        visit_id = self.ids["visits/drafted"]
        made = {
            "invitations": {"host_id": HANA, "to_tenant": True},
            "visits": {"host_id": HANA, "observer_ids": [OLGA]},
            "notes": {"visit_id": visit_id, "note_kind": "noticing"},
            "debriefs": {"visit_id": visit_id}, "next_steps": {"visit_id": visit_id},
            "media": {"visit_id": visit_id} | FILM, "comments": {"media_id": self.ids["media/drafted"], "text": "Gone."},
            "read_events": {"visit_id": visit_id, "reader_id": OTTO},
            "people": {"display_name": "Gone"}, "schools": {"name": "Gone"},
            "groups": {"name": "Gone", "group_type": "network"},
            "memberships": {"person_id": PETRA, "group_id": self.ids["groups/studio"]},
            "visit_requests": {"requester_id": PETRA, "host_id": HANA},
            "seats": {"invitation_id": self.ids["invitations/all"], "person_id": self.ids["people/new"], "state": "accepted"},
            "conflicts": {"person_id": OLGA}, "rejected_writes": {"person_id": OLGA},
        }  # fmt: skip
        for collection, fields in made.items():
            record_id = f"{'far-' if self.far else ''}gone-{collection}"
            if collection == "seats":
                record_id = seat_id(self.ids["invitations/all"], self.ids["people/new"])
            self.gone[collection] = put(self.services, self.tenant_id, collection, record_id, **fields)
            self.delete(collection, record_id)
