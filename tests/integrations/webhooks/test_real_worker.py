"""The worker as a process: receivers that take their time hold up nobody else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.dev import programs
from service.jobs import CONCURRENCY_OUTWARD
from tests.conftest import environment
from tests.integrations.webhooks.conftest import Office
from tests.integrations.webhooks.receiver import Receiver, receiving

EVENTS, SLOW, SLOW_S, PATIENCE_S = 5, 7, 4.5, 90.0
assert SLOW < CONCURRENCY_OUTWARD, "else each place is taken, for five seconds at most"


@pytest.fixture
def slow() -> Iterator[list[Receiver]]:
    """Others' servers, which answer well but late: one fewer than the worker calls at a time."""
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving()) for _ in range(SLOW)]
        for receiver in receivers:
            receiver.slow_s = SLOW_S
        yield receivers


@pytest.fixture
def sender(session_database_url: str, token_key: str, tmp_path: Path) -> Iterator[programs.Program]:
    env = {**os.environ, **environment(session_database_url, token_key), "LOG_LEVEL": "WARNING"}
    worker = programs.worker(env=env, logs=tmp_path)
    yield worker
    worker.stop()


def test_slow_receivers_do_not_hold_up_a_quick_one(
    office: Office, receiver: Receiver, slow: list[Receiver], sender: programs.Program
) -> None:
    for one in (*slow, receiver):  # the slow ones are first in the queue
        office.endpoint(one, "people.created")
    for number in range(EVENTS):
        office.put("people", f"person-{number}-here", display_name="Nina", roles=["teacher"])
    sender.start()
    end = time.monotonic() + PATIENCE_S
    while len(receiver.got) < EVENTS and time.monotonic() < end:
        time.sleep(0.05)
    assert receiver.said == [("people.created", f"person-{number}-here") for number in range(EVENTS)]
    third_of_slow = [one.got[2].at for one in slow if len(one.got) > 2]
    assert max(received.at for received in receiver.got) < min(third_of_slow, default=end)
    while not all(one.got for one in slow) and time.monotonic() < end:
        time.sleep(0.05)
    assert all(one.got for one in slow), "it was their turn as well"
