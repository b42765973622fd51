"""Whom to kill with -9, and when what was killed serves again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psycopg

from tests.chaos.site import Connection, Site, answers, parent, wait_for

Serves = Callable[[], float]
"""Waits until what was killed serves again; the moment (monotonic)."""


@dataclass(frozen=True, slots=True)
class Blow:
    """Who was killed, in words, how to wait for their return, and who must say a word about it (the supervisor, of `name`)."""

    victims: str
    serves: Serves
    name: str = ""


def api(site: Site, rng: Random) -> Blow:
    """The API's master, one of its workers, both, or all of them."""
    before = _named(site, "service.serve")
    master = next(pid for pid in before if parent(pid) not in before)
    workers = sorted(before - {master})
    victims, pids = rng.choice(
        [
            ("the master of the API", {master}),
            ("a worker of the API", {rng.choice(workers)}),
            ("the workers of the API", set(workers)),
            ("all of the API", before),
        ]
    )
    site.kill(pids)
    gone = before if master in pids else pids
    name = "API" if master in pids else ""
    return Blow(victims, lambda: _replaced(site, "service.serve", gone, len(before), site.url), name)


def live(site: Site, rng: Random) -> Blow:
    """The process that serves streams."""
    before = _named(site, "service.live")
    site.kill(before)
    url = str(site.running.settings.live_url)
    return Blow("the live process", lambda: _replaced(site, "service.live", before, 1, url), "Live")


def postgres(site: Site, rng: Random) -> Blow:
    """The postmaster, a backend that is at work if there is one, or all of PostgreSQL."""
    everyone = _named(site, "postgres")
    postmaster = next(pid for pid in everyone if parent(pid) not in everyone)
    witness, victims = (
        site.connect(),
        rng.choice(["the postmaster", "a backend of PostgreSQL", "all of PostgreSQL"]),
    )
    if victims.startswith("a "):
        wait_for(lambda: site.kill({_busiest(witness)}), "the death of a backend")
    else:
        site.kill({postmaster} if victims == "the postmaster" else everyone)
    name = "" if victims.startswith("a ") else "PostgreSQL"
    return Blow(victims, lambda: _accepts(site, witness), name)


def _busiest(witness: Connection) -> int:
    """The backend that has been in a transaction for longest, or idle ones where none is."""
    found = witness.execute(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        " ORDER BY xact_start NULLS LAST LIMIT 1"
    ).fetchone()
    return int(str(found[0])) if found else 0


def everything(site: Site, rng: Random) -> Blow:
    """The supervisor and all that it started; then `make run` again, over whatever they left behind."""
    site.kill_everything()
    running = site.start_again()
    return Blow(
        "everything", lambda: wait_for(lambda: "ready: " in running.said or _failed(running.said), "a start")
    )


def _failed(said: str) -> bool:
    """Whether it says that it cannot start; then that is the error."""
    if "did not start" in said or "was not ready" in said or "is taken" in said:
        raise AssertionError(f"`make run` did not start again:\n{said}")
    return False


KILLS: dict[str, Callable[[Site, Random], Blow]] = {
    "api": api,
    "live": live,
    "postgres": postgres,
    "everything": everything,
}


def _named(site: Site, word: str) -> set[int]:
    return {pid for pid, command in site.running.members().items() if word in command.split(" -D")[0]}


def _replaced(site: Site, word: str, gone: set[int], count: int, url: str) -> float:
    """As many as there were, none of them one of the dead, and an answer."""

    def there() -> bool:
        here = _named(site, word)
        return len(here) >= count and not here & gone

    wait_for(there, f"the return of {word}", every_s=0.1)
    return wait_for(lambda: answers(url), f"an answer of {url}")


def _accepts(site: Site, witness: Connection) -> float:
    """A connection from before is broken (they all are), and a new one is accepted."""

    def broken() -> bool:
        with suppress(psycopg.OperationalError):
            witness.execute("SELECT 1")
            return False
        return True

    wait_for(broken, "the end of PostgreSQL's sessions")
    witness.close()
    return wait_for(lambda: _asks(site), "PostgreSQL's return")


def _asks(site: Site) -> bool:
    with site.connect() as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)
