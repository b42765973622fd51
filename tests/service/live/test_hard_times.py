"""Crowds, strangers, dead networks, a database that goes and comes, and a server that was restored from a backup."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import make_url

from service import process
from service.live.app import Live
from service.live.watch import MOST_PER_SESSION
from sync.server.restore import begin_new_life
from tests.builders import make_person, make_tenant, put, services_of, sign_in
from tests.servers import admin, ask
from tests.service.live.conftest import HANA, OLGA, PETRA, SOON_S, Begin, Place
from tests.service.live.test_live import clock, until_listened_to

NEVER_S = 60.0
QUICK_S = 0.1
CROWD = 300


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def in_its_loop(place: Place, act: Callable[..., object], *said: object) -> None:
    """Let the live process do something, in its own thread."""
    assert place.live._pulse is not None
    place.live._pulse.get_loop().call_soon_threadsafe(act, *said)


async def crowd(place: Place, tokens: list[str], act: Callable[[], object]) -> list[float]:
    """Open a stream for each token; once all have begun, `act`; how long after that each heard of it (seconds)."""
    port = int(place.url.rpartition(":")[2])
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in tokens]
    for (_, writer), token in zip(streams, tokens, strict=True):
        writer.write(
            f"GET /v1/sync/stream HTTP/1.1\r\nHost: live\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
    for reader, _ in streams:
        await asyncio.wait_for(reader.readuntil(b"data: "), SOON_S)
        await reader.readline()
    await asyncio.to_thread(act)
    acted = time.perf_counter()

    async def heard(reader: asyncio.StreamReader) -> float:
        await asyncio.wait_for(reader.readuntil(b"data: "), SOON_S)
        return time.perf_counter() - acted

    delays = await asyncio.gather(*(heard(reader) for reader, _ in streams))
    for _, writer in streams:
        writer.close()
    return delays


def test_hundreds_hear_at_once(begin: Begin) -> None:
    place = begin(every_s=NEVER_S)
    tokens = [place.token(HANA, f"phone-{n:04}") for n in range(CROWD // MOST_PER_SESSION)] * MOST_PER_SESSION
    delays = asyncio.run(crowd(place, tokens, place.visit))
    assert len(delays) == CROWD
    assert max(delays) < SOON_S / 2


def test_another_tenant_hears_nothing_though_its_people_have_the_same_names(begin: Begin) -> None:
    place = begin(every_s=QUICK_S)
    services = services_of(place.app)
    south = make_tenant(services, "south-of-them")
    make_person(services, south, HANA)
    stranger = place.open("/v1/sync/stream", bearer(sign_in(services, south, HANA)))
    stranger.next()
    hana = place.listen(HANA)
    place.visit()
    assert hana.next()["collections"] == ["visits"]
    assert stranger.is_silent()
    put(services, south, "visits", "visit-of-theirs", host_id=HANA)
    assert stranger.next()["collections"] == ["visits"]
    assert hana.is_silent()


def test_nobody_hears_of_scopes_that_she_is_not_in(begin: Begin) -> None:
    place = begin(every_s=QUICK_S)
    place.put("schools", "school-one", name="One")
    place.put("memberships", "hana-at-one", person_id=HANA, school_id="school-one", state="active")
    hana, petra = place.listen(HANA), place.listen(PETRA)
    place.put("invitations", "for-the-school", host_id=HANA, school_ids=["school-one"], state="open")
    assert "invitations" in hana.next()["collections"]
    assert petra.is_silent()


def test_while_the_database_is_away_newcomers_are_told_when_to_come_again(
    begin: Begin, database_url: str
) -> None:
    place = begin(every_s=QUICK_S, hints=False)
    hana, token = place.listen(HANA), bearer(place.token(OLGA))
    name = make_url(database_url).database
    with admin(make_url(ask("database")["url"])) as owner:
        owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        for address in ("stream", "wait?timeout=0"):
            refused = httpx.get(f"{place.url}/v1/sync/{address}", headers=token, timeout=SOON_S)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert refused.json()["type"] == "/problems/unavailable"
        assert httpx.get(f"{place.url}/health").status_code == 200
        owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    services_of(place.app).database.dispose()
    place.visit()
    assert hana.next()["collections"] == ["visits"]
    assert place.open("/v1/sync/stream", token).status == 200


def test_who_missed_a_new_life_of_the_server_is_told_of_everything(begin: Begin) -> None:
    """Else she would not pull, and not learn that the server forgot what she holds."""
    place = begin()
    before, services = clock(place), services_of(place.app)
    with services.database.begin(place.tenant_id) as connection:
        begin_new_life(connection, place.tenant_id, services.now())
    told = place.open(f"/v1/sync/stream?seq={before}", bearer(place.token(PETRA))).next()
    assert {"visits", "notes", "people"} <= set(told["collections"])
    assert {"visits", "notes", "people"} <= set(
        place.wait(OLGA, f"seq={before}&timeout=0").json()["collections"]
    )


def test_a_dead_network_is_given_up(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that takes nothing any more: the kernel gives its connection up, and the stream is forgotten."""
    monkeypatch.setattr(process, "DEAD_AFTER_MS", 500)
    place = begin(every_s=NEVER_S)
    with socket.socket() as dead:
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        dead.connect(("127.0.0.1", int(place.url.rpartition(":")[2])))
        request = (
            f"GET /v1/sync/stream HTTP/1.1\r\nHost: live\r\nAuthorization: Bearer {place.token(HANA)}\r\n\r\n"
        )
        dead.sendall(request.encode())
        until_listened_to(place)
        (stream,) = place.live.watch._tenants[place.tenant_id].listeners
        end = time.monotonic() + SOON_S
        while place.live.watch.count() and time.monotonic() < end:
            in_its_loop(place, stream.tell, int(time.monotonic() * 1e6), [f"a-word-{n}" for n in range(5000)])
            time.sleep(0.01)
        assert place.live.watch.count() == 0


def test_an_older_process_does_not_take_the_ears_of_its_successor(begin: Begin) -> None:
    place = begin(every_s=NEVER_S)
    settings = services_of(place.app).settings

    async def succeed() -> None:
        older, newer = Live(settings), Live(settings)
        await older.start()
        await newer.start()
        await older.stop()
        assert settings.live_hint_socket is not None
        assert settings.live_hint_socket.is_socket()
        await newer.stop()
        assert not settings.live_hint_socket.exists()

    asyncio.run(succeed())


def test_a_process_that_stops_asks_to_come_again(begin: Begin) -> None:
    place = begin()
    token = bearer(place.token(HANA))
    ear = place.open("/v1/sync/stream", token)
    ear.next()
    in_its_loop(place, place.live.watch.close)
    assert ear.ended.wait(SOON_S)
    refused = httpx.get(f"{place.url}/v1/sync/stream", headers=token)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")


def test_what_a_browser_needs(begin: Begin) -> None:
    place = begin(live_url="http://127.0.0.1:9")
    ours = {"Origin": "http://127.0.0.1:8080"}
    stream = f"{place.url}/v1/sync/stream"
    allowed = httpx.options(stream, headers=ours | {"Access-Control-Request-Headers": "authorization"})
    assert allowed.status_code == 204
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    refused = httpx.get(stream, headers=ours)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ours["Origin"]
    assert "retry-after" in refused.headers["access-control-expose-headers"]
    strange = httpx.options(stream, headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in strange.headers
    assert strange.headers["vary"] == "Origin"
    assert httpx.head(f"{place.url}/health").status_code == 200
    head = httpx.head(stream)
    assert (head.status_code, head.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("timeout", ["-1", "56", "1e9", "0.5", "", "soon", "99999999999999999999"])
def test_how_long_to_wait_is_bounded(begin: Begin, timeout: str) -> None:
    place = begin()
    answer = place.wait(HANA, f"timeout={timeout}")
    assert answer.status_code == 422
    assert "?timeout" in answer.json()["errors"]


def test_a_wait_ends_in_time(begin: Begin) -> None:
    place = begin()
    began = time.monotonic()
    assert place.wait(HANA, f"seq={clock(place)}&timeout=1").json() == {
        "seq": clock(place),
        "collections": [],
    }
    assert 0.9 < time.monotonic() - began < 10


def test_its_end_waits_for_what_is_being_asked(begin: Begin) -> None:
    """Else a connection would come back to a pool that is closed already, and stay open for ever."""
    place = begin(every_s=NEVER_S)
    settings = services_of(place.app).settings

    async def end_in_the_midst() -> int:
        live = Live(settings)
        await live.start()
        asked = asyncio.create_task(
            live.watch.ask(place.tenant_id, lambda c: c.exec_driver_sql("SELECT pg_sleep(0.5)"))
        )
        await asyncio.sleep(0.2)
        pool = live.database.engine.pool
        await live.stop()
        await asyncio.gather(asked, return_exceptions=True)
        return int(pool.checkedin())  # type: ignore[attr-defined]  # a QueuePool

    assert asyncio.run(end_in_the_midst()) == 0
