"""The whole line of a link: asked for on a phone over HTTP, mailed by the worker, opened on the same phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import event, text

from service.accounts import directory, one_time
from service.app import create_app
from service.mail import outbox
from service.worker import Worker
from tests.builders import Caller, make_person, services_of
from tests.mail.conftest import NOW, Postbox

ADDRESS = "ana@school.example"
VERIFIER = "v" * 43
ASK = {
    "device_id": "phone-of-ana",
    "device_name": "Ana's phone",
    "code_challenge": one_time.challenge(VERIFIER),
}
OPEN = {"device_id": "phone-of-ana", "code_verifier": VERIFIER}


class Phone:
    """Ana's phone, and the worker and the postbox at the other end."""

    def __init__(self, worker: Worker, tenant_id: UUID, postbox: Postbox) -> None:
        self.now, self.tenant_id, self.postbox = NOW, tenant_id, postbox
        self.app = create_app(worker.settings, now=self.clock)
        self.worker = replace(worker, now=self.clock)
        self.nobody = Caller(self.app.test_client(use_cookies=False))
        make_person(services_of(self.app), tenant_id, "ana-teaches")
        with worker.database.begin_reference() as connection:
            directory.add_address(connection, ADDRESS, tenant_id, "ana-teaches", NOW)

    def clock(self) -> Any:
        return self.now

    def ask(self, address: str = ADDRESS) -> Any:
        return self.nobody.post("/v1/sign-in/link", ASK | {"address": address})

    def jobs(self, task: str) -> list[dict[str, str]]:
        with self.worker.database.begin(self.tenant_id) as connection:
            taken = text("DELETE FROM procrastinate_jobs WHERE task_name = :task RETURNING args")
            return list(connection.execute(taken, {"task": task}).scalars())

    def work(self) -> None:
        """Run the tasks that wait, by the names under which the worker has them."""
        tasks = self.worker.queue().tasks
        for name in ("send_sign_in_link", "send_mail"):
            for job in self.jobs(name):
                tasks[name].func(**job)

    def link(self) -> str:
        """What the link of the one mail that came opens with."""
        (mail,) = self.postbox.mails
        self.postbox.raw.clear()
        assert mail["To"] == ADDRESS
        found: str = mail.get_content().partition("/v1/sign-in/link#")[2].split()[0]
        return found

    def open(self, token: str, **said: str) -> Any:
        return self.nobody.post("/v1/sign-in/link/open", OPEN | {"token": token} | said)


@pytest.fixture
def phone(worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox) -> Iterator[Phone]:
    phone = Phone(worker_of, tenant_id, postbox)
    yield phone
    services_of(phone.app).database.dispose()


def test_a_link_that_came_by_mail_opens_once(phone: Phone) -> None:
    assert phone.ask().status_code == 204
    phone.work()
    token = phone.link()
    opened = phone.open(token)
    assert (opened.status_code, opened.json["person_id"]) == (200, "ana-teaches")
    assert (again := phone.open(token)).status_code == 401
    assert again.json["type"] == "/problems/code-not-valid"


@pytest.mark.parametrize("wrong", [{"device_id": "phone-of-eva"}, {"code_verifier": "w" * 43}])
def test_another_device_opens_nothing(phone: Phone, wrong: dict[str, str]) -> None:
    phone.ask()
    phone.work()
    assert phone.open(phone.link(), **wrong).status_code == 401


def test_after_fifteen_minutes_it_opens_nothing(phone: Phone) -> None:
    phone.ask()
    phone.work()
    phone.now += timedelta(minutes=15, seconds=1)
    assert phone.open(phone.link()).status_code == 401


def test_a_mail_that_came_too_late_is_not_sent(phone: Phone) -> None:
    phone.ask()
    for job in phone.jobs("send_sign_in_link"):
        phone.worker.send_sign_in_link(**job)
    phone.now += timedelta(minutes=15, seconds=1)
    phone.work()
    assert phone.postbox.raw == []
    with phone.worker.database.begin(phone.tenant_id) as connection:
        (kept,) = outbox.in_state(connection, phone.tenant_id, outbox.FAILED)
        assert (kept.reason, kept.text) == ("too late", None)
        assert outbox.retry(connection, phone.tenant_id, kept.id, phone.now) is False


def test_an_unknown_address_gets_the_same_answer_by_the_same_work(phone: Phone) -> None:
    engine, said = services_of(phone.app).database.engine, list[str]()
    event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    answers, works = [], []
    for address in (ADDRESS, "nobody@school.example"):
        said.clear()
        answer = phone.ask(address)
        answers.append((answer.status_code, answer.data, sorted(set(answer.headers.keys()))))
        works.append(list(said))
    assert answers[0] == answers[1]
    assert works[0] == works[1] != []
    phone.work()
    assert phone.link()
