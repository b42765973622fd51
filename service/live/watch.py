"""Whom to tell: the clocks of all tenants that are listened to are looked at every second, and at once after a hint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

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
        """Whether all that happened since the last look was done by the listener's own device, and stored as it was sent."""
        at = self.stand.seq
        for hint in sorted(self.hints, key=lambda hint: hint.since):
            if hint.leave_out == listener.device_id and hint.since <= at < hint.seq:
                at = hint.seq
        return at >= to


class Watch:
    """All tenants that are listened to. Lives on the event loop; PostgreSQL is asked in a few threads."""

    def __init__(self, database: Database, *, every_s: float = EVERY_S) -> None:
        self._database, self._every_s = database, every_s
        self._threads = ThreadPoolExecutor(THREADS, "live")
        self._tenants: dict[UUID, Tenant] = {}
        self._of_session: dict[UUID, dict[Listener, None]] = {}  # the oldest first
        self._away = False
        self._under_way: set[asyncio.Task[None]] = set()

    def count(self) -> int:
        """How many listen."""
        return sum(len(tenant.listeners) for tenant in self._tenants.values())

    async def ask(self, tenant_id: UUID, question: Callable[[Connection], T]) -> T:
        """An answer from PostgreSQL, in a transaction of the tenant; raises as SQLAlchemy does."""

        def answered() -> T:
            with self._database.begin(tenant_id) as connection:
                return question(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, answered)

    def add(self, listener: Listener, stand: Stand) -> None:
        """Tell this listener of all that moves after the clock stood so."""
        tenant = self._tenants.setdefault(listener.tenant_id, Tenant(listener.tenant_id, stand))
        tenant.listeners.add(listener)
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
            now = time.monotonic()
            for tenant in list(self._tenants.values()):
                for listener in list(tenant.listeners):
                    listener.glance(now)
                self._look(tenant)

    def close(self) -> None:
        """Let everybody go."""
        for tenant in self._tenants.values():
            for listener in list(tenant.listeners):
                listener.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

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
            self._lost(fault)
        finally:
            tenant.looking = False

    async def _once(self, tenant: Tenant) -> None:
        before, people = tenant.stand, {listener.person_id for listener in tenant.listeners}
        found = await self.ask(tenant.id, lambda c: news.since(c, tenant.id, people, before))
        if tenant.stand is before:  # else somebody came who knows less: look again from there
            self._tell(tenant, found)
        else:
            tenant.wanted = True
        if time.monotonic() - tenant.checked_at >= RECHECK_S:
            await self._recheck(tenant)

    def _tell(self, tenant: Tenant, found: News) -> None:
        for listener in list(tenant.listeners):
            moved = found.of(listener.person_id)
            if moved and not (tenant.hints and tenant.knows(listener, found.stand.seq)):
                listener.tell(found.stand.seq, moved)
        tenant.stand = found.stand
        tenant.hints = [hint for hint in tenant.hints if hint.seq > found.stand.seq]

    async def _recheck(self, tenant: Tenant) -> None:
        """Let those go whose session has ended."""
        tenant.checked_at = time.monotonic()
        sessions = {listener.session_id for listener in tenant.listeners}
        alive = await self.ask(tenant.id, lambda c: living(c, tenant.id, sessions))
        for listener in list(tenant.listeners):
            if listener.session_id in sessions - alive:
                listener.close()

    def _lost(self, fault: Any) -> None:
        if not self._away:
            _log.warning("PostgreSQL is away; listeners are kept", exc_info=fault)
        self._away = True

    def _back(self) -> None:
        self._away = False
