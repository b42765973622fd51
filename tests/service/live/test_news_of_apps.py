"""An app is told that something moved only of what it may read."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from service.accounts.tokens import Claims
from service.live.listeners import Waiter
from service.live.news import News, Stand
from service.live.watch import Tenant
from service.records import KINDS

ANA = "person-ana"


async def told(scopes: frozenset[str] | None, news: News) -> bool:
    """Whether somebody who waits with these scopes hears of it."""
    waiter = Waiter(Claims(uuid4(), uuid4(), 1, ANA, "device-of-ana", scopes=scopes, client_id="app-1"))
    Tenant(waiter.tenant_id, Stand(1, 1)).tell(waiter, news)
    return waiter.answer.done()


def test_an_app_hears_nothing_of_what_it_may_not_read() -> None:
    notes = News(Stand(7, 1), {ANA: ("notes",)})
    assert asyncio.run(told(frozenset({"notes:read"}), notes))
    assert asyncio.run(told(None, notes))
    assert not asyncio.run(told(frozenset({"visits:write"}), notes))


def test_nor_when_all_is_new() -> None:
    anew = News(Stand(7, 2), {}, anew=True)
    hidden = KINDS.hidden(frozenset({"visits:read.own"}))
    assert anew.of(ANA, hidden) == ("visits",)
    assert anew.of(ANA) == tuple(KINDS)
