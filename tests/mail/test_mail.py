"""Mails go out once the transaction is committed, once, and through whatever the server has."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from sqlalchemy import Row, text

from service.cli import main
from service.jobs import OUTWARD
from service.mail import Mail, outbox, post
from service.mail.smtp import MailServerAwayError
from service.settings import Settings, SettingsError
from service.worker import Worker
from tests.conftest import environment
from tests.mail.conftest import NOW, Postbox

SECRET = "Tres preguntas: ¿quién habló?"
MAIL = Mail("ana@school.example", "Martes a las nueve, año nuevo", SECRET)


def posted(worker: Worker, tenant_id: UUID, mail: Mail = MAIL) -> UUID:
    with worker.database.begin(tenant_id) as connection:
        return post(connection, tenant_id, mail, NOW)


def row(worker: Worker, tenant_id: UUID, mail_id: UUID) -> Row[Any]:
    with worker.database.begin(tenant_id) as connection:
        found = outbox.read(connection, tenant_id, mail_id)
    assert found is not None
    return found


def jobs(worker: Worker, tenant_id: UUID) -> int:
    with worker.database.begin(tenant_id) as connection:
        said = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail' AND status = 'todo'"
        )
        return connection.scalar(said) or 0


def send(worker: Worker, tenant_id: UUID, mail_id: UUID) -> None:
    worker.send_mail(str(tenant_id), str(mail_id))


def test_it_is_sent_once_and_its_words_are_forgotten(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox
) -> None:
    mail_id = posted(worker_of, tenant_id)
    assert jobs(worker_of, tenant_id) == 1
    for _ in range(2):
        send(worker_of, tenant_id, mail_id)
    (mail,) = postbox.mails
    assert (mail["To"], mail["Subject"]) == (MAIL.to, MAIL.subject)
    assert mail["Message-ID"] == f"<{mail_id}@school.example>"
    assert mail.get_content().strip() == SECRET
    kept = row(worker_of, tenant_id, mail_id)
    assert (kept.state, kept.subject, kept.text) == ("sent", None, None)


def test_a_slow_server_holds_up_nothing_else(worker_of: Worker, tenant_id: UUID) -> None:
    mail_id = posted(worker_of, tenant_id)
    queue = text("SELECT queue_name FROM procrastinate_jobs WHERE args ->> 'mail_id' = :id")
    with worker_of.database.begin(tenant_id) as connection:
        assert connection.execute(queue, {"id": str(mail_id)}).scalars().all() == [OUTWARD]


def test_what_is_rolled_back_is_not_sent(worker_of: Worker, tenant_id: UUID) -> None:
    with worker_of.database.begin(tenant_id) as connection:
        post(connection, tenant_id, MAIL, NOW)
        connection.rollback()
    assert jobs(worker_of, tenant_id) == 0


def test_a_dead_server_is_waited_for(
    worker_of: Worker, tenant_id: UUID, postbox: Postbox, free_port: int
) -> None:
    mail_id = posted(worker_of, tenant_id)
    with pytest.raises(MailServerAwayError) as told:
        send(worker_of, tenant_id, mail_id)
    assert SECRET not in str(told.value)
    assert row(worker_of, tenant_id, mail_id).state == "waiting"
    server = Controller(postbox, hostname="127.0.0.1", port=free_port)
    server.start()
    send(worker_of, tenant_id, mail_id)
    server.stop()
    assert len(postbox.raw) == 1


@pytest.mark.parametrize("at", ["to_rcpt", "to_data"])
def test_not_now_is_waited_for(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox, at: str
) -> None:
    mail_id = posted(worker_of, tenant_id)
    setattr(postbox, at, "451 not now")
    with pytest.raises(MailServerAwayError):
        send(worker_of, tenant_id, mail_id)
    kept = row(worker_of, tenant_id, mail_id)
    assert (kept.state, kept.reason, kept.text) == ("waiting", "451", SECRET)
    setattr(postbox, at, "250 OK")
    send(worker_of, tenant_id, mail_id)
    assert row(worker_of, tenant_id, mail_id).state == "sent"


@pytest.mark.parametrize("at", ["to_rcpt", "to_data"])
def test_never_ends_it_until_the_operator_says_so(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox, token_key: str, at: str
) -> None:
    mail_id = posted(worker_of, tenant_id)
    setattr(postbox, at, "550 no such mailbox")
    send(worker_of, tenant_id, mail_id)
    assert (row(worker_of, tenant_id, mail_id).state, postbox.raw) == ("failed", [])
    shell = CliRunner(env=environment(worker_of.settings.database_url, token_key))
    listed = shell.invoke(main, ["mail", "list", "--tenant", "north"])
    assert listed.output == f"{mail_id}\tana@school.example\t550\n"
    again = ["mail", "retry", str(mail_id), "--tenant", "north"]
    assert shell.invoke(main, again).exit_code == 0
    assert shell.invoke(main, again).exit_code == 1
    setattr(postbox, at, "250 OK")
    send(worker_of, tenant_id, mail_id)
    assert row(worker_of, tenant_id, mail_id).state == "sent"


def test_a_server_that_wants_a_sign_in_is_waited_for(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox
) -> None:
    postbox.to_rcpt = "530 authentication required"
    mail_id = posted(worker_of, tenant_id)
    with pytest.raises(MailServerAwayError):
        send(worker_of, tenant_id, mail_id)
    assert row(worker_of, tenant_id, mail_id).state == "waiting"


def test_a_kill_between_taken_and_noted_repeats_the_message_id(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = posted(worker_of, tenant_id)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "sent", lambda *_: exit(9))
        with pytest.raises(SystemExit):
            send(worker_of, tenant_id, mail_id)
    send(worker_of, tenant_id, mail_id)
    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{mail_id}@school.example>"
    assert first["Date"] == second["Date"]


def test_a_server_that_hangs_up_in_the_middle_is_waited_for(
    worker_of: Worker, tenant_id: UUID, free_port: int
) -> None:
    def hang_up(listener: socket.socket) -> None:
        taken, _ = listener.accept()
        taken.sendall(b"220 hello\r\n")
        taken.recv(100)
        taken.close()

    mail_id = posted(worker_of, tenant_id)
    with socket.create_server(("127.0.0.1", free_port)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        with pytest.raises(MailServerAwayError):
            send(worker_of, tenant_id, mail_id)
        thread.join()
    assert row(worker_of, tenant_id, mail_id).state == "waiting"


def test_without_a_server_mails_wait_and_a_warning_says_so(
    worker_of: Worker, tenant_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    mail_id = posted(worker_of, tenant_id)
    lonely = replace(worker_of, settings=replace(worker_of.settings, smtp_url=None))
    send(lonely, tenant_id, mail_id)
    lonely.take_up_mail(tenant_id)
    assert row(worker_of, tenant_id, mail_id).state == "waiting"
    told = capsys.readouterr()
    assert "SMTP_URL" in told.out + told.err
    assert SECRET not in told.out + told.err


def test_after_days_it_is_given_up_where_everybody_sees_it(worker_of: Worker, tenant_id: UUID) -> None:
    mail_id = posted(worker_of, tenant_id)
    later = replace(worker_of, now=lambda: NOW + timedelta(days=4))
    with worker_of.database.begin(tenant_id) as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))  # as when its job has given up
    later.take_up_mail(tenant_id)
    assert (row(worker_of, tenant_id, mail_id).state, jobs(worker_of, tenant_id)) == ("waiting", 1)
    replace(worker_of, now=lambda: NOW + timedelta(days=6)).take_up_mail(tenant_id)
    assert row(worker_of, tenant_id, mail_id).state == "failed"


def test_nobody_injects_a_header(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox
) -> None:
    mail_id = posted(worker_of, tenant_id, replace(MAIL, subject="Hello\r\nBcc: eve@elsewhere.example"))
    send(worker_of, tenant_id, mail_id)
    assert postbox.mails[0]["Bcc"] is None
    assert postbox.mails[0]["Subject"] == "Hello Bcc: eve@elsewhere.example"
    for unfit in (
        {"to": "ana@school.example\r\nBcc: eve@elsewhere.example"},
        {"to": "ana@school.example, eve@b.example"},
        {"to": "ana"},
        {"to": "ana@[school"},
        {"unsubscribe": "https://a.example/\r\nBcc: eve@elsewhere.example"},
    ):
        mail_id = posted(worker_of, tenant_id, replace(MAIL, **unfit))
        send(worker_of, tenant_id, mail_id)
        kept = row(worker_of, tenant_id, mail_id)
        assert (kept.state, kept.reason, len(postbox.mails)) == ("failed", outbox.UNFIT, 1)


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://ana:secret@mail.example"])
def test_an_address_that_is_no_mail_server_is_told(database_url: str, token_key: str, url: str) -> None:
    env = environment(database_url, token_key) | {"SMTP_URL": url, "MAIL_FROM": "no-reply@a.example"}
    with pytest.raises(SettingsError, match="SMTP_URL") as told:
        Settings.from_environment(env)
    assert "secret" not in str(told.value)


def test_a_mail_server_needs_a_sender(database_url: str, token_key: str) -> None:
    env = environment(database_url, token_key) | {"SMTP_URL": "smtp://mail.example"}
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        Settings.from_environment(env)
