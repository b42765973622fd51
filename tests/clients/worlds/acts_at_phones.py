"""What people do with their phones in their hands, with or without a network."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.clients.phone import Row
from tests.clients.rxdb_phones import RxdbPhone, schemas_of
from tests.clients.school import HANA, OLGA
from tests.clients.watermelon_phones import WatermelonPhone, schema_of
from tests.clients.worlds.world import GIVEN, HERS, LED, NEW, World
from tests.simulation.truth import WORD

AnyPhone = RxdbPhone | WatermelonPhone
FREE_TEXT = {"visits": "focus", "notes": "text", "debriefs": "summary"}
MOMENT = {RxdbPhone: "2026-11-23T09:00:00.000Z", WatermelonPhone: 1_795_424_400_000}


def pick(world: World, chance: Random) -> tuple[str, AnyPhone]:
    return chance.choice(list(world.phones.items()))


def _some(phone: AnyPhone, collection: str, chance: Random) -> Row | None:
    """One of the records on the phone."""
    held = phone.all(collection) if collection in phone.names else {}
    return held[chance.choice(sorted(held))] if held else None


def _edits(name: str, phone: AnyPhone, collection: str, record_id: str, **fields: Any) -> str | None:
    done = phone.edit(collection, record_id, **fields)
    return f"{name}: writes {fields} into {record_id}" if done else None


def both_hold(collection: str, one: AnyPhone, other: AnyPhone) -> list[str]:
    held = [set(each.all(collection)) if collection in each.names else set() for each in (one, other)]
    return sorted(held[0] & held[1])


def adds_a_word(world: World, chance: Random) -> str | None:
    """At the end of a text, or at its beginning."""
    name, phone = pick(world, chance)
    collection = chance.choice(("visits", "visits", "notes", "notes", "debriefs"))
    record = _some(phone, collection, chance)
    return record and adds_word_to(world, chance, name, collection, record["id"])


def adds_word_to(world: World, chance: Random, name: str, collection: str, record_id: str) -> str | None:
    field, word = FREE_TEXT[collection], world.word()
    record = world.phones[name].get(collection, record_id)
    text = " ".join([str((record or {}).get(field) or ""), word][:: chance.choice((1, -1))]).strip()
    done = record and _edits(name, world.phones[name], collection, record_id, **{field: text})
    if not done:
        world.typed.discard(word)
    return done or None


def takes_a_note(world: World, chance: Random) -> str:
    """Of a visit that she may see or not, or that nobody has made yet."""
    name, phone = pick(world, chance)
    word = world.word()
    visit = chance.choice((GIVEN, LED, LED, HERS, HERS, "visit-to-come"))
    phone.put("notes", f"note-{word}", visit_id=visit, note_kind="noticing", text=word, at_ms=1000)
    return f"{name}: takes note-{word} of {visit}"


def makes_a_visit(world: World, chance: Random) -> str | None:
    """The one of which notes may wait already; once."""
    name = chance.choice([name for name in world.phones if name.startswith("hana")])
    phone = world.phones[name]
    if world.made:
        return None
    world.made, word = True, world.word()
    guests: Any = [OLGA] if isinstance(phone, RxdbPhone) else f'["{OLGA}"]'
    phone.put("visits", "visit-to-come", host_id=HANA, observer_ids=guests, focus=word)
    return f"{name}: makes visit-to-come, {word}"


def moves_a_note_on(world: World, chance: Random) -> str | None:
    """Shares it or releases it, whosever it is."""
    name, phone = pick(world, chance)
    note = _some(phone, "notes", chance)
    state = chance.choice(("shared", "shared", "released", "retracted"))
    return note and _edits(name, phone, "notes", note["id"], state=state)


def clears_a_field(world: World, chance: Random) -> str | None:
    name, phone = pick(world, chance)
    note = _some(phone, "notes", chance)
    return note and _edits(name, phone, "notes", note["id"], at_ms=None)


def plans_a_visit(world: World, chance: Random) -> str | None:
    """On a phone whose app knows the field; back and forth."""
    name, phone = pick(world, chance)
    visit = _some(phone, "visits", chance) if "debriefs" in phone.names else None
    moment = chance.choice((MOMENT[type(phone)], None))
    return visit and _edits(name, phone, "visits", visit["id"], planned_at=moment)


def deletes_a_note(world: World, chance: Random) -> str | None:
    """What it says on her phone she has taken back."""
    name, phone = pick(world, chance)
    note = _some(phone, "notes", chance)
    return note and deletes(world, name, note["id"])


def deletes(world: World, name: str, note_id: str) -> str | None:
    note = world.phones[name].get("notes", note_id)
    if note is None or not world.phones[name].remove("notes", note_id):
        return None
    world.typed -= set(WORD.findall(str(note["text"])))
    return f"{name}: deletes {note_id}"


def is_killed(world: World, chance: Random) -> str | None:
    name, phone = pick(world, chance)
    if phone is world.busy:
        return None
    phone.restart()
    return f"{name}: is killed and started again"


def gets_the_next_version(world: World, chance: Random) -> str | None:
    name, phone = pick(world, chance)
    if phone is world.busy or "debriefs" in phone.names:
        return None
    if isinstance(phone, RxdbPhone):
        phone.upgrade(schemas_of(world.school.server, 1, *NEW))
    else:
        phone.upgrade(schema_of(world.school.server, 2, *NEW))
    return f"{name}: gets the next version of its app"
