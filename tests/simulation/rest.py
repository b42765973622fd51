"""The end of a world: the network is healed, everybody syncs, and all must be equal."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from sync.server import deadlines
from tests.simulation import promises
from tests.simulation.events import sync_whole
from tests.simulation.phone import Phone
from tests.simulation.violation import demand

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_GIVINGS_UP = 5
"""What was typed behind a change that was given up is sent once more with its words, and waits anew."""


def come_to_rest(world: World) -> None:
    """Everybody syncs until all know all; what still waits for a parent then is given up, and they sync once more."""
    world.story.append("    the network heals, and everybody syncs")
    for phone in world.phones.values():
        phone.good_weather()
        phone.air.deliver_late()
    for phone in world.phones.values():
        sync_whole(world, phone)
    for _ in range(2):
        _everybody_syncs(world)
    _nobody_waits_in_vain(world)
    for _ in range(MOST_GIVINGS_UP):
        if world.server.truth.held:
            _give_up(world)
            _everybody_syncs(world)
            _everybody_syncs(world)
    world.check("at rest")
    _all_is_still(world)


def _everybody_syncs(world: World) -> None:
    for phone in world.phones.values():
        for _ in range(2):  # the first may find the session ended
            if not _is_still(world, phone):
                sync_whole(world, phone)


def _is_still(world: World, phone: Phone) -> bool:
    """Whether another sync would bring nothing."""
    same = phone.expected == world.server.truth.oracle.visible[phone.person]
    return same and phone.life == world.lives and not phone.client.pending()


def _nobody_waits_in_vain(world: World) -> None:
    """What is held waits for something that its author really cannot see."""
    truth = world.server.truth
    for held in truth.held:
        there = held.parent in truth.oracle.visible[held.person]
        demand(not there, "held for nothing", f"a change of {held.person} waits for {held.parent}")


def _give_up(world: World) -> None:
    services, tenant = world.services, world.server.tenant
    with services.database.begin(tenant) as connection:
        deadlines.give_up(connection, services.door, tenant, world.clock.now() + timedelta(days=6))
    world.server.changed()


def _all_is_still(world: World) -> None:
    truth, chance = world.server.truth, Random(world.seed)
    demand(not truth.held, "held for nothing", f"at rest: {truth.held}")
    for phone in world.phones.values():
        left = phone.client.queue()
        demand(not left, "an outbox is not empty", f"at rest: {phone.name} keeps {left}")
        promises.phone_is_right(world.server, phone, "at rest")
        expected = truth.oracle.visible[phone.person]
        demand(phone.expected == expected, "a phone is behind", f"{phone.name} at rest")
        promises.numbers_are_right(world.server, phone, "at rest")
        for kind in chance.sample(sorted(truth.rows), 1):
            _digests_agree(world, phone.name, kind)
    world.server.tally["worlds"] += 1


def _digests_agree(world: World, name: str, kind: str) -> None:
    phone = world.phones[name]
    told = world.ask(phone, "GET", f"/v1/sync/digest?collection={kind}")
    assert told is not None
    here = phone.digest(kind)
    demand(
        (told["count"], told["digest"]) == here, "a digest is wrong", f"{name}: {kind} is {told}, here {here}"
    )
