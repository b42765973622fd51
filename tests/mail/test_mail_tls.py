"""Mails to a server over TLS, from the first byte or after STARTTLS: to whom a trusted authority vouches for, and nobody else."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller

from service.mail.smtp import MailServerAwayError
from service.settings import Settings, SettingsError
from service.worker import Worker
from tests.conftest import environment
from tests.mail.authority import Authority
from tests.mail.conftest import Postbox
from tests.mail.test_mail import posted, row, send

Serving = Callable[[ssl.SSLContext], AbstractContextManager[None]]
WAYS = ["smtps", "smtp+starttls"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serving(way: str, postbox: Postbox, free_port: int) -> Serving:
    """`with serving(context):` a mail server that shows this certificate."""

    @contextmanager
    def serve(context: ssl.SSLContext) -> Iterator[None]:
        here = {"hostname": "127.0.0.1", "port": free_port}
        if way == "smtps":
            server = Controller(postbox, ssl_context=context, **here)
        else:
            server = Controller(postbox, tls_context=context, require_starttls=True, **here)
        server.start()
        try:
            yield
        finally:
            server.stop(no_assert=True)

    return serve


@pytest.fixture
def trusting(worker_of: Worker, way: str, free_port: int, authority: Authority) -> Worker:
    """A worker that trusts the authority."""
    url = f"{way}://127.0.0.1:{free_port}"
    return replace(worker_of, settings=replace(worker_of.settings, smtp_url=url, smtp_ca_file=authority.file))


def kept(worker: Worker, tenant_id: UUID, mail_id: UUID, reason: str) -> None:
    """The mail is not sent, and waits, and the log says why."""
    with pytest.raises(MailServerAwayError):
        send(worker, tenant_id, mail_id)
    found = row(worker, tenant_id, mail_id)
    assert (found.state, found.reason) == ("waiting", reason)


def test_a_server_whose_certificate_is_trusted_takes_it(
    trusting: Worker, tenant_id: UUID, serving: Serving, postbox: Postbox, authority: Authority
) -> None:
    mail_id = posted(trusting, tenant_id)
    with serving(authority.server("127.0.0.1")):
        send(trusting, tenant_id, mail_id)
    assert row(trusting, tenant_id, mail_id).state == "sent"
    assert len(postbox.raw) == 1


def test_one_that_is_not_trusted_gets_nothing_and_the_mail_goes_later(
    trusting: Worker, tenant_id: UUID, serving: Serving, postbox: Postbox, authority: Authority
) -> None:
    mail_id = posted(trusting, tenant_id)
    wary = replace(trusting, settings=replace(trusting.settings, smtp_ca_file=None))
    with serving(authority.server("127.0.0.1")):
        kept(wary, tenant_id, mail_id, "SSLCertVerificationError")
        assert postbox.raw == []
        send(trusting, tenant_id, mail_id)  # once the operator named the authority
    assert row(trusting, tenant_id, mail_id).state == "sent"
    assert len(postbox.raw) == 1


def test_a_certificate_of_another_server_gets_nothing(
    trusting: Worker, tenant_id: UUID, serving: Serving, postbox: Postbox, authority: Authority
) -> None:
    mail_id = posted(trusting, tenant_id)
    with serving(authority.server("127.0.0.2")):
        kept(trusting, tenant_id, mail_id, "SSLCertVerificationError")
    assert postbox.raw == []


def test_nothing_goes_in_clear_where_starttls_is_struck_out(
    worker_of: Worker, tenant_id: UUID, server: Controller, postbox: Postbox, free_port: int
) -> None:
    url = f"smtp+starttls://127.0.0.1:{free_port}"
    strict = replace(worker_of, settings=replace(worker_of.settings, smtp_url=url))
    kept(strict, tenant_id, posted(strict, tenant_id), "SMTPNotSupportedError")
    assert postbox.raw == []


def test_a_file_without_certificates_is_told_at_the_start(
    database_url: str, token_key: str, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for named in (empty, tmp_path / "none.pem"):
        with pytest.raises(SettingsError, match="SMTP_CA_FILE"):
            Settings.from_environment(environment(database_url, token_key) | {"SMTP_CA_FILE": str(named)})
