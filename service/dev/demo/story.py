"""One lesson, from the invitation to what was tried, with every number checked on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from schemas.records.seats import seat_id
from service.dev.demo.cast import OUTSIDE, Cast
from service.dev.demo.checks import Checks, Fault
from service.dev.demo.lessons import Lesson
from service.dev.demo.photo import Photo, take, tells_a_place
from service.dev.district import STUDIO_ID
from sync.client.errors import Declined
from sync.clock import stamp

INSTRUMENT = "fill-plus@1"
PATIENCE_S = 60
_FIRST_DAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass(slots=True)
class Story:
    """A lesson under way: who plays, what must hold, and the records as they come."""

    lesson: Lesson
    number: int
    cast: Cast
    checks: Checks
    invitation: str = ""
    visit: str = ""
    photo: str = ""
    notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    photo_taken: Photo | None = None
    cues: int = 0

    @property
    def mark(self) -> str:
        """Words that stand in everything typed about this lesson, and nowhere else."""
        return f"lesson {self.lesson.name} no. {self.number}"

    @property
    def starts_at(self) -> datetime:
        """One lesson a day."""
        return _FIRST_DAY + timedelta(days=self.number)

    def live(self) -> None:
        """The whole of it."""
        for step in (
            invite,
            accept,
            visit,
            arrive,
            upload,
            keep_drafts_apart,
            share,
            release,
            talk,
            try_it,
            keep_out,
        ):
            step(self)


def invite(story: Story) -> None:
    """The host opens her door, in a room without network."""
    host, observer = story.cast["host"], story.cast["observer"]
    ends_at = story.starts_at + timedelta(milliseconds=story.lesson.length_ms)
    about = {
        "host_id": host.person_id,
        "school_id": "school-hill",
        "people_ids": [observer.person_id],
        "seats": 1,
    }
    when = {"starts_at": stamp(story.starts_at), "ends_at": stamp(ends_at)}
    with host.offline() as phone:
        words = {"look_for": f"Who speaks, and for how long? ({story.mark})", "next_steps_welcome": True}
        story.invitation = phone.put("invitations", None, about | when | words | {"state": "open"})
    host.sync()


def accept(story: Story) -> None:
    """The observer finds the open door on her phone and takes the seat."""
    observer = story.cast["observer"]
    observer.sync()
    found = observer.phone.get("invitations", story.invitation)
    story.checks.equal("the invitation on the observer's phone", found and found["state"], "open", Fault.LOST)
    mine = seat_id(story.invitation, observer.person_id)
    seat = {"invitation_id": story.invitation, "person_id": observer.person_id, "state": "accepted"}
    with observer.offline() as phone:
        phone.put("seats", mine, seat)
    observer.sync()
    held = observer.phone.get("seats", mine)
    story.checks.equal("the seat", held and held["state"], "accepted", Fault.LOST)


def visit(story: Story) -> None:
    """She visits offline: the codes at their times, a few typed notes, one photo."""
    observer = story.cast["observer"]
    who = {"host_id": story.cast["host"].person_id, "observer_ids": [observer.person_id]}
    begun = {"invitation_id": story.invitation, "started_at": stamp(story.starts_at), "state": "under_way"}
    with observer.offline() as phone:
        story.visit = phone.put("visits", None, who | begun | {"focus": f"Talk ({story.mark})"})
        for fields in _noticed(story):
            story.notes[phone.put("notes", None, {"visit_id": story.visit} | fields)] = fields
        _photograph(story)
        ended_at = story.starts_at + timedelta(milliseconds=story.lesson.length_ms)
        phone.put("visits", story.visit, {"state": "captured", "ended_at": stamp(ended_at)})


def _noticed(story: Story) -> list[dict[str, Any]]:
    coded = [
        {"note_kind": "code", "code": moment.code, "instrument": INSTRUMENT, "at_ms": moment.at_ms}
        for moment in story.lesson.timeline.moments
    ]
    third = story.lesson.length_ms // 3
    typed = [
        {
            "note_kind": "noticing",
            "text": f"Four tables argue about the second case. ({story.mark})",
            "at_ms": third,
        },
        {
            "note_kind": "quote",
            "text": f"“¿Y si lo probamos al revés?” ({story.mark})",
            "at_ms": third + 4_000,
        },
        {
            "note_kind": "wondering",
            "text": f"What would a longer pause bring? ({story.mark})",
            "at_ms": 2 * third,
        },
    ]
    return coded + typed


def _photograph(story: Story) -> None:
    phone = story.cast["observer"].phone
    story.photo_taken = take(story.number)
    typed = next(note for note, fields in story.notes.items() if fields["note_kind"] == "noticing")
    where = {"visit_id": story.visit, "note_id": typed, "at_ms": story.lesson.length_ms // 3}
    story.photo = phone.put("media", None, where | story.photo_taken.declared())


def arrive(story: Story) -> None:
    """Her phone syncs through a network that loses every fifth answer and repeats requests."""
    observer = story.cast["observer"]
    observer.network.bad = True
    observer.sync()
    observer.network.bad = False
    story.checks.equal("changes that wait on her phone", observer.phone.pending(), 0, Fault.LOST)
    story.checks.equal("changes that were refused", list(observer.phone.refused()), [], Fault.LOST)


def upload(story: Story) -> None:
    """The photo goes to the object store, and is checked there before anybody can have it."""
    observer, photo = story.cast["observer"], story.photo_taken
    assert photo is not None
    plan = observer.phone.ask("POST", f"/v1/media/{story.photo}/upload")
    httpx.request(plan["method"], plan["url"], headers=plan["headers"], content=photo.data).raise_for_status()
    observer.phone.ask("POST", f"/v1/media/{story.photo}/complete", {})
    until = time.monotonic() + PATIENCE_S
    state = None
    while state not in ("ready", "quarantined") and time.monotonic() < until:
        time.sleep(0.1)
        observer.sync()
        state = (observer.phone.get("media", story.photo) or {}).get("state")
    story.checks.equal("the photo", state, "ready", Fault.LOST)


def keep_drafts_apart(story: Story) -> None:
    """Nobody but the observer has a word of it; the host knows only how many notes wait."""
    host, lead = story.cast["host"], story.cast["lead"]
    for player in (host, lead):
        player.sync()
        drafts = [note["id"] for note in player.phone.list("notes", {"visit_id": story.visit})]
        story.checks.unseen(player.role, "drafts", drafts)
    story.checks.unseen("lead", "anything of the visit", lead.holds(story.mark))
    pending = host.phone.ask("GET", f"/v1/visits/{story.visit}/pending")["items"]
    story.checks.equal(
        "drafts that the host is told of", [item["count"] for item in pending], [len(story.notes)]
    )


def share(story: Story) -> None:
    """The observer shares; the host has every note, as it was typed, and the photo without its place."""
    host, lead = story.cast["host"], story.cast["lead"]
    story.cast["observer"].phone.ask("POST", f"/v1/visits/{story.visit}/share")
    host.sync()
    arrived = {note["id"]: note for note in host.phone.list("notes", {"visit_id": story.visit})}
    story.checks.equal("the notes that the host has", arrived.keys(), story.notes.keys(), Fault.LOST)
    for note_id, fields in story.notes.items():
        held = {name: arrived.get(note_id, {}).get(name) for name in fields}
        story.checks.equal(f"note {note_id}", held, dict(fields), Fault.LOST)
    lead.sync()
    story.checks.unseen("lead", "notes that were not released", lead.holds(story.mark))
    link = host.phone.ask("GET", f"/v1/media/{story.photo}/link")["url"]
    photo = httpx.get(link).raise_for_status().content
    story.checks.unseen("host", "where the photo was taken", tells_a_place(photo))


def release(story: Story) -> None:
    """The host releases to the studio; its lead reads the notes, the text track and how the time was spent."""
    lead = story.cast["lead"]
    story.cast["host"].phone.ask("POST", f"/v1/visits/{story.visit}/release", {"group_ids": [STUDIO_ID]})
    lead.sync()
    released = {note["id"] for note in lead.phone.list("notes", {"visit_id": story.visit})}
    story.checks.equal("the notes that the studio has", released, set(story.notes), Fault.LOST)
    track = lead.phone.fetch(f"/v1/visits/{story.visit}/notes.vtt").decode()
    story.cues = track.count(" --> ")
    story.checks.equal("cues of the text track", story.cues, len(story.notes))
    story.checks.equal("typed words in the track", track.count(story.mark), 3, Fault.LOST)
    coded = lead.phone.ask("GET", f"/v1/visits/{story.visit}/time")["items"]
    spent = {code["code"]: code for code in coded[0]["codes"]} if coded else {}
    story.checks.equal(
        "milliseconds per code", {name: code["ms"] for name, code in spent.items()}, story.lesson.totals_ms
    )
    for name, share_of_time in story.lesson.shares.items():
        found = spent.get(name, {}).get("share", -1)
        story.checks.equal(f"share of {name}", found, round(float(share_of_time), 6))


def talk(story: Story) -> None:
    """They talk; both write the summary, offline, and nothing of it is lost."""
    host, observer = story.cast["host"], story.cast["observer"]
    debrief = f"debrief-{story.visit}"
    first, second = f"We heard more questions than we thought. ({story.mark})", "Pauses were short."
    with host.offline() as phone:
        about = {"visit_id": story.visit, "protocol": "two-truths", "minutes": 25, "state": "held"}
        phone.put("debriefs", debrief, about | {"summary": first})
    host.sync()
    observer.sync()
    for player, text in ((host, f"Together: {first}"), (observer, f"{first} {second}")):
        with player.offline() as phone:
            phone.put("debriefs", debrief, {"summary": text})
    for player in (host, observer, host):
        player.sync()
    found = (host.phone.get("debriefs", debrief) or {}).get("summary")
    story.checks.equal("the summary that both wrote", found, f"Together: {first} {second}", Fault.LOST)


def try_it(story: Story) -> None:
    """The host chooses one next step and marks it tried; the observer learns of it."""
    host, observer = story.cast["host"], story.cast["observer"]
    with host.offline() as phone:
        words = f"Count to five after each question. ({story.mark})"
        step = phone.put("next_steps", None, {"visit_id": story.visit, "text": words, "state": "chosen"})
    host.sync()
    with host.offline() as phone:
        tried_at = stamp(story.starts_at + timedelta(days=2))
        phone.put("next_steps", step, {"state": "tried", "tried_at": tried_at})
    host.sync()
    observer.sync()
    found = observer.phone.get("next_steps", step)
    story.checks.equal("the next step", found and found["state"], "tried", Fault.LOST)


def keep_out(story: Story) -> None:
    """Colleague, principal, evaluator, coach and a stranger of another district find nothing, on their phones or by asking."""
    asked = [
        f"/v1/visits/{story.visit}",
        f"/v1/visits/{story.visit}/notes.vtt",
        f"/v1/visits/{story.visit}/time",
    ]
    asked += [f"/v1/notes/{next(iter(story.notes))}", f"/v1/media/{story.photo}/link"]
    asked += [f"/v1/invitations/{story.invitation}", f"/v1/notes/{next(iter(story.notes))}/history"]
    for role in OUTSIDE:
        player = story.cast[role]
        player.sync()
        story.checks.unseen(role, "what was typed", player.holds(story.mark))
        for path in asked:
            story.checks.unseen(role, path, _answer(player.phone.fetch, path))


def _answer(fetch: Any, path: str) -> bytes | None:
    try:
        found: bytes = fetch(path)
    except Declined as declined:
        return None if declined.status == 404 else str(declined).encode()
    return found
