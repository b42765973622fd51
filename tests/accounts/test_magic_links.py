"""Links by mail: what the worker sends, to whom, and where a link opens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from schemas.problems import Refused
from service.accounts import directory, magic_links, one_time
from service.accounts.tokens import Tokens
from service.app import create_app
from service.database import Database
from service.mail import outbox
from service.settings import Settings
from tests.accounts.conftest import Clock
from tests.builders import Caller, services_of

DEVICE = ("phone-of-ana", "Ana's phone")
VERIFIER = secrets.token_urlsafe(48)
Ask = Callable[[str], list[str]]


@pytest.fixture
def ask(database: Database, tenant_id: UUID, clock: Clock) -> Ask:
    """Ask for a link to an address, let the worker do its part, and read the mails' links."""
    with database.begin(tenant_id) as connection:
        directory.add_address(connection, "ana@north.example", tenant_id, "person-ana", clock())

    def ask(address: str) -> list[str]:
        with database.begin_reference() as connection:
            magic_links.ask(connection, address, DEVICE, one_time.challenge(VERIFIER), clock())
            jobs = connection.execute(text("SELECT args FROM procrastinate_jobs ORDER BY id")).scalars().all()
        with database.begin(tenant_id) as connection:
            before = {row.id for row in outbox.in_state(connection, tenant_id, outbox.WAITING)}
        for _ in range(2):  # a task must bear being run twice
            magic_links.send(database, "https://cw.example", jobs[-1]["asked"], clock)
        with database.begin(tenant_id) as connection:
            rows = outbox.in_state(connection, tenant_id, outbox.WAITING)
        mails = [row.text for row in rows if row.id not in before]
        return [said.partition("/v1/sign-in/link#")[2].split()[0] for said in mails]

    return ask


@pytest.fixture
def show(database: Database, tokens: Tokens, clock: Clock) -> Callable[..., str | None]:
    """Who is signed in by a token; None when it is refused."""

    def show(token: str, verifier: str = VERIFIER, device_id: str = DEVICE[0]) -> str | None:
        try:
            return magic_links.open_session(database, tokens, token, verifier, device_id, clock).person_id
        except Refused as refused:
            assert refused.problem.slug == "code-not-valid"
            return None

    return show


def test_a_link_opens_once(ask: Ask, show: Callable[..., str | None]) -> None:
    (token,) = ask(" Ana@North.example")
    assert show(token) == "person-ana"
    assert show(token) is None


def test_a_link_opens_on_the_device_that_asked_alone(ask: Ask, show: Callable[..., str | None]) -> None:
    for wrong in ({"device_id": "phone-of-eva"}, {"verifier": "x" * 43}):
        (token,) = ask("ana@north.example")
        assert show(token, **wrong) is None


def test_a_link_lasts_fifteen_minutes(ask: Ask, show: Callable[..., str | None], clock: Clock) -> None:
    (early,), (late,) = ask("ana@north.example"), ask("ana@north.example")
    clock.forward(minutes=15)
    assert show(early) == "person-ana"
    clock.forward(seconds=1)
    assert show(late) is None


def test_an_unknown_address_costs_the_same_and_brings_nothing(database: Database, ask: Ask) -> None:
    assert ask("nobody@north.example") == []
    with database.begin_reference() as connection:
        kept = connection.execute(text("SELECT purpose FROM one_time_secret")).scalars().all()
    assert kept == ["link-asked"]


def test_nobody_fills_anothers_mailbox(ask: Ask, clock: Clock) -> None:
    assert [len(ask("ana@north.example")) for _ in range(4)] == [1, 1, 1, 0]
    clock.forward(minutes=16)
    assert len(ask("ana@north.example")) == 1


def test_a_person_of_the_same_id_elsewhere_uses_up_nobodys_links(
    database: Database, ask: Ask, clock: Clock
) -> None:
    with database.begin_reference() as connection:
        south = directory.create_tenant(connection, "south", "South district", clock())
    with database.begin(south) as connection:
        directory.add_address(connection, "ana@south.example", south, "person-ana", clock())
    for _ in range(3):
        ask("ana@south.example")
    assert len(ask("ana@north.example")) == 1


@pytest.mark.parametrize(
    ("device_name", "told"),
    [
        ("Ana's phone (blue)", """"Ana's phone (blue)"."""),
        ("Teléfono de Ana", '"Teléfono de Ana".'),
        ("अना का फ़ोन", '"अना का फ़ोन".'),
        (
            "x.\n\nYour account ends: https://evil.example/in?a=b",
            '"x Your account ends https evil example i".',
        ),
        ("a" * 100, f'"{"a" * 40}".'),
        ("../::", "a device without a name."),
    ],
)
def test_who_asks_writes_nothing_into_the_mail_but_a_name(
    database: Database, tenant_id: UUID, ask: Ask, clock: Clock, device_name: str, told: str
) -> None:
    with database.begin_reference() as connection:
        about = ("ana@north.example", (DEVICE[0], device_name), one_time.challenge(VERIFIER))
        magic_links.ask(connection, *about, clock())
        job = connection.execute(text("SELECT args FROM procrastinate_jobs")).scalar_one()
    magic_links.send(database, "https://cw.example", job["asked"], clock)
    with database.begin(tenant_id) as connection:
        (mail,) = outbox.in_state(connection, tenant_id, outbox.WAITING)
    assert (
        mail.text.split("\n\n")[1] == f"somebody asked to sign in to Come Watch with this address, on {told}"
    )


def test_nothing_that_opens_is_kept(database: Database, ask: Ask) -> None:
    (token,) = ask("ana@north.example")
    with database.begin_reference() as connection:
        rows = connection.execute(text("SELECT one_time_secret::text FROM one_time_secret")).scalars().all()
        assert token not in str(rows)
        assert one_time.sha256(token) in str(rows)


def test_what_nobody_took_is_forgotten(database: Database, ask: Ask, clock: Clock) -> None:
    ask("ana@north.example")
    ask("nobody@north.example")
    clock.forward(minutes=16)
    with database.begin_reference() as connection:
        assert one_time.forget_old(connection, clock()) == 2


def test_over_http_every_address_gets_the_same_answer(settings: Settings, tenant_id: UUID, ask: Ask) -> None:
    app = create_app(settings)
    nobody = Caller(app.test_client(use_cookies=False))
    said = {"device_id": DEVICE[0], "device_name": DEVICE[1], "code_challenge": one_time.challenge(VERIFIER)}
    known, unknown = (
        nobody.post("/v1/sign-in/link", said | {"address": f"{name}@north.example"})
        for name in ("ana", "nobody")
    )
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data) == (204, b"")
    shown = {"code_verifier": VERIFIER, "device_id": DEVICE[0]}
    with services_of(app).database.begin_reference() as connection:
        about = {"tenant": str(tenant_id), "person": "person-ana", "device": list(DEVICE)}
        about |= {"challenge": one_time.challenge(VERIFIER)}
        token = one_time.give(connection, one_time.Purpose.LINK, about, services_of(app).now())
    assert nobody.get("/v1/sign-in/link").mimetype == "text/html"
    answer = nobody.post("/v1/sign-in/link/open", shown | {"token": token})
    assert (answer.status_code, answer.json["person_id"]) == (200, "person-ana")
    assert nobody.post("/v1/sign-in/link/open", shown | {"token": token}).status_code == 401
    assert nobody.post("/v1/sign-in/link", said | {"address": "nonsense"}).status_code == 422
    services_of(app).database.dispose()
