"""Where requests are counted: here, in a Redis that all share, and here again while that one is away."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import psutil
import pytest
import redis

from service.api import counters
from service.api.counters import Counter, Memory, Shared, counter_at
from service.dev.ports import free_pair
from service.process import die_with

PREPARED = 10.0


@pytest.fixture(scope="module")
def program() -> str:
    """Redis; without it these tests are skipped here, and fail where CI is set."""
    found = shutil.which("redis-server")
    if found is None and os.environ.get("CI"):
        pytest.fail("There is no redis-server: .ci/run installs it.")
    if found is None:
        pytest.skip("NOT TESTED: limits counted in Redis. Install redis-server to have them tested.")
    return found


@contextmanager
def running(program: str, port: int) -> Iterator[str]:
    """A Redis that keeps nothing, until the block ends."""
    parent = os.getpid()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: die_with(parent))
    try:
        with closing(redis.Redis(port=port)) as client:
            until = time.monotonic() + PREPARED
            while not answers(client):
                assert time.monotonic() < until
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PREPARED)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def one_more(counter: Counter, key: str) -> int:
    (count,) = counter.count([key], 60)
    return count


def test_threads_count_together() -> None:
    memory = Memory()
    threads = [
        Thread(target=lambda: [one_more(memory, "hana") for _ in range(2_000)] and None) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one_more(memory, "hana") == 8_001
    assert one_more(memory, "olga") == 1


def test_what_is_old_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(counters, "monotonic", lambda: moment[0])
    memory = Memory()
    for number in range(1_000):
        one_more(memory, f"somebody {number}")
    moment[0] = 61
    assert one_more(memory, "somebody 5") == 2  # not before its time
    moment[0] = 122
    one_more(memory, "another")
    assert len(memory._counts) + len(memory._former) == 2


def test_no_thread_is_started() -> None:
    memory, before = Memory(), psutil.Process().num_threads()
    one_more(memory, "hana")
    assert psutil.Process().num_threads() == before


def test_processes_count_together_in_redis(program: str) -> None:
    with running(program, free_pair()) as store:
        one, other = counter_at(store), counter_at(store)
        counted = [one_more(counter, "hana") for counter in (one, other, one, other)]
        assert counted == [1, 2, 3, 4]
        with closing(redis.Redis.from_url(store)) as client:
            (key,) = client.keys()
            assert 0 < client.ttl(key) <= 60


def test_a_request_is_one_message_to_redis(program: str) -> None:
    with running(program, free_pair()) as store, closing(redis.Redis.from_url(store)) as client:
        counter = counter_at(store)
        assert counter.count(["hana", "tenant"], 60) == [1, 1]
        client.config_resetstat()
        assert [counter.count(["hana", "tenant"], 60) for _ in range(5)] == [[n, n] for n in range(2, 7)]
        calls = {name: stats["calls"] for name, stats in client.info("commandstats").items()}
        assert calls == {"cmdstat_eval": 5, "cmdstat_incr": 10, "cmdstat_config|resetstat": 1}
        assert all(0 < client.ttl(key) <= 60 for key in client.scan_iter())


def test_a_count_is_whole_whoever_counts_at_once(program: str) -> None:
    with running(program, free_pair()) as store:
        counter, seen = counter_at(store), deque[int]()
        threads = [
            Thread(target=lambda: seen.extend(one_more(counter, "hana") for _ in range(200)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == list(range(1, 801))


def test_a_connection_that_was_closed_while_it_stood_idle(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(program, free_pair()) as store, closing(redis.Redis.from_url(store)) as client:
        counter = counter_at(store)
        assert one_more(counter, "hana") == 1
        client.client_kill_filter(_type="normal", skipme=True)
        assert [one_more(counter, "hana") for _ in range(2)] == [2, 3]
    assert "is away" not in said(capsys)


def test_a_store_that_goes_away_and_comes_back(
    program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counters, "REST_S", 0)
    port = free_pair()
    with running(program, port) as store:
        counter = counter_at(store)
        assert one_more(counter, "hana") == 1
    assert [one_more(counter, "hana") for _ in range(3)] == [1, 2, 3]  # requests go on, counted here
    assert said(capsys).count("is away") == 1
    with running(program, port):
        assert one_more(counter, "olga") == 1
        assert one_more(counter, "olga") == 2
    assert one_more(counter, "olga") == 1
    assert said(capsys).count("is away") == 1


def test_a_store_that_never_was_keeps_nobody_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    counter = counter_at(f"redis://127.0.0.1:{free_pair()}")
    assert isinstance(counter, Shared)
    began = time.process_time()
    assert [one_more(counter, "hana") for _ in range(1_000)] == list(range(1, 1_001))
    assert time.process_time() - began < 1
    assert said(capsys).count("is away") == 1


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return "".join(capsys.readouterr())
