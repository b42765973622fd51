"""Time: hours, days, a year; and what the worker does when it is due, with the worker's own tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from service.worker import Worker
from sync.server.purge import HISTORY_LASTS
from tests.simulation.plan import Step

if TYPE_CHECKING:
    from tests.simulation.world import World

DAY_S = 86_400


def hour(world: World, step: Step, chance: Random) -> str:
    """Access tokens run out."""
    world.clock.sleep(3600 * chance.randint(1, 5))
    return "some hours pass"


def days(world: World, step: Step, chance: Random) -> str:
    """What is held comes due, drafts expire."""
    number = chance.choice((1, 6, 6, 16))
    world.clock.sleep(DAY_S * number)
    return f"{number} days pass"


def long_away(world: World, step: Step, chance: Random) -> str:
    """Tombstones grow old, and with more than 400 days the phones that have not read them count no more."""
    number = chance.choice((190, 410, 410, 440))
    world.clock.sleep(DAY_S * number)
    return f"{number} days pass"


def work(world: World, step: Step, chance: Random) -> str:
    """The worker gives up what waited too long, ends what is over, tells hosts who read, and throws old things away."""
    services, server = world.services, world.server
    worker = Worker(services.settings, services.database, services.door, services.store, services.now)
    before, known = server.stored(), server.truth.words_before
    for task in (
        worker.give_up_held, worker.expire, worker.fold_read_log, worker.purge_inbox, worker.purge, worker.raise_horizon,
    ):  # fmt: skip
        _until_done(task, server.tenant)
    server.changed()
    _forget(world, known)
    done = {name: count - before[name] for name, count in server.stored().items() if count != before[name]}
    server.tally.update({f"worker: {name}": abs(count) for name, count in done.items()})
    return "the worker works: " + (
        ", ".join(f"{count:+} {name}" for name, count in done.items()) or "nothing is due"
    )


def _until_done(task: Callable[[UUID], bool], tenant: UUID) -> None:
    while task(tenant):
        pass


def _forget(world: World, known: set[str]) -> None:
    """What may vanish with time: notes that expired, and after two years what history knew."""
    truth = world.server.truth
    for record_id, note in truth.rows["notes"].items():
        if note["state"] == "expired":
            world.ledger.give_up_record(("notes", record_id))
    if world.clock.now() - world.began > HISTORY_LASTS - timedelta(days=1):
        world.ledger.given_up |= known - truth.words_before - truth.words_now
    world.server.forget_old()
