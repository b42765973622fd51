"""Random worlds of real phones: whatever is lost, granted, revoked and moved, at rest all are right and no word is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from sync.server import deadlines
from sync.server.dialects import rxdb as dialect
from sync.server.push import Door, _Push
from tests.clients.driver import Pool
from tests.clients.rxdb_phones import RxdbPhone
from tests.clients.school import HANA, OLGA, School

WORLDS = 20
STEPS = 40
GROUP, SHARED, MOVED = "group-0001", "visit-shared", "visit-moved"
Action = Callable[["World"], None]
Plant = Callable[[pytest.MonkeyPatch], None]


class World:
    """Two people with two phones each, one team that Olga enters and leaves, and one visit that she is let into and out of."""

    def __init__(self, school: School, rxdb: Pool, seed: int) -> None:
        self.school, self.rng, self.numbers = school, Random(seed), count(1)
        school.put("groups", GROUP, name="Team six", group_type="team", lead_id=HANA)
        released = {"released_group_ids": [GROUP], "state": "captured"}
        school.put("visits", SHARED, host_id=HANA, observer_ids=[], focus="shared", **released)
        school.put("visits", MOVED, host_id=HANA, observer_ids=[OLGA], focus="moved", state="captured")
        self.member: str | None = None
        self.typed: set[str] = set()
        self.phones = [RxdbPhone(rxdb, school, person) for person in (HANA, OLGA, HANA, OLGA)]
        for phone in self.phones:
            phone.sync()
            phone.lose(0.3, self.rng.randrange(2**31))

    def live(self) -> None:
        """One thing happens."""
        self.rng.choices(list(ACTIONS), list(ACTIONS.values()))[0](self)

    # at a phone

    def type_into_a_visit(self) -> None:
        """Someone adds a word to a visit, at its start or its end."""
        phone = self.rng.choice(self.phones)
        self._add_word(phone, "visits", "focus")

    def type_into_a_note(self) -> None:
        """Someone adds a word to one of the notes on her phone."""
        self._add_word(self.rng.choice(self.phones), "notes", "text")

    def take_a_note(self) -> None:
        """Someone notes a word, in a visit that may be open to her or not."""
        phone, number = self.rng.choice(self.phones), next(self.numbers)
        fields = {"note_kind": "noticing", "text": self._word(), "at_ms": number}
        phone.put("notes", f"note-{number:04}", visit_id=self.rng.choice((SHARED, MOVED)), **fields)

    def share_a_note(self) -> None:
        """Someone shares a note, hers or not."""
        self._change_a_note(state="shared")

    def clear_a_field(self) -> None:
        """Someone says that a note has no moment."""
        self._change_a_note(at_ms=None)

    def delete_a_note(self) -> None:
        """Someone deletes a note; what it says on her phone she has taken back."""
        phone = self.rng.choice(self.phones)
        for note in self._some(phone, "notes"):
            self.typed -= set(str(note.get("text")).split())
            phone.remove("notes", note["id"])

    def kill_an_app(self) -> None:
        self.rng.choice(self.phones).restart()

    def lose_the_network(self) -> None:
        self.rng.choice(self.phones).go(online=False)

    def find_the_network(self) -> None:
        self.rng.choice(self.phones).go(online=True)

    def sync(self) -> None:
        """A phone finds the network, and sends and reads everything."""
        phone = self.rng.choice(self.phones)
        phone.go(online=True)
        phone.sync()

    # at the school

    def let_in_or_out(self) -> None:
        """Olga enters the team, or leaves it."""
        if self.member is None:
            self.member = f"member-{next(self.numbers):04}"
            self.school.put("memberships", self.member, person_id=OLGA, group_id=GROUP, state="enrolled")
        else:
            self.school.put("memberships", self.member, state="left")
            self.member = None

    def move(self) -> None:
        """Olga is named as an observer, or no more."""
        observers = self.school.seen(HANA, "visits")[MOVED]["observer_ids"]
        self.school.put("visits", MOVED, observer_ids=[] if observers else [OLGA])

    # at the end

    def come_to_rest(self) -> None:
        """Everybody has a good network, and what waited for too long is given back."""
        for phone in self.phones:
            phone.lose(0)
            phone.go(online=True)
            phone.sync()
        services = self.school.services
        with services.database.begin(self.school.tenant_id) as connection:
            later = services.now() + timedelta(days=6)
            deadlines.give_up(connection, services.door, self.school.tenant_id, later)
        for phone in self.phones * 2:
            phone.sync()

    def missing(self) -> set[str]:
        """Words that were typed and are nowhere: in no record, no history, no conflict and no rejected write."""
        kept = text(
            "SELECT body FROM sync_document WHERE tenant_id = :tenant AND body IS NOT NULL "
            "UNION ALL SELECT body FROM sync_history WHERE tenant_id = :tenant AND body IS NOT NULL"
        )
        with self.school.services.database.begin(self.school.tenant_id) as connection:
            bodies = " ".join(connection.execute(kept, {"tenant": self.school.tenant_id}).scalars())
        return {word for word in self.typed if word not in bodies}

    def close(self) -> None:
        """Give the phones back."""
        for phone in self.phones:
            phone.close()

    def _add_word(self, phone: RxdbPhone, collection: str, field: str) -> None:
        for record in self._some(phone, collection):
            words = [str(record.get(field) or ""), self._word()]
            phone.put(collection, record["id"], **{field: " ".join(words[:: self.rng.choice((1, -1))])})

    def _change_a_note(self, **fields: Any) -> None:
        phone = self.rng.choice(self.phones)
        for note in self._some(phone, "notes"):
            phone.put("notes", note["id"], **fields)

    def _some(self, phone: RxdbPhone, collection: str) -> list[dict[str, Any]]:
        held = sorted(phone.all(collection).values(), key=lambda record: str(record["id"]))
        return [self.rng.choice(held)] if held else []

    def _word(self) -> str:
        word = f"w{next(self.numbers)}w"
        self.typed.add(word)
        return word


def live_and_look(world: World) -> int:
    """Live a world, and look at it when it has come to rest; returns how many answers were lost."""
    for _ in range(STEPS):
        world.live()
    lost = sum(phone.lost for phone in world.phones)
    world.come_to_rest()
    assert world.missing() == set()
    for phone in world.phones:
        assert (phone.name, phone.differences()) == (phone.name, {})
        assert phone.is_right()
    return lost


ACTIONS: dict[Action, int] = {
    World.type_into_a_visit: 8,
    World.type_into_a_note: 5,
    World.take_a_note: 5,
    World.share_a_note: 2,
    World.clear_a_field: 1,
    World.delete_a_note: 1,
    World.kill_an_app: 1,
    World.lose_the_network: 3,
    World.find_the_network: 3,
    World.sync: 8,
    World.let_in_or_out: 3,
    World.move: 2,
}


@pytest.fixture
def world(school: School, rxdb: Pool, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(school, rxdb, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("world", range(WORLDS), indirect=True)
def test_at_rest_all_are_right_and_no_word_is_missing(
    world: World, record_property: Callable[[str, Any], None]
) -> None:
    lost = live_and_look(world)
    record_property("model", {"words typed on real phones": len(world.typed), "lost answers": lost})


def never_correct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ever answered to a push."""
    monkeypatch.setattr(dialect, "answer", lambda outcome, *, deleted=False: None)


def never_tell_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pull brought too early is never sent again, nor is a phone told that its held change was refused."""
    monkeypatch.setattr(Door, "tell", lambda self, connection, actor, keys: None)


def forget_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused is not kept."""
    monkeypatch.setattr(_Push, "_keep_write", lambda self, actor, change, problem: None)


@pytest.mark.parametrize("plant", [never_correct, never_tell_again, forget_refused])
def test_a_planted_fault_is_found(
    school: School, rxdb: Pool, monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        live_some(school, rxdb)


def live_some(school: School, rxdb: Pool) -> None:
    """Live up to as many worlds as are lived without a fault."""
    for seed in range(WORLDS):
        world = World(School(school.app, school.server), rxdb, seed)
        try:
            live_and_look(world)
        finally:
            world.close()
