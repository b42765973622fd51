"""One sync at a time on one phone's files, whoever runs it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sync.client import Client, ClientError, Request
from sync.client.lock import alone
from tests.phones import Tunnel
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer


def test_a_second_sync_waits_and_then_tells(ana: Client, open_phone: OpenPhone, tunnel: Tunnel) -> None:
    other, told = open_phone("ana"), list[str]()

    def sync_too(request: Request) -> None:
        with pytest.raises(ClientError) as refused:
            other.sync(wait=0.05)
        told.append(str(refused.value))

    tunnel.meanwhile = sync_too
    ana.sync()
    assert told == ["Another program is syncing these records right now."]
    tunnel.meanwhile = lambda request: None
    other.sync(wait=0)


def test_two_programs_send_each_change_once(ana: Client, open_phone: OpenPhone, server: FakeServer) -> None:
    for number in range(30):
        ana.put("visits", f"visit-{number:04}", {"text": "one"})

    def sync() -> None:
        with open_phone("ana", batch=7) as phone:
            phone.sync()

    threads = [threading.Thread(target=sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.heard) == 30
    assert ana.pending() == 0


def test_a_dead_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = f"import os; from pathlib import Path; from sync.client.lock import alone\nwith alone(Path({str(path)!r}), 5): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    with alone(path, wait=0):
        pass
