"""Phones that hear of news at once, through the code that the guides print and the live process: nothing else would tell them here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from service.app import create_app
from service.live.app import Live
from service.settings import Settings
from tests.builders import services_of
from tests.clients.driver import Pool
from tests.clients.phone import Phone
from tests.clients.rxdb_phones import RxdbPhone
from tests.clients.school import HANA, OLGA, School
from tests.clients.watermelon_phones import WatermelonPhone
from tests.conftest import environment
from tests.service.live.conftest import served

SOON_S = 30.0
"""Patience on a busy machine."""
VISIT = "visit-0001"


@pytest.fixture(scope="module")
def app(
    session_database_url: str, token_key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The app, which sends listeners to a live process beside it, as under `make run`."""
    ears = Path(tmp_path_factory.mktemp("live")) / "live.sock"
    settings = Settings.from_environment(environment(session_database_url, token_key))
    settings = replace(settings, live_hint_socket=ears)
    with served(Live(settings)) as url:
        app = create_app(replace(settings, live_url=url))
        yield app
        services_of(app).database.dispose()


@pytest.fixture(params=["rxdb", "rxdb, of little patience", "watermelon"])
def hana(request: pytest.FixtureRequest, rxdb: Pool, watermelon: Pool, school: School) -> Iterator[Phone]:
    """A phone that listens; RxDB's begins to listen anew all the time when it has little patience with silence."""
    silence = 200 if "little" in request.param else 60_000
    phone: Phone = (
        WatermelonPhone(watermelon, school, HANA, listens=True)
        if request.param == "watermelon"
        else RxdbPhone(rxdb, school, HANA, listens=True, silence=silence)
    )
    yield phone
    phone.close()


@pytest.fixture
def olga(rxdb: Pool, school: School) -> Iterator[RxdbPhone]:
    phone = RxdbPhone(rxdb, school, OLGA)
    yield phone
    phone.close()


def focus(phone: Phone) -> object:
    return (phone.get("visits", VISIT) or {}).get("focus")


def hears(phone: Phone, said: str) -> None:
    """Wait until the phone holds these words."""
    end = time.monotonic() + SOON_S
    while focus(phone) != said and time.monotonic() < end:
        time.sleep(0.01)
    assert focus(phone) == said


def test_who_listens_reads_at_once_what_another_wrote(hana: Phone, olga: RxdbPhone, school: School) -> None:
    school.put("visits", VISIT, host_id=HANA, observer_ids=[OLGA], focus="one")
    hears(hana, "one")
    olga.sync()
    for said in ("one two", "one two three"):
        olga.put("visits", VISIT, focus=said)
        olga.sent()
        hears(hana, said)
        time.sleep(0.3)  # long enough to lose patience in
