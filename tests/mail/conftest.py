"""A real mail server on a port of its own, and a worker that sends to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller

from service.app import make_services
from service.settings import Settings
from service.worker import Worker
from tests.builders import make_tenant

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


@dataclass
class Postbox:
    """Takes mails, unless it is told to say something else to RCPT or DATA."""

    to_rcpt: str = "250 OK"
    to_data: str = "250 taken"
    raw: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.to_rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.to_data.startswith("250"):
            self.raw.append(envelope.content)
        return self.to_data

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]  # type: ignore[misc]


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def server(postbox: Postbox, free_port: int) -> Iterator[Controller]:
    """The server, running."""
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield controller
    controller.stop(no_assert=True)


@pytest.fixture
def worker_of(settings: Settings, free_port: int) -> Iterator[Worker]:
    url = f"smtp://127.0.0.1:{free_port}"
    made = replace(settings, smtp_url=url, mail_from="Come Watch <no-reply@school.example>")
    services = make_services(made, lambda: NOW)
    yield Worker(made, services.database, services.door, services.store, lambda: NOW)
    services.database.dispose()


@pytest.fixture
def tenant_id(worker_of: Worker) -> UUID:
    services = make_services(worker_of.settings, lambda: NOW)
    try:
        return make_tenant(services)
    finally:
        services.database.dispose()
