"""What happens between phones and the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from sync.client import DeviceRevoked, SignInRequired, Unreachable
from tests.simulation import apps, disasters, promises, seasons
from tests.simulation.network import UNHEARD, WEATHERS
from tests.simulation.phone import Phone
from tests.simulation.plan import Step
from tests.sync.client.fuse import Crash

if TYPE_CHECKING:
    from tests.simulation.world import World

Event = Callable[["World", Step, Random], str | None]


def sync_whole(world: World, phone: Phone) -> str:
    """One sync, and a look at what it left on the phone."""
    phone.waited, tally = phone.words_waiting(), world.server.tally
    try:
        report = phone.client.sync()
    except Unreachable as lost:
        return f"cannot sync: {lost}"
    except DeviceRevoked:
        return disasters.is_wiped(world, phone, phone.waited)
    except SignInRequired:
        phone.good_weather()
        phone.sign_in(world.services)
        tally["phone: signed in anew"] += 1
        return "must sign in anew"
    promises.phone_is_right(world.server, phone, f"{phone.name} synced")
    phone.life = world.lives
    world.ledger.paid(phone.name, world.server.truth)
    tally["phone: synced whole"] += 1
    return f"syncs: {report.pushed} sent, {report.pulled} read, {report.rejected} rejected, {report.pending} left"


def sync(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    phone.under(chance.choice(WEATHERS), chance)
    how = chance.random()
    if how < 0.3:
        return _sync_with_another(world, phone, chance)
    if how < 0.45:
        return _sync_read_halfway(world, phone, chance)
    if how < 0.6:
        return _sync_while_typing(world, step, phone, chance)
    return sync_whole(world, phone)


def sync_at_home(world: World, step: Step, chance: Random) -> str:
    """Where no request is lost."""
    phone = world.phone(step.phone)
    phone.good_weather()
    return sync_whole(world, phone)


def sync_unheard(world: World, step: Step, chance: Random) -> str:
    """What it sends arrives, and it never hears so."""
    phone = world.phone(step.phone)
    phone.under(UNHEARD, chance)
    return sync_whole(world, phone)


def _sync_with_another(world: World, phone: Phone, chance: Random) -> str:
    """While this phone waits for its next page, another one syncs."""
    others = [other for name, other in world.phones.items() if name != phone.name]
    said: list[str] = []
    if others:
        phone.air.meanwhile = _another_syncs(world, chance.choice(others), said, "meanwhile")
    done = sync_whole(world, phone)
    phone.air.meanwhile = None
    return done + "".join(said)


def _sync_read_halfway(world: World, phone: Phone, chance: Random) -> str:
    """Before this phone's push is committed, another phone pulls; one with something to send would wait for the commit."""
    others = [one for one in world.phones.values() if one.name != phone.name and _only_reads(world, one)]
    said: list[str] = []
    if others:
        world.server.amid_push = _another_syncs(world, chance.choice(others), said, "before the commit")
    done = sync_whole(world, phone)
    world.server.amid_push = None
    return done + "".join(said)


def _sync_while_typing(world: World, step: Step, phone: Phone, chance: Random) -> str:
    """Its person types on, while the phone waits for an answer."""
    said: list[str] = []

    def types() -> None:
        done = world.act(replace(step, what="edits a text"), chance)
        if done:
            said.append(f"; meanwhile she {done}")
            world.server.tally["phone: typed on during a sync"] += 1

    phone.air.meanwhile = types
    done = sync_whole(world, phone)
    phone.air.meanwhile = None
    return done + "".join(said)


def _only_reads(world: World, phone: Phone) -> bool:
    return phone.life == world.lives and not phone.client.queue()


def _another_syncs(world: World, other: Phone, said: list[str], when: str) -> Callable[[], None]:
    def others() -> None:
        other.good_weather()
        said.append(f"; {when} {other.name} {sync_whole(world, other)}")
        world.server.tally[f"network: another phone synced {when}"] += 1

    return others


def crash(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    phone.under(chance.choice(WEATHERS), chance)
    length = chance.randint(0, 14)
    try:
        with world.fuse.lit(length):
            return sync_whole(world, phone)
    except Crash:
        phone.close()
        world.server.tally["phone: crashed"] += 1
        return f"crashes in a sync, at its moment {length}"


def digests(world: World, step: Step, chance: Random) -> str:
    phone = world.phone(step.phone)
    for kind in chance.sample(sorted(world.server.truth.rows), 2):
        world.ask(phone, "GET", f"/v1/sync/digest?collection={kind}")
    return "asks for digests"


def arrive_late(world: World, step: Step, chance: Random) -> str | None:
    number = 0
    for phone in world.phones.values():
        phone.air.random = chance
        number += phone.air.deliver_late()
    return f"{number} requests arrive late" if number else None


EVENTS: dict[str, Event] = {
    "syncs": sync,
    "syncs at home": sync_at_home,
    "syncs unheard": sync_unheard,
    "crashes in a sync": crash,
    "backs up": disasters.back_up,
    "restores its backup": disasters.restore,
    "takes another phone off": disasters.remove,
    "the server is backed up": disasters.back_up_server,
    "the server is restored": disasters.restore_server,
    "reads by REST": apps.read,
    "writes by REST": apps.write,
    "makes again what was deleted": apps.make_again,
    "asks for digests": digests,
    "an hour passes": seasons.hour,
    "some days pass": seasons.days,
    "a long time passes": seasons.long_away,
    "the worker works": seasons.work,
    "what was late arrives": arrive_late,
}
