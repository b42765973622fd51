"""Invitation codes: one code, one session, one answer for everything that opens nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.problems import Refused
from service.accounts import sessions, sign_in
from service.accounts.models import session, sign_in_code
from service.accounts.sessions import Pair
from service.accounts.tokens import Tokens
from service.database import Database
from tests.accounts.conftest import Clock, Phone

PHONE = ("phone-of-ana", "Ana's phone")
TABLET = ("tablet-of-ana", "Ana's tablet")


@pytest.fixture
def code(database: Database, tenant_id: UUID, clock: Clock) -> str:
    with database.begin(tenant_id) as connection:
        return sign_in.make_code(connection, tenant_id, "person-ana", clock())


@pytest.fixture
def desk(database: Database, tokens: Tokens, clock: Clock) -> Desk:
    return Desk(database, tokens, clock)


class Desk:
    """Where codes are shown."""

    def __init__(self, database: Database, tokens: Tokens, clock: Clock) -> None:
        self.database, self.tokens, self.clock = database, tokens, clock

    def show(self, code: str, device: tuple[str, str] = PHONE) -> Pair:
        return sign_in.by_code(self.database, self.tokens, code, device, self.clock)

    def refusal(self, code: str, device: tuple[str, str] = PHONE) -> dict[str, object]:
        with pytest.raises(Refused) as refused:
            self.show(code, device)
        return refused.value.document()


NOTHING_OPENS = {
    "type": "/problems/code-not-valid",
    "title": "This code does not open anything",
    "status": 401,
}


def test_a_code_is_seven_groups_of_four_that_nobody_misreads(code: str) -> None:
    groups = code.split("-")
    assert [len(group) for group in groups] == [4] * 7
    assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_a_code_opens_a_session_of_its_person(desk: Desk, code: str, tenant_id: UUID) -> None:
    pair = desk.show(code)
    assert (pair.person_id, pair.tenant_id, pair.device_id) == ("person-ana", tenant_id, "phone-of-ana")
    assert desk.tokens.read_access(pair.access_token).person_id == "person-ana"


def test_a_code_may_be_typed_as_people_type(desk: Desk, code: str) -> None:
    typed = f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert desk.show(typed).person_id == "person-ana"


def test_no_code_is_kept(database: Database, code: str) -> None:
    with database.begin_reference() as connection:
        kept = connection.execute(select(sign_in_code)).one()
    assert code not in str(kept)
    assert len(kept.code_hash) == 64


def test_unknown_used_and_expired_codes_get_one_answer(desk: Desk, code: str, clock: Clock) -> None:
    assert desk.refusal("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA") == NOTHING_OPENS
    desk.show(code)
    assert desk.refusal(code, TABLET) == NOTHING_OPENS
    clock.forward(days=7, seconds=1)
    assert desk.refusal(code) == NOTHING_OPENS


def test_a_code_lasts_seven_days(desk: Desk, code: str, clock: Clock) -> None:
    clock.forward(days=7)
    assert desk.show(code).person_id == "person-ana"


def test_the_same_device_may_ask_again_until_its_session_is_used(desk: Desk, code: str, phone: Phone) -> None:
    lost = desk.show(code)
    again = desk.show(code)
    assert again.refresh_token == lost.refresh_token
    phone.show(again)
    assert desk.refusal(code) == NOTHING_OPENS


def test_a_code_whose_session_ended_stays_used(desk: Desk, code: str, tenant_id: UUID, clock: Clock) -> None:
    desk.show(code)
    with desk.database.begin(tenant_id) as connection:
        sessions.end(connection, tenant_id, session.c.device_id == "phone-of-ana", "test", clock())
    assert desk.refusal(code) == NOTHING_OPENS


def test_a_new_code_voids_the_one_before(desk: Desk, code: str, tenant_id: UUID, clock: Clock) -> None:
    with desk.database.begin(tenant_id) as connection:
        second = sign_in.make_code(connection, tenant_id, "person-ana", clock())
        sign_in.make_code(connection, tenant_id, "person-eva", clock())
    assert desk.refusal(code) == NOTHING_OPENS
    assert desk.show(second).person_id == "person-ana"


def test_ten_devices_with_one_code_get_one_session(desk: Desk, code: str) -> None:
    together = Barrier(10)

    def show(number: int) -> str:
        together.wait()
        try:
            return desk.show(code, (f"device-{number}", "Somebody's")).device_id
        except Refused as refused:
            return refused.problem.slug

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(show, range(10)))
    assert answers[:9] == ["code-not-valid"] * 9
    assert answers[9].startswith("device-")
