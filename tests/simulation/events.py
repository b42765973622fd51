"""What happens between phones and the server, and with time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from service.records import expiry, read_log
from sync.client import Declined, SignInRequired, Unreachable
from sync.server import deadlines
from sync.server.actor import system_actor
from tests.simulation import promises
from tests.simulation.ledger import Typed
from tests.simulation.network import WEATHERS
from tests.simulation.phone import Phone
from tests.simulation.plan import Step
from tests.simulation.truth import WORD
from tests.sync.client.fuse import Crash

if TYPE_CHECKING:
    from tests.simulation.world import World

Event = Callable[["World", Step, Random], str | None]


def sync_whole(world: World, phone: Phone) -> str:
    """One sync, and a look at what it left on the phone."""
    try:
        report = phone.client.sync()
    except Unreachable as lost:
        return f"cannot sync: {lost}"
    except SignInRequired:
        phone.good_weather()
        phone.sign_in(world.services)
        return "must sign in anew"
    promises.phone_is_right(world.server, phone, f"{phone.name} synced")
    return f"syncs: {report.pushed} sent, {report.pulled} read, {report.rejected} rejected, {report.pending} left"


def sync(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    phone.under(chance.choice(WEATHERS), chance)
    if chance.random() < 0.3:
        return _sync_with_another(world, phone, chance)
    return sync_whole(world, phone)


def _sync_with_another(world: World, phone: Phone, chance: Random) -> str:
    """While this phone waits for its next page, another one syncs."""
    others = [other for name, other in world.phones.items() if name != phone.name]
    other = chance.choice(others) if others else phone
    said: list[str] = []

    def meanwhile() -> None:
        other.good_weather()
        said.append(f"; meanwhile {other.name} {sync_whole(world, other)}")

    phone.air.meanwhile = meanwhile if others else None
    done = sync_whole(world, phone)
    phone.air.meanwhile = None
    return done + "".join(said)


def crash(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    phone.under(chance.choice(WEATHERS), chance)
    length = chance.randint(0, 14)
    try:
        with world.fuse.lit(length):
            return sync_whole(world, phone)
    except Crash:
        phone.close()
        return f"crashes in a sync, at its moment {length}"


def back_up(world: World, step: Step, chance: Random) -> str:
    world.phone(step.phone).back_up()
    return "is backed up"


def restore(world: World, step: Step, chance: Random) -> str | None:
    phone = world.phone(step.phone)
    if phone.backup is None:
        return None
    before = phone.words_waiting()
    phone.restore()
    world.give_up(before - phone.words_waiting())
    return "is restored from its backup"


def read_by_rest(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    kind = chance.choice(
        ("notes", "notes", "visits", "attachments", "invitations", "memberships", "conflicts")
    )
    ids = sorted(world.server.truth.rows[kind])
    paths = [f"/v1/{kind}?limit=200"]
    if ids:
        paths += [f"/v1/{kind}/{chance.choice(ids)}"] * 2
        paths += [f"/v1/{kind}/{chance.choice(ids)}/history"] if kind != "conflicts" else []
    for path in paths:
        _ask(world, phone, "GET", path)
    return f"reads by REST: {', '.join(paths)}"


def write_by_rest(world: World, step: Step, chance: Random) -> str | None:
    """Another app of hers changes a text; it has read it just before."""
    phone = world.phone(step.phone)
    visible = world.server.truth.oracle.visible[phone.person]
    visits = sorted(record_id for kind, record_id in visible if kind == "visits")
    if not visits:
        return None
    visit, word = chance.choice(visits), f"w{step.number:04}"
    text = f"{visible['visits', visit]['focus'] or ''} {word}".strip()
    return _write(world, phone, step, ("visits", visit), ("PATCH", f"/v1/visits/{visit}", {"focus": text}))


def make_again(world: World, step: Step, chance: Random) -> str | None:
    """Another app posts a record under an id that was deleted."""
    phone = world.phone(step.phone)
    dead = sorted(record_id for kind, record_id in world.server.truth.dead if kind == "notes")
    if not dead:
        return None
    said = {
        "id": chance.choice(dead),
        "visit_id": "visit-hana",
        "note_kind": "quote",
        "text": f"w{step.number:04}",
    }
    return _write(world, phone, step, ("notes", said["id"]), ("POST", "/v1/notes", said))


def _write(
    world: World, phone: Phone, step: Step, key: tuple[str, str], asked: tuple[str, str, dict[str, str]]
) -> str:
    world.server.ops[phone.device_id, key].add(f"rest-{step.number}")
    taken = _ask(world, phone, *asked)
    if taken:
        for word in WORD.findall(str(asked[2])):
            world.ledger.typed.setdefault(word, Typed(key, key[0] == "visits"))
    return f"{'has' if taken else 'in vain has'} another app {asked[0]} {asked[1]} {asked[2]}"


def _ask(world: World, phone: Phone, *asked: object) -> bool:
    phone.good_weather()
    try:
        phone.client.ask(*asked)  # type: ignore[arg-type]  # method, path, what is said
    except SignInRequired:
        phone.sign_in(world.services)
        return _ask(world, phone, *asked)
    except Declined:
        return False
    return True


def digests(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    for kind in chance.sample(sorted(world.server.truth.rows), 2):
        _ask(world, phone, "GET", f"/v1/sync/digest?collection={kind}")
    return "asks for digests"


def hour(world: World, step: Step, chance: Random) -> str:
    world.clock.sleep(3600 * chance.randint(1, 5))
    return "some hours pass"


def days(world: World, step: Step, chance: Random) -> str:
    number = chance.choice((1, 6, 6, 16))
    world.clock.sleep(86_400 * number)
    return f"{number} days pass"


def work(world: World, step: Step, chance: Random) -> str:
    """The worker gives up what waited too long, ends what is over, and tells hosts who read."""
    services, tenant, now = world.services, world.server.tenant, world.clock.now()
    with services.database.begin(tenant) as connection:
        given_up = deadlines.give_up(connection, services.door, tenant, now)
        due = expiry.due(connection, tenant, now)
        services.door.push(connection, system_actor(tenant), due)
        folded = read_log.fold(connection, services.door, tenant, now)
    world.server.changed()
    for record_id, note in world.server.truth.rows["notes"].items():
        if note["state"] == "expired":
            world.ledger.give_up_record(("notes", record_id))
    return f"the worker gives up {given_up} changes, ends {len(due)} records, folds {folded} readings"


def arrive_late(world: World, step: Step, chance: Random) -> str | None:
    number = sum(phone.deliver_late() for phone in world.phones.values())
    return f"{number} requests arrive late" if number else None


EVENTS: dict[str, Event] = {
    "syncs": sync,
    "crashes in a sync": crash,
    "backs up": back_up,
    "restores its backup": restore,
    "reads by REST": read_by_rest,
    "writes by REST": write_by_rest,
    "makes again what was deleted": make_again,
    "asks for digests": digests,
    "an hour passes": hour,
    "some days pass": days,
    "the worker works": work,
    "what was late arrives": arrive_late,
}
