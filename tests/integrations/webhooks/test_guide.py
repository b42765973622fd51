"""The receiver that docs/webhooks.md prints works as it stands, against a real server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integrations.webhooks.conftest import Office
from tests.integrations.webhooks.receiver import Receiver

GUIDE = Path(__file__).parents[3] / "docs" / "webhooks.md"
LONGEST = 40


def sample() -> str:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    return found[1]


def listening(port: int) -> bool:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def test_it_is_short() -> None:
    assert 20 < len(sample().splitlines()) < LONGEST


@pytest.mark.parametrize("knows_the_secret", [True, False])
def test_it_takes_what_is_signed_and_nothing_else(office: Office, knows_the_secret: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = office.endpoint(Receiver(url=f"http://127.0.0.1:{port}/hooks"), "people.created")
    secret = made["secret"] if knows_the_secret else "whsec_" + "A" * 44
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    command = [sys.executable, "-c", sample()]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as it:
        try:
            assert listening(port)
            office.put("people", "nina-is-new", display_name="Nina", roles=["teacher"])
            office.work()
            (sent,) = office.deliveries(made)
        finally:
            it.terminate()
        said = it.stdout.read() if it.stdout else ""
    assert (sent["state"], sent["status"]) == (("delivered", 204) if knows_the_secret else ("waiting", 400))
    assert said == ("people.created nina-is-new\n" if knows_the_secret else "")
