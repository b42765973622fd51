"""What happens in a world, before anything happens: a list of steps that follows from the seed alone.

Some of it is a mere hubbub; the rest are known bad mornings (a quarrel over one text, a phone restored from its backup),
laid over one another. Each step draws its own chances, so that a history still means something when steps are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

HANA, OLGA, OTTO, NORA, EVA, ANNA = PEOPLE = (
    "hana-host", "olga-observes", "otto-observes", "nora-colleague", "eva-principal", "anna-admin",
)  # fmt: skip
COLLEAGUES = (HANA, OLGA, OTTO, NORA, EVA)
QUESTIONS, NORTH = GROUPS = ("studio-one", "team-north")
PHONES = {
    "hana": HANA,
    "hana2": HANA,
    "olga": OLGA,
    "olga2": OLGA,
    "otto": OTTO,
    "nora": NORA,
    "eva": EVA,
    "anna": ANNA,
}
WRITERS = ("hana", "hana2", "olga", "olga2", "otto", "nora")
STEPS = 30


@dataclass(frozen=True)
class Step:
    """One thing that somebody does, with which phone (or none), and at what it aims, if at something certain."""

    number: int
    what: str
    phone: str = ""
    aim: str = ""


Told = tuple[str, str, str]
"""What, with which phone, aimed at what."""

HUBBUB = {
    "writes a note": 5, "edits a text": 8, "moves a state": 6, "deletes something": 2, "changes the observers": 3,
    "releases the visit": 3, "sets a time": 2, "begins a visit": 2, "begins a debrief": 2, "chooses a next step": 2,
    "opens her door": 2, "changes who is invited": 2, "claims a seat": 2, "asks to come": 1, "answers a request": 1,
    "declares a photo": 3, "comments on a recording": 4, "settles a comment": 1, "joins a group": 2, "leaves a group": 2, "sends nonsense": 1, "writes of a visit unseen": 1,
    "opens what she read": 1,
}  # fmt: skip
"""What people type, offline, with its weight."""
EVENTS = {
    "syncs": 16, "crashes in a sync": 4, "reads by REST": 4, "writes by REST": 1, "asks for digests": 1,
    "what was late arrives": 3,
}  # fmt: skip


def plan(seed: int) -> list[Step]:
    """The steps of this seed's world."""
    chance = Random(f"plan {seed}")
    busy = chance.sample(WRITERS, 3)
    told: list[Told] = []
    while len(told) < STEPS:
        told += _shuffled_in(chance, busy, chance.choice(MORNINGS)(chance))
    return [Step(number, *one) for number, one in enumerate(told, 1)]


def _shuffled_in(chance: Random, busy: Sequence[str], morning: Iterator[Told]) -> Iterator[Told]:
    """A morning's own order stays; hubbub comes between, on the phones that are busy in this world."""
    for one in morning:
        yield one
        if chance.random() < 0.25:
            yield from _hubbub(chance, busy)


def _hubbub(chance: Random, busy: Sequence[str] = WRITERS) -> Iterator[Told]:
    name = chance.choice(busy)
    for what in chance.choices(list(HUBBUB), weights=list(HUBBUB.values()), k=chance.choice((1, 1, 2))):
        yield what, name, ""
    yield chance.choices(list(EVENTS), weights=list(EVENTS.values()))[0], chance.choice((*busy, "eva")), ""


def _quarrel(chance: Random) -> Iterator[Told]:
    """Two phones change the same text."""
    one, other = chance.choice((("hana", "olga"), ("olga", "hana2"), ("hana", "hana2"), ("otto", "olga")))
    hers = ("invitations/invitation-hana",) * (other == "hana2" and one == "hana")
    aim = chance.choice(("visits/visit-hana", "debriefs/debrief-hana", *hers))
    for name in (one, other):
        yield "syncs", name, ""
    for name in (one, other):
        yield "edits a text", name, aim
    if chance.random() < 0.4:
        yield chance.choice(("syncs", "syncs unheard")), one, ""
        yield "syncs at home", other, ""
    else:  # what she sends is merged, and she types on before she hears of it
        yield "syncs at home", other, ""
        yield "syncs unheard", one, ""
        yield "edits a text", one, aim
    yield "syncs", one, ""


def _restored(chance: Random) -> Iterator[Told]:
    """A phone is restored from its backup, and its person types on."""
    name = chance.choice(WRITERS)
    aim = chance.choice(("", "visits/visit-hana", "visits/visit-olga"))
    yield "syncs", name, ""
    if chance.random() < 0.5:
        yield "edits a text", name, aim
    yield "backs up", name, ""
    yield "edits a text", name, aim
    yield "syncs", name, ""
    yield "restores its backup", name, ""
    yield "edits a text", name, aim
    yield "syncs", name, ""


def _crash(chance: Random) -> Iterator[Told]:
    name = chance.choice(WRITERS)
    aim = chance.choice(("", "visits/visit-hana"))
    yield "syncs", name, ""
    for _ in range(2):
        yield "edits a text", name, aim
        yield "writes a note", name, ""
        yield "crashes in a sync", name, ""
    yield "syncs", name, ""


def _sharing(chance: Random) -> Iterator[Told]:
    """Notes go their way from draft to released and back, and the visit's readers change."""
    for name in ("olga", "hana", "otto"):
        yield "syncs", name, ""
    yield "writes a note", "olga", "visits/visit-hana"
    for name in ("olga", "hana", "hana"):
        yield "moves a state", name, "notes"
        yield "syncs", name, ""
    yield "opens what she read", "hana", ""
    yield chance.choice(
        (("changes the observers", "hana", ""), ("releases the visit", "hana", "visits/visit-hana"))
    )
    yield "syncs", "hana", ""
    yield "syncs", chance.choice(("otto", "nora")), ""


def _membership(chance: Random) -> Iterator[Told]:
    name = chance.choice(("olga", "otto", "nora", "hana"))
    yield "syncs", name, ""
    for what in chance.sample(("joins a group", "leaves a group", "joins a group"), 2):
        yield what, name, ""
        yield "syncs", name, ""
    mover = chance.choice(("anna", "nora"))
    yield "syncs", mover, ""
    yield "moves people about", mover, ""
    yield "syncs", mover, ""
    yield "syncs", name, ""


def _in_and_out(chance: Random) -> Iterator[Told]:
    """A phone is away while something leaves its person's group, and while she leaves the group and comes back."""
    group, away, (opens, closes, host), (leaves, returns, mover), aim = chance.choice(IN_AND_OUT)
    yield returns, mover, aim  # for whoever is not in yet
    yield opens, host, group
    for name in (mover, host, away):
        yield "syncs at home", name, ""
    goes, parts, comes_back = (closes, host, group), (leaves, mover, aim), (returns, mover, aim)
    for one in chance.choice(((goes, parts), (goes, parts, comes_back), (parts, goes, comes_back))):
        yield one
        yield "syncs at home", one[1], ""
    yield "syncs", away, ""


def _evaluator(chance: Random) -> Iterator[Told]:
    """Somebody becomes the evaluator of a host, or is one no longer."""
    yield "syncs", "anna", ""
    yield "names an evaluator", "anna", chance.choice(("", OTTO))
    yield "syncs at home", "anna", ""
    yield "syncs", chance.choice(("olga", "otto", "nora", "eva")), ""


def _deleted(chance: Random) -> Iterator[Told]:
    """A note is deleted on one phone, edited on another, and made again by another app."""
    for name in ("olga", "olga2"):
        yield "syncs", name, ""
    yield "deletes something", "olga", "notes"
    yield "edits a text", "olga2", "notes"
    for name in ("olga", "olga2"):
        yield "syncs", name, ""
    yield "makes again what was deleted", "olga", ""


def _held(chance: Random) -> Iterator[Told]:
    """Notes arrive before their visit."""
    yield "syncs", "hana", ""
    yield "begins a visit", "hana", OLGA
    for name in chance.choice((("olga",), ("olga", "otto"), ("olga", "olga2"))):
        yield "writes of a visit unseen", name, ""
        yield "writes of a visit unseen", name, ""
        yield "syncs at home", name, ""
    yield "syncs", "hana", ""
    if chance.random() < 0.5:
        yield "syncs", "olga", ""


def _request(chance: Random) -> Iterator[Told]:
    """Somebody asks whether she may come, and the host answers."""
    name = chance.choice(("olga", "otto", "nora"))
    for one in (name, "hana"):
        yield "syncs", one, ""
    yield "asks to come", name, HANA
    for one in (name, "hana"):
        yield "syncs", one, ""
    yield "answers a request", "hana", ""
    for one in ("hana", name):
        yield "syncs", one, ""


def _later(chance: Random) -> Iterator[Told]:
    """Time passes, and the worker does what is due."""
    yield "what was late arrives", "", ""
    yield chance.choice((("some days pass", "", ""), ("an hour passes", "", "")))
    yield "the worker works", "", ""
    yield "what was late arrives", "", ""


def _server_lost(chance: Random) -> Iterator[Told]:
    """The server goes back to its backup; what was acknowledged since lies on phones only."""
    one, other = chance.sample(WRITERS, 2)
    aim = chance.choice(("", "visits/visit-hana", "visits/visit-olga", "debriefs/debrief-hana"))
    for name in (one, other):
        yield "edits a text", name, aim
        yield "syncs", name, ""
    yield "the server is backed up", "", ""
    yield "edits a text", one, aim
    yield chance.choice(("writes a note", "begins a visit", "deletes something", "moves a state")), one, ""
    for name in (one, other):
        yield "syncs", name, ""
    yield "edits a text", other, aim
    if chance.random() < 0.5:
        yield "syncs", other, ""
    yield "the server is restored", "", ""
    for name in chance.choice(((one, other), (other, one), (other,))):
        yield "edits a text", name, aim
        yield "syncs", name, ""


def _both_lost(chance: Random) -> Iterator[Told]:
    """The server and a phone go back to their backups, each to a moment of its own."""
    name = chance.choice(("hana", "hana2", "olga", "olga2"))
    aim = chance.choice(("visits/visit-hana", "visits/visit-olga", "debriefs/debrief-hana"))
    yield "syncs", name, ""
    yield "backs up", name, ""
    yield "edits a text", name, aim
    yield "syncs at home", name, ""
    yield "the server is backed up", "", ""
    if chance.random() < 0.5:
        yield "edits a text", name, aim
        yield "syncs", name, ""
    yield from chance.sample((("restores its backup", name, ""), ("the server is restored", "", "")), 2)
    yield "syncs", name, ""


def _long_away(chance: Random) -> Iterator[Told]:
    """A phone lies in a drawer until the tombstones that it never read are thrown away."""
    away, active = chance.choice((("olga2", "olga"), ("hana2", "hana"), ("otto", "hana"), ("nora", "olga")))
    yield "writes a note", active, ""
    for name in (active, away):
        yield "syncs", name, ""
    yield (
        chance.choice(("leaves a group", "changes the observers", "releases the visit", "moves a state")),
        active,
        "",
    )
    yield "deletes something", active, ""
    yield "syncs", active, ""
    yield "edits a text", away, ""
    yield "the worker works", "", ""
    yield "a long time passes", "", ""
    for _ in range(2):
        yield "syncs", active, ""
        yield "the worker works", "", ""
    for _ in range(2):
        yield "syncs", away, ""


def _lost_phone(chance: Random) -> Iterator[Told]:
    """A phone is taken off the account; whoever has it syncs."""
    one, other = chance.choice((("hana", "hana2"), ("olga", "olga2"), ("olga2", "olga")))
    for name in (one, other):
        yield "syncs", name, ""
    yield "writes a note", other, ""
    yield "takes another phone off", one, ""
    for _ in range(2):
        yield "syncs", other, ""


_HERSELF, _MOVED = ("leaves a group", "joins a group"), ("moves people about", "moves people about")
_DOOR, _VISIT = ("opens her door", "changes who is invited"), ("releases the visit", "releases the visit")
IN_AND_OUT = (
    (QUESTIONS, "olga", (*_DOOR, "hana"), (*_HERSELF, "olga2"), QUESTIONS),
    (QUESTIONS, "olga2", (*_DOOR, "hana"), (*_HERSELF, "olga"), QUESTIONS),
    (NORTH, "otto", (*_VISIT, "olga"), (*_MOVED, "nora"), OTTO),
)
"""The group, a phone that is away, how and on which phone something is shown to the group and no more, and how somebody
leaves and returns."""
MORNINGS: tuple[Callable[[Random], Iterator[Told]], ...] = (
    _hubbub, _hubbub, _lost_phone, _quarrel, _quarrel, _quarrel, _restored, _restored, _crash, _crash, _sharing, _sharing,
    _membership, _in_and_out, _in_and_out, _in_and_out, _evaluator, _deleted, _held, _held, _later, _later, _request, _server_lost, _server_lost, _both_lost, _both_lost, _long_away, _long_away, _lost_phone,
)  # fmt: skip
