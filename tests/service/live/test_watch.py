"""Who is told what when looks, newcomers, hints and ends of sessions cross: the watch alone, its questions answered by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from service.accounts.tokens import Claims
from service.database import Database
from service.hints import Hint
from service.live import watch as watching
from service.live.listeners import Listener
from service.live.news import News, Stand
from service.live.watch import Watch

T = TypeVar("T")
TENANT = uuid4()
HANA, OLGA = "hana-host", "olga-observes"


class Told(Listener):
    """Remembers what it was told, and whether it was let go."""

    def __init__(self, person_id: str, device_id: str = "a-phone", session_id: UUID | None = None) -> None:
        super().__init__(Claims(TENANT, session_id or uuid4(), 1, person_id, device_id))
        self.heard: list[tuple[int, tuple[str, ...]]] = []
        self.closed = False

    def tell(self, seq: int, collections: Iterable[str]) -> None:
        self.heard.append((seq, tuple(collections)))

    def close(self) -> None:
        self.closed = True

    def glance(self, now: float) -> None:
        pass


class Desk(Watch):
    """A watch whose questions are answered from `moved` (person -> number of her last movement); `gate` holds answers back."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__(Database("postgresql+psycopg://nobody@/nowhere"))
        self.clock, self.moved, self.ended = 10, dict[str, int](), set[UUID]()
        self.gate = asyncio.Event()
        self.gate.set()
        self.looks = 0
        patch.setattr(watching.news, "since", self._since)
        patch.setattr(watching, "living", lambda connection, tenant_id, sessions: set(sessions) - self.ended)

    def _since(self, connection: Any, tenant_id: UUID, people: Iterable[str], before: Stand) -> News:
        self.looks += 1
        moved = {p: ("notes",) for p in people if self.moved.get(p, 0) > before.seq}
        return News(Stand(self.clock, 1), moved)

    async def ask(self, tenant_id: UUID, question: Callable[[Any], T]) -> T:
        answer = question(None)
        await self.gate.wait()
        return answer

    def commits(self, concerning: str, hint: bool = True, leave_out: str | None = None) -> None:
        self.clock += 1
        self.moved[concerning] = self.clock
        if hint:
            self.hint(Hint(TENANT, self.clock - 1, self.clock, leave_out))


def at(desk: Desk) -> Stand:
    return Stand(desk.clock, 1)


async def rest(desk: Desk) -> None:
    """Until nothing is under way any more."""
    for _ in range(200):
        await asyncio.sleep(0.005)
        if not desk._under_way:
            return


def played(scene: Callable[[Desk], Coroutine[Any, Any, None]], patch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        desk = Desk(patch)
        await scene(desk)
        await rest(desk)

    patch.setattr(watching, "PAUSE_S", 0.001)
    asyncio.run(play())


def test_who_comes_while_a_look_is_under_way_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        hana, olga = Told(HANA), Told(OLGA)
        desk.add(hana, at(desk))
        admitted = at(desk)
        desk.commits(concerning=OLGA)
        desk.gate.clear()
        desk.commits(concerning=HANA)
        await asyncio.sleep(0.02)  # the look has asked, for Hana alone
        desk.add(olga, admitted)
        desk.gate.set()
        await rest(desk)
        assert olga.heard, (
            "Olga was not told of what was committed before she was let in, and after she was admitted"
        )
        assert [seq for seq, _ in hana.heard] == [12]

    played(scene, monkeypatch)


def test_newcomers_do_not_make_others_hear_the_same_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        hana, before = Told(HANA), at(desk)
        desk.add(hana, at(desk))
        desk.commits(concerning=HANA)
        await rest(desk)
        for number in range(20):
            desk.add(Told(f"late-{number}"), before)
            await asyncio.sleep(0.002)
        await rest(desk)
        assert len(hana.heard) == 1

    played(scene, monkeypatch)


def test_who_was_signed_out_is_told_nothing_though_the_hint_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        lost, kept = Told(HANA, "lost-phone"), Told(HANA, "kept-phone")
        desk.add(lost, at(desk))
        desk.add(kept, at(desk))
        desk.ended.add(lost.session_id)
        desk.commits(concerning=HANA)
        await rest(desk)
        assert (lost.heard, lost.closed) == ([], True)
        assert (len(kept.heard), kept.closed) == (1, False)

    played(scene, monkeypatch)


def test_a_colleague_on_the_same_device_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        hana, olga = Told(HANA, "shared-tablet"), Told(OLGA, "shared-tablet")
        for listener in (hana, olga):
            desk.add(listener, at(desk))
        desk.moved[OLGA] = desk.clock + 1
        desk.commits(concerning=HANA, leave_out=f"{HANA}/shared-tablet")
        await rest(desk)
        assert hana.heard == []
        assert olga.heard == [(11, ("notes",))]

    played(scene, monkeypatch)


def test_a_faulty_hint_does_not_make_the_tenant_deaf() -> None:
    from service.hints import decode

    sound = Hint(TENANT, 3, 5, f"{HANA}/phone", ended=True)
    assert decode(sound.encode()) == sound
    for said in (b'"since": "3"', b'"seq": null', b'"ended": 1', b'"since": 1.5'):
        name = said.partition(b":")[0]
        assert decode(b'{"tenant_id": "%s", %s}' % (str(TENANT).encode(), said)) is None, name
    assert decode(b"[]") is None
    assert decode(b"\xff") is None


def test_a_fault_of_ours_does_not_end_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        hana = Told(HANA)
        desk.add(hana, at(desk))
        monkeypatch.setattr(hana, "glance", lambda now: 1 / 0)
        desk._every_s = 0.01
        pulse = asyncio.create_task(desk.run())
        await asyncio.sleep(0.05)
        desk.commits(concerning=HANA, hint=False)
        await asyncio.sleep(0.1)
        assert not pulse.done()
        pulse.cancel()
        assert [seq for seq, _ in hana.heard] == [11]

    played(scene, monkeypatch)
