"""Whom to tell: the clocks of all tenants that are listened to are looked at every second, and at once after a hint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from schemas.problems import Problem, Refused
from service.accounts.admission import living
from service.database import Database
from service.hints import Hint
from service.live import news
from service.live.listeners import Listener
from service.live.news import News, Stand
from service.logs import logger

T = TypeVar("T")
EVERY_S = 1.0
RECHECK_S = 15.0
THREADS = 4
PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0
"""Between two looks at one tenant; a look that took longer is followed by as long a pause, up to a second."""
MOST_HINTS = 200
MOST_PER_SESSION = 20
"""The newest are kept: a phone that changes networks leaves dead streams behind it."""

_log = logger(__name__)


@dataclass(slots=True, eq=False)
class Tenant:
    """One tenant's listeners, and where its clock stood when they were last told."""

    id: UUID
    stand: Stand
    listeners: set[Listener] = field(default_factory=set)
    hints: list[Hint] = field(default_factory=list)
    rests_until: float = 0.0
    checked_at: float = field(default_factory=time.monotonic)
    looking: bool = False
    wanted: bool = False

    def knows(self, listener: Listener, to: int) -> bool:
        """Whether all that happened since it was told was done by the listener's own device, and stored as it was sent."""
        at = listener.told
        for hint in sorted(self.hints, key=lambda hint: hint.since):
            if hint.leave_out == listener.who and hint.since <= at < hint.seq:
                at = hint.seq
        return at >= to

    def tell(self, listener: Listener, found: News) -> None:
        """Tell one listener what it does not know yet."""
        moved, to = found.of(listener.person_id, listener.hidden), found.stand.seq
        if moved and (found.anew or (to > listener.told and not self.knows(listener, to))):
            listener.tell(to, moved)
        listener.told = to


class Watch:
    """All tenants that are listened to. Lives on the event loop; PostgreSQL is asked in a few threads."""

    def __init__(self, database: Database, *, every_s: float = EVERY_S) -> None:
        self._database, self._every_s = database, every_s
        self._threads = ThreadPoolExecutor(THREADS, "live")
        self._tenants: dict[UUID, Tenant] = {}
        self._of_session: dict[UUID, dict[Listener, None]] = {}  # the oldest first
        self._away = self._closed = False
        self._under_way: set[asyncio.Task[None]] = set()

    def count(self) -> int:
        """How many listen."""
        return sum(len(tenant.listeners) for tenant in self._tenants.values())

    async def ask(self, tenant_id: UUID, question: Callable[[Connection], T]) -> T:
        """An answer from PostgreSQL, in a transaction of the tenant; raises as SQLAlchemy does, and Refused at the end."""
        if self._closed:
            raise Refused(Problem.UNAVAILABLE)

        def answered() -> T:
            with self._database.begin(tenant_id) as connection:
                return question(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, answered)

    def add(self, listener: Listener, stand: Stand) -> None:
        """Tell this listener of all that moves after the clock stood so."""
        tenant = self._tenants.setdefault(listener.tenant_id, Tenant(listener.tenant_id, stand))
        tenant.listeners.add(listener)
        listener.told = stand.seq
        same = self._of_session.setdefault(listener.session_id, {})
        same[listener] = None
        if len(same) > MOST_PER_SESSION:
            oldest = next(iter(same))
            del same[oldest]
            oldest.close()
        if stand.seq < tenant.stand.seq:  # a look ended while it was let in: the next one looks again
            tenant.stand = Stand(stand.seq, tenant.stand.epoch)
            self._look(tenant)

    def remove(self, listener: Listener) -> None:
        """It listens no more."""
        same = self._of_session.get(listener.session_id, {})
        same.pop(listener, None)
        if not same:
            self._of_session.pop(listener.session_id, None)
        tenant = self._tenants.get(listener.tenant_id)
        if tenant is not None:
            tenant.listeners.discard(listener)
            if not tenant.listeners:
                del self._tenants[listener.tenant_id]

    def hint(self, hint: Hint) -> None:
        """Something was committed."""
        tenant = self._tenants.get(hint.tenant_id)
        if tenant is None:
            return
        if hint.ended:
            tenant.checked_at = 0.0
        if len(tenant.hints) < MOST_HINTS:
            tenant.hints.append(hint)
        self._look(tenant)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            for tenant in list(self._tenants.values()):
                self._look(tenant)
                try:
                    _glance(tenant)
                except Exception:  # whatever it is, nobody would ever be told again if the looking ended
                    _log.exception("a listener could not be looked after")

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        for tenant in self._tenants.values():
            for listener in list(tenant.listeners):
                listener.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ended(self) -> None:
        """Return when nobody asks PostgreSQL any more, so that its connections can be closed."""
        await asyncio.to_thread(self._threads.shutdown)

    def _look(self, tenant: Tenant) -> None:
        if tenant.looking:
            tenant.wanted = True
            return
        tenant.looking = True
        task = asyncio.create_task(self._keep_looking(tenant))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _keep_looking(self, tenant: Tenant) -> None:
        """One look, and another while something was heard of meanwhile; one at a time."""
        try:
            tenant.wanted = True
            while tenant.wanted and tenant.listeners:
                tenant.wanted = False
                await asyncio.sleep(max(0.0, tenant.rests_until - time.monotonic()))
                began = time.monotonic()
                await self._once(tenant)
                took = time.monotonic() - began
                tenant.rests_until = began + took + min(max(took, PAUSE_S), LONGEST_PAUSE_S)
            self._back()
        except (SQLAlchemyError, OSError) as fault:
            self.lost(fault)
        finally:
            tenant.looking = False

    async def _once(self, tenant: Tenant) -> None:
        """Ask what moved, and whose sessions have ended: who was signed out is told nothing, though its hint was lost."""
        before, asked = tenant.stand, frozenset(tenant.listeners)
        due = time.monotonic() - tenant.checked_at >= RECHECK_S
        found, ended = await self.ask(tenant.id, lambda c: _news(c, tenant.id, asked, before, due))
        if due:
            tenant.checked_at = time.monotonic()
        for listener in asked & tenant.listeners:
            if listener.session_id in ended:
                listener.close()
            else:
                tenant.tell(listener, found)
        if tenant.stand is before and tenant.listeners <= asked:
            tenant.stand = found.stand
            tenant.hints = [hint for hint in tenant.hints if hint.seq > found.stand.seq]
        else:  # somebody came meanwhile, who may know less: look again from there
            tenant.wanted = True

    def lost(self, fault: Exception) -> None:
        """PostgreSQL did not answer: told once, however many ask until it does."""
        if not self._away:
            _log.warning("PostgreSQL is away; listeners are kept", exc_info=fault)
        self._away = True

    def _back(self) -> None:
        self._away = False


def _news(
    connection: Connection, tenant_id: UUID, listeners: Collection[Listener], before: Stand, due: bool
) -> tuple[News, set[UUID]]:
    """What moved for these listeners; and those of their sessions that have ended, among whom it concerns (`due`: all)."""
    found = news.since(connection, tenant_id, {listener.person_id for listener in listeners}, before)
    sessions = {one.session_id for one in listeners if due or found.of(one.person_id)}
    return found, sessions - living(connection, tenant_id, sessions) if sessions else set()


def _glance(tenant: Tenant) -> None:
    now = time.monotonic()
    for listener in list(tenant.listeners):
        listener.glance(now)
