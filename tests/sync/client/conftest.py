"""A server in memory and phones that talk to it through a tunnel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sync.client import Client
from tests.phones import Tunnel, surroundings
from tests.sync.client.fake_server import FakeServer

OpenPhone = Callable[..., Client]


@pytest.fixture
def server() -> FakeServer:
    server = FakeServer()
    server.codes = {"ANA-CODE": "person-ana", "BEN-CODE": "person-ben"}
    return server


@pytest.fixture
def tunnel(server: FakeServer) -> Tunnel:
    return Tunnel(server)


@pytest.fixture
def open_phone(tmp_path: Path, tunnel: Tunnel, server: FakeServer) -> OpenPhone:
    """`open_phone("ana")` opens Ana's phone (again), without signing in."""

    def open_(name: str, **options: object) -> Client:
        around = surroundings(Random(f"{name}{len(tunnel.requests)}"))
        arguments = {
            "network": tunnel,
            "storage": server.store,
            "surroundings": around,
            "durable": False,
        } | options
        return Client(tmp_path / name, **arguments)  # type: ignore[arg-type]  # whatever a test gives, by name

    return open_


@pytest.fixture
def ana(open_phone: OpenPhone) -> Client:
    """Ana's phone, signed in."""
    phone = open_phone("ana")
    phone.sign_in("ANA-CODE")
    return phone


@pytest.fixture
def ben(open_phone: OpenPhone) -> Client:
    """Ben's phone, signed in."""
    phone = open_phone("ben")
    phone.sign_in("BEN-CODE")
    return phone
