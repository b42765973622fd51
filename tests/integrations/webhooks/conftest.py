"""The real app, the worker's tasks beside it, and a receiver; an administrator who also teaches manages webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from service.accounts import directory
from service.api.services import Services
from service.app import create_app
from service.integrations.webhooks.tables import delivery, webhook
from service.mail import outbox
from service.settings import Settings
from service.worker import Worker
from sync.clock import system_now
from tests.builders import Caller, caller, make_person, make_tenant, put, services_of
from tests.conftest import environment
from tests.integrations.webhooks.receiver import Receiver, receiving

ADA, OLGA, HANA = "ada-administers", "olga-observes", "hana-host"


@dataclass
class Office:
    """A tenant with Ada who administers, Olga who observes and Hana who hosts; its clock stands until it is moved."""

    app: Flask
    clock: list[datetime]
    tenant_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.tenant_id = make_tenant(self.services, f"north-{uuid4().hex[:8]}")
        make_person(self.services, self.tenant_id, ADA, "admin", "teacher")
        for person_id in (OLGA, HANA):
            make_person(self.services, self.tenant_id, person_id)

    @property
    def ada(self) -> Caller:
        """Signed in just now, however far the clock was moved."""
        return self.caller(ADA)

    @property
    def services(self) -> Services:
        return services_of(self.app)

    @property
    def worker(self) -> Worker:
        """The worker's tasks, called one by one."""
        of = self.services
        settings = replace(of.settings, mail_from="Come Watch <no-reply@school.example>")
        return Worker(settings, of.database, of.door, of.store, of.now, None, of.outbound)

    def caller(self, person_id: str) -> Caller:
        return caller(self.app, self.tenant_id, person_id)

    def forward(self, **span: float) -> None:
        self.clock[0] += timedelta(**span)

    def put(self, collection: str, record_id: str, **fields: Any) -> str:
        return put(self.services, self.tenant_id, collection, record_id, **fields)

    def endpoint(
        self, receiver: Receiver, *events: str, who: Caller | None = None, **more: Any
    ) -> dict[str, Any]:
        """An endpoint that is told of these."""
        said = {"url": receiver.url, "events": list(events), **more}
        made = (who or self.ada).post("/v1/webhooks", said)
        assert made.status_code == 201, made.json
        answer: dict[str, Any] = made.json
        return answer

    def jobs(self) -> list[tuple[str, str]]:
        """The endpoints whose turn waits in the queue, taken out of it."""
        with self.services.database.begin(self.tenant_id) as connection:
            taken = text(
                "DELETE FROM procrastinate_jobs WHERE task_name = 'send_webhooks' AND status = 'todo'"
                " AND args ->> 'tenant_id' = :tenant RETURNING args ->> 'tenant_id', args ->> 'webhook_id'"
            )
            return [(row[0], row[1]) for row in connection.execute(taken, {"tenant": str(self.tenant_id)})]

    def work(self) -> None:
        """Do what the queue asks for until it asks for nothing."""
        while jobs := self.jobs():
            for job in jobs:
                self.worker.send_webhooks(*job)

    def later(self, **span: float) -> None:
        """Time passes, and the worker takes up what is due."""
        self.forward(**span)
        self.worker.take_up_webhooks(self.tenant_id)
        self.work()

    def deliveries(self, endpoint: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """As the owner is shown them."""
        shown = self.ada.get(f"/v1/webhooks/{endpoint['id']}/deliveries", query_string=query)
        assert shown.status_code == 200, shown.json
        items: list[dict[str, Any]] = shown.json["items"]
        return items

    def stored(self) -> list[Any]:
        """Every delivery of the tenant as it stands in the table."""
        with self.services.database.begin(self.tenant_id) as connection:
            query = select(delivery).where(delivery.c.tenant_id == self.tenant_id)
            return list(connection.execute(query.order_by(delivery.c.seq, delivery.c.place)))

    def reachable(self, person_id: str) -> str:
        """Give the person an address for mails."""
        address = f"{person_id}-{self.tenant_id.hex[:8]}@school.example"
        with self.services.database.begin_reference() as connection:
            directory.add_address(connection, address, self.tenant_id, person_id, self.services.now())
        return address

    def mails(self) -> list[Any]:
        """What waits to be mailed, the oldest first."""
        with self.services.database.begin(self.tenant_id) as connection:
            return list(outbox.in_state(connection, self.tenant_id, outbox.WAITING))

    def alter(self, **columns: Any) -> None:
        """Set columns of the tenant's endpoints."""
        with self.services.database.begin(self.tenant_id) as connection:
            connection.execute(update(webhook).where(webhook.c.tenant_id == self.tenant_id).values(columns))

    def close(self) -> None:
        """No endpoint is left that another test's worker could meet."""
        with self.services.database.begin(self.tenant_id) as connection:
            for table in (delivery, webhook):
                connection.execute(delete(table).where(table.c.tenant_id == self.tenant_id))


@pytest.fixture(scope="module")
def clock() -> list[datetime]:
    return [system_now()]


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str, clock: list[datetime]) -> Iterator[Flask]:
    settings = Settings.from_environment(environment(session_database_url, token_key))
    app = create_app(settings, now=lambda: clock[0])
    yield app
    services_of(app).database.dispose()


@pytest.fixture
def office(app: Flask, clock: list[datetime]) -> Iterator[Office]:
    clock[0] = system_now()
    office = Office(app, clock)
    yield office
    office.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
