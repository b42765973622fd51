"""What happens while phones sync: messages are lost, answers keep them waiting, and people type on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.clients.rxdb_phones import RxdbPhone
from tests.clients.school import OLGA
from tests.clients.worlds.acts_at_phones import (
    FREE_TEXT,
    adds_a_word,
    adds_word_to,
    both_hold,
    deletes,
    moves_a_note_on,
    pick,
    takes_a_note,
)
from tests.clients.worlds.acts_at_school import names_an_observer
from tests.clients.worlds.world import HERS, LED, World


def has_a_network(world: World, chance: Random) -> str:
    """RxDB sends and reads from now on by itself."""
    name, phone = pick(world, chance)
    online = chance.random() < 0.5
    phone.go(online=online)
    return f"{name}: is {'online' if online else 'offline'}"


def syncs(world: World, chance: Random) -> str | None:
    name, phone = pick(world, chance)
    return None if phone is world.busy else _syncs(world, name)


def _syncs(world: World, name: str) -> str:
    """To the end, however often messages are lost."""
    phone = world.phones[name]
    phone.go(online=True)
    while phone.fails_to_sync():
        world.tell(f"{name}: tries to sync, and a message is lost")
    phone.go(online=False)
    return f"{name}: syncs"


Wait = tuple[int, str | None]
"""Which answer is waited for: the nth to this method, or to any."""


def _some_answer(chance: Random) -> Wait:
    method = chance.choice((None, "GET", "POST"))
    return chance.randint(1, 2 if method == "POST" else 4), method


def _syncs_halfway(
    world: World, chance: Random, name: str, meanwhile: Callable[[], object], wait: Wait | None = None
) -> str:
    """An answer keeps the phone waiting; something happens meanwhile; then it arrives, or is lost."""
    phone, (nth, method) = world.phones[name], wait or _some_answer(chance)
    world.busy = phone
    phone.go(online=True)
    held = phone.sync_until(nth, method)
    world.tell(
        f"{name}: begins to sync" + (f", and waits for answer {nth} ({method or 'any'})" if held else "")
    )
    meanwhile()
    if isinstance(phone, RxdbPhone):
        phone.poke()
    lost = held and chance.random() < 0.3
    failed = phone.go_on(lost=lost)
    phone.go(online=False)
    world.busy = None
    return f"{name}: {'loses the answer' if lost else 'goes on'}, and {'gives up' if failed else 'ends its sync'}"


def syncs_while_things_happen(world: World, chance: Random) -> str:
    """People type on, here and elsewhere."""
    name, _ = pick(world, chance)

    def meanwhile() -> None:
        for act in chance.choices(_MEANWHILE, k=chance.randint(1, 3)):
            if said := act(world, chance):
                world.tell(f"meanwhile {said}")

    return _syncs_halfway(world, chance, name, meanwhile)


def meets_another(world: World, chance: Random) -> str | None:
    """Two phones write the same record, one of them in the middle of a sync."""
    (name, phone), (other_name, other) = chance.sample(list(world.phones.items()), 2)
    shared = [(each, record_id) for each in FREE_TEXT for record_id in both_hold(each, phone, other)]
    if not shared:
        return None
    collection, record_id = chance.choice(shared)

    def types() -> None:
        world.tell(adds_word_to(world, chance, name, collection, record_id))

    def other_types() -> None:
        world.tell(adds_word_to(world, chance, other_name, collection, record_id))
        world.tell(_syncs(world, other_name))

    acts = [types, other_types] + [types] * chance.randint(0, 1)
    for act in acts[: (before := chance.randint(0, 2))]:
        act()
    return _syncs_halfway(world, chance, name, lambda: [act() for act in acts[before:]])


def types_into_what_goes(world: World, chance: Random) -> str | None:
    """Her other phone deletes a note, or she is taken out of a visit; and she types on, in the middle of the sync that says so."""
    name, phone = pick(world, chance)
    twin = next(n for n, p in world.phones.items() if p.person_id == phone.person_id and p is not phone)
    notes, visit = both_hold("notes", phone, world.phones[twin]), LED if phone.person_id == OLGA else HERS
    if notes and chance.random() < 0.6:
        collection, record_id = "notes", chance.choice(notes)
        world.tell(deletes(world, twin, record_id))
        world.tell(_syncs(world, twin))
    elif phone.get("visits", visit):
        collection, record_id = "visits", visit
        world.put("visits", visit, observer_ids=[])
        world.tell(f"{visit} is observed by [] now")
    else:
        return None
    typed = adds_word_to(world, chance, name, collection, record_id) if chance.random() < 0.3 else None
    world.tell(typed)
    wait = chance.choice(((1, "GET"), (1, "GET"), None))  # mostly the page that says so
    return _syncs_halfway(
        world,
        chance,
        name,
        lambda: world.tell(adds_word_to(world, chance, name, collection, record_id)),
        wait,
    )


_MEANWHILE = (adds_a_word, adds_a_word, takes_a_note, moves_a_note_on, syncs, syncs, names_an_observer)
