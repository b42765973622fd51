"""Proofs that size costs nothing: a pull in a tenant of 10,000 notes and in one of 1,000,000, a grant of all of them, 300 scopes.

The notes are written by SQL as the door would have (`loading`), and the engine's own digest tells whether they read back right.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import text

from service.records import KINDS, scopes
from sync.changes import Change, Status
from sync.clock import system_now
from sync.cursor import Cursor, about
from sync.server import feed, ledger, sequence
from sync.server.actor import Actor, system_actor
from sync.server.filing import Filing
from sync.server.kind import Grant
from sync.server.stage import Stage
from tests.bench.doors import cursor_of
from tests.bench.meter import Cost
from tests.bench.place import News, Since
from tests.bench.wire import Script, drive
from tests.bench.works import Figure, Round, demand
from tests.builders import make_person

if TYPE_CHECKING:
    from tests.bench.ours import OurPlace, Ours

TURNS, FEW, GRANTS = 10, 5, 10
"""How often small and large take turns, new notes in each pull, and how often somebody is let in and out."""
READER = "bench-reader"


def proofs(ours: Ours, doing: Round) -> Iterator[Figure]:
    """All of them."""
    small, large = (_filled(ours, size) for size in (doing.sizes.notes, doing.sizes.most))
    yield from _pulls(ours, doing, small, large)
    yield from _grants(ours, large, doing.sizes.most)
    yield from _nothing_new(ours, doing)


def _filled(ours: Ours, size: int) -> OurPlace:
    """A tenant with so many notes of one observer; CountError unless the engine's digest is what it must be."""
    place = ours.place(1)
    template = place.load(size)
    actor = Actor(place.tenant_id, place.observers[0], "bench-desk")
    with ours.services.database.begin(place.tenant_id) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        found = feed.digest(connection, actor, "notes")
    demand((found.count, found.digest) == (size, template.digest(size - 1)), f"size, {size:,} notes", found)
    return place


def _pulls(ours: Ours, doing: Round, *places: OurPlace) -> Iterator[Figure]:
    for place in places:
        place.renew()
    readers = [_caught_up(ours, place) for place in places]
    times: list[list[float]] = [[] for _ in places]
    costs = [Cost() for _ in places]
    each = doing.sizes.pulls // TURNS
    for turn in range(TURNS):
        for number, place in enumerate(places):
            drive(ours.address, [place.push(0, doing.sizes.most + turn * each * FEW, each * FEW)])
            with doing.metered() as cost:
                script = _steps(place, readers[number], each)
                ((found, readers[number]),) = drive(ours.address, [script]).results
            times[number] += found
            costs[number].server_s += cost.server_s
            costs[number].postgres_s += cost.postgres_s
    p50 = [statistics.median(found) for found in times]
    for number, there in enumerate((doing.sizes.notes, doing.sizes.most)):
        yield Figure(f"size: pull p50, {there:,} notes there", p50[number], "ms")
        yield Figure(
            f"size: server CPU per pull, {there:,} there",
            _per_pull(costs[number].server_s, doing),
            "ms",
        )
        yield Figure(
            f"size: PostgreSQL CPU per pull, {there:,} there",
            _per_pull(costs[number].postgres_s, doing),
            "ms",
        )
    small, large = costs
    yield Figure("size: pull p50, largest against smallest", p50[1] / p50[0], "times")
    yield Figure(
        "size: server CPU per pull, largest against smallest", _ratio(large.server_s, small.server_s), "times"
    )
    yield Figure(
        "size: PostgreSQL CPU per pull, largest against smallest",
        _ratio(large.postgres_s, small.postgres_s),
        "times",
    )


def _ratio(large: float, small: float) -> float:
    return large / small if small else float("nan")  # the clock of processor times ticks every 10 ms


def _per_pull(seconds: float, doing: Round) -> float:
    return seconds * 1000 / doing.sizes.pulls


def _caught_up(ours: Ours, place: OurPlace) -> Since:
    """The cursor of a phone that holds everything, without its reading a million notes."""
    with ours.services.database.begin(place.tenant_id) as connection:
        now = sequence.read(connection, place.tenant_id)
    return Cursor(now.seq, now.seq, now.epoch, about(["notes"])).encode()


def _steps(place: OurPlace, since: Since, times: int) -> Script[News]:
    """Read what is new a few notes at a time; the milliseconds of each pull."""
    found = []
    for _ in range(times):
        asking, began = place.pulling(0, since, most=FEW), time.perf_counter()
        answer = yield asking
        found.append((answer.at - began) * 1000)
        since = cursor_of(answer.good())
        demand(answer.body.count(b'"visit_id":') == FEW, "size", answer.body[:200])
    return found, since


def _grants(ours: Ours, place: OurPlace, rows: int) -> Iterator[Figure]:
    """A reader enters the scope of all the notes and leaves it, in the engine and in a transaction of its own each time."""
    make_person(ours.services, place.tenant_id, READER)
    place.renew()
    reader = place.phone(READER, "bench-phone-of-reader")
    times: dict[str, list[float]] = {
        "grant": [],
        "first page after a grant": [],
        "revoke": [],
        "first page after a revoke": [],
    }
    for _ in range(GRANTS):
        for act, active in (("grant", True), ("revoke", False)):
            began = time.perf_counter()
            _set(ours, place, active=active)
            times[act].append((time.perf_counter() - began) * 1000)
            (page,) = drive(ours.address, [_first_page(place, reader)]).results
            times[f"first page after a {act}"].append(page)
    for act, found in times.items():
        if act != "first page after a revoke":
            yield Figure(f"size: {act} of {rows:,} rows, p50", statistics.median(found), "ms")


def _set(ours: Ours, place: OurPlace, *, active: bool) -> None:
    with ours.services.database.begin(place.tenant_id) as connection:
        stage = Stage(connection, KINDS, sequence.lock(connection, place.tenant_id), system_now())
        Filing(stage).grant(Grant(READER, scopes.person(place.observers[0]), active))
        ledger.store(stage)


def _first_page(place: OurPlace, phone: int) -> Script[float]:
    asking, began = place.pulling(phone, None), time.perf_counter()
    answer = yield asking
    answer.good()
    return (answer.at - began) * 1000


def _nothing_new(ours: Ours, doing: Round) -> Iterator[Figure]:
    """What an answer of nothing costs somebody who is in many groups, each with an invitation to read."""
    place = ours.place(doing.sizes.crowd)
    _join_groups(ours, place, doing.sizes.scopes)
    crowd = range(doing.sizes.crowd)
    since = drive(ours.address, [place.caught_up(client) for client in crowd]).results
    scripts = [place.nothing(client, since[client], doing.sizes.nothing) for client in crowd]
    with doing.metered() as cost:
        driven = drive(ours.address, scripts)
    demand(set(driven.results) == {doing.sizes.nothing}, "size, nothing new", driven.results)
    for name, seconds in (("server", cost.server_s), ("PostgreSQL", cost.postgres_s)):
        yield Figure(
            f"size: {name} CPU of nothing new, {doing.sizes.scopes} scopes",
            seconds * 1000 / sum(driven.results),
            "ms",
        )


def _join_groups(ours: Ours, place: OurPlace, count: int) -> None:
    person = place.observers[0]
    for number in range(count):
        group = f"bench-group-{number:04}"
        said = {
            ("groups", group): {"name": group, "group_type": "studio", "question": "Who waits?", "lead_id": person, "state": "running"},
            ("memberships", f"in-{group}"): {"person_id": person, "group_id": group, "role": "member", "state": "enrolled"},
            ("invitations", f"to-{group}"): {"host_id": person, "group_ids": [group], "look_for": "waiting", "state": "open"},
        }  # fmt: skip
        changes = [
            Change(f"{kind}-{record}", kind, record, fields) for (kind, record), fields in said.items()
        ]
        with ours.services.database.begin(place.tenant_id) as connection:
            outcomes = ours.services.door.push(connection, system_actor(place.tenant_id), changes)
        refused = [one for one in outcomes if one.status is Status.REJECTED]
        demand(not refused, "size, groups", refused)
