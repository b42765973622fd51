"""What is lost: a phone goes back to its backup or is taken off the account, the server goes back to its own backup."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sync.server import restore as restoring
from tests.simulation.phone import Phone
from tests.simulation.plan import Step
from tests.simulation.violation import demand

if TYPE_CHECKING:
    from tests.simulation.world import World


def back_up(world: World, step: Step, chance: Random) -> str:
    """Of a phone."""
    world.phone(step.phone).back_up()
    return "is backed up"


def restore(world: World, step: Step, chance: Random) -> str | None:
    """Of a phone."""
    phone = world.phone(step.phone)
    if phone.backup is None:
        return None
    before = phone.words_waiting()
    phone.restore()
    lose(world, phone, before)
    return "is restored from its backup"


def lose(world: World, phone: Phone, waiting: set[str]) -> None:
    """The phone's file is another one: of the words that waited there, nobody expects those that are nowhere else."""
    world.give_up(waiting - phone.words_waiting())
    world.ledger.cannot_pay(phone.name, phone.words_held())


def remove(world: World, step: Step, chance: Random) -> str | None:
    """Somebody takes her lost phone off her account, with another of hers."""
    phone = world.phone(step.phone)
    others = [one for one in world.phones.values() if one.person == phone.person and one is not phone]
    if not others:
        return None
    phone.good_weather()
    taken = world.ask(phone, "DELETE", f"/v1/devices/{others[0].device_id}") is not None
    return f"{'takes' if taken else 'cannot take'} {others[0].name} off the account"


def is_wiped(world: World, phone: Phone, waiting: set[str]) -> str:
    """A phone that was taken off holds nothing any more; its person signs in anew."""
    demand(not phone.ids(), "a removed phone keeps its records", f"{phone.name} holds {sorted(phone.ids())}")
    lose(world, phone, waiting)
    world.server.tally["phone: wiped"] += 1
    phone.expected = None
    phone.good_weather()
    phone.sign_in(world.services)
    return "was taken off the account, and is wiped"


def back_up_server(world: World, step: Step, chance: Random) -> str:
    """The operator makes a backup of the database."""
    world.server.back_up()
    return "the server is backed up"


def restore_server(world: World, step: Step, chance: Random) -> str | None:
    """The operator puts the backup back, and begins a new life as the manual says."""
    if not world.server.restore():
        return None
    services, tenant = world.services, world.server.tenant
    with services.database.begin(tenant) as connection:
        life = restoring.begin_new_life(connection, tenant, services.now())
    world.server.changed()
    world.lives += 1
    held = {name: phone.words_held() for name, phone in world.phones.items()}
    owed = world.ledger.server_restored(world.server.truth, world.words_waiting(), held)
    world.server.tally["phones owe words to a restored server"] += owed
    return f"the server is restored from its backup, epoch {life.epoch}; phones owe it {owed} words"
