"""Another app of the same person, which reads and writes by REST; it is a device of its own."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from sync.client import Request
from tests.builders import sign_in
from tests.simulation.ledger import Typed
from tests.simulation.oracle import Key
from tests.simulation.plan import PHONES, Step
from tests.simulation.truth import WORD

if TYPE_CHECKING:
    from tests.simulation.world import World

KINDS = ("notes", "notes", "visits", "media", "invitations", "memberships", "conflicts")


def read(world: World, step: Step, chance: Random) -> str:
    kind = chance.choice(KINDS)
    ids = sorted(world.server.truth.rows[kind])
    paths = [f"/v1/{kind}?limit=200"]
    if ids:
        paths += [f"/v1/{kind}/{chance.choice(ids)}"] * 2
        paths += [f"/v1/{kind}/{chance.choice(ids)}/history"] if kind != "conflicts" else []
    for path in paths:
        _ask(world, step, "GET", path)
    return f"reads by REST: {', '.join(paths)}"


def write(world: World, step: Step, chance: Random) -> str | None:
    """It changes a text, which it has read just before."""
    visible = world.server.truth.oracle.visible[PHONES[step.phone]]
    visits = sorted(record_id for kind, record_id in visible if kind == "visits")
    if not visits:
        return None
    visit, word = chance.choice(visits), f"w{step.number:04}"
    text = f"{visible['visits', visit]['focus'] or ''} {word}".strip()
    return _write(world, step, ("visits", visit), ("PATCH", f"/v1/visits/{visit}", {"focus": text}))


def make_again(world: World, step: Step, chance: Random) -> str | None:
    """It posts a record under an id that was deleted."""
    dead = sorted(record_id for kind, record_id in world.server.truth.dead if kind == "notes")
    if not dead:
        return None
    note_id, word = chance.choice(dead), f"w{step.number:04}"
    said = {"id": note_id, "visit_id": "visit-hana", "note_kind": "quote", "text": word}
    return _write(world, step, ("notes", note_id), ("POST", "/v1/notes", said))


def _write(world: World, step: Step, key: Key, asked: tuple[str, str, dict[str, str]]) -> str:
    taken = _ask(world, step, *asked)
    if taken:
        typed = Typed(key, key[0] == "visits", "another app", PHONES[step.phone])
        for word in WORD.findall(str(asked[2])):
            world.ledger.typed.setdefault(word, typed)
    return f"{'has' if taken else 'in vain has'} another app {asked[0]} {asked[1]} {asked[2]}"


def _ask(world: World, step: Step, method: str, path: str, said: Any = None) -> bool:
    person, device = PHONES[step.phone], f"app-of-{step.phone}"
    token = sign_in(world.services, world.server.tenant, person, device)
    headers = {"Authorization": f"Bearer {token}", "X-Device-Id": device}
    body = None if said is None else json.dumps(said).encode()
    headers |= {"Content-Type": "application/json"} if body else {}
    return world.server.answer(person, Request(method, path, headers, body)).status < 300
