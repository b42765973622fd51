"""Sessions: a lost answer never signs a phone out, and a copied token always ends the session."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from schemas.problems import Problem, Refused
from service.accounts import directory, sessions
from service.accounts.models import session
from service.accounts.sessions import Pair
from service.accounts.tokens import Refresh, Tokens
from service.database import Database
from tests.accounts.conftest import Clock, Phone


def assert_ended(phone: Phone, pair: Pair) -> Refused:
    with pytest.raises(Refused) as refused:
        phone.refresh(pair)
    assert refused.value.problem is Problem.SESSION_ENDED
    return refused.value


def test_each_refresh_gives_the_next_generation(phone: Phone) -> None:
    first = phone.sign_in()
    second = phone.refresh(first)
    third = phone.refresh(second)
    generations = [
        phone.tokens.read_refresh(pair.refresh_token).generation for pair in (first, second, third)
    ]
    assert generations == [1, 2, 3]
    assert (second.person_id, second.device_id, second.token_type, second.expires_in) == (
        "person-ana",
        "phone-of-ana",
        "Bearer",
        600,
    )


def test_a_lost_answer_is_given_again_even_weeks_later(phone: Phone, clock: Clock) -> None:
    first = phone.sign_in()
    lost = phone.refresh(first)
    clock.forward(days=30)
    again = phone.refresh(first)
    assert again.refresh_token == lost.refresh_token
    assert phone.refresh(again).refresh_token != again.refresh_token
    assert phone.reason() is None


@pytest.mark.parametrize("shown", ["access", "refresh"])
def test_a_token_whose_successor_was_seen_is_a_copy(phone: Phone, clock: Clock, shown: str) -> None:
    first = phone.sign_in()
    second = phone.refresh(first)
    newest = second
    if shown == "access":
        phone.show(second)
    else:
        newest = phone.refresh(second)
    clock.forward(seconds=61)
    assert_ended(phone, first)
    assert phone.reason() == "a refresh token was used twice"
    assert_ended(phone, newest)


def test_requests_that_crossed_get_the_same_successor_for_a_minute(phone: Phone, clock: Clock) -> None:
    first = phone.sign_in()
    second = phone.refresh(first)
    clock.forward(minutes=5)
    phone.show(second)
    clock.forward(seconds=60)
    assert phone.refresh(first).refresh_token == second.refresh_token
    clock.forward(seconds=1)
    assert_ended(phone, first)


def test_a_token_two_generations_old_ends_the_session_at_once(phone: Phone) -> None:
    first = phone.sign_in()
    third = phone.refresh(phone.refresh(first))
    assert_ended(phone, first)
    assert_ended(phone, third)
    assert phone.reason() == "a refresh token was used twice"


def test_a_generation_that_a_restored_backup_does_not_know_goes_on(phone: Phone) -> None:
    first = phone.sign_in()
    shown = phone.tokens.read_refresh(first.refresh_token)
    ahead = phone.tokens.write_refresh(Refresh(shown.tenant_id, shown.session_id, 5))
    following = sessions.refresh(phone.database, phone.tokens, ahead, phone.clock)
    assert phone.tokens.read_refresh(following.refresh_token).generation == 6
    assert phone.reason() is None
    with pytest.raises(Refused, match="session-ended"):
        phone.refresh(first)
    assert phone.reason() == "a refresh token was used twice"


def test_a_thief_and_the_phone_cannot_both_go_on(phone: Phone, clock: Clock) -> None:
    """Whoever of the two renews second with a stale token ends it for both."""
    stolen = phone.sign_in()
    thiefs = phone.refresh(stolen)
    phone.show(thiefs)
    clock.forward(minutes=10)
    assert_ended(phone, stolen)
    assert_ended(phone, thiefs)


def test_twenty_refreshes_at_once_give_one_successor(phone: Phone) -> None:
    first = phone.sign_in()
    together = Barrier(20)

    def refresh(_: int) -> str:
        together.wait()
        return phone.refresh(first).refresh_token

    with ThreadPoolExecutor(20) as pool:
        successors = list(pool.map(refresh, range(20)))
    assert len(set(successors)) == 1
    assert phone.tokens.read_refresh(successors[0]).generation == 2
    assert phone.reason() is None


def test_a_refresh_judges_the_row_as_it_is_when_its_turn_comes(phone: Phone) -> None:
    """Without the lock it would turn a generation read long ago, and set the session back."""
    first = phone.sign_in()
    shown = phone.tokens.read_refresh(first.refresh_token)
    with ThreadPoolExecutor(1) as pool:
        with phone.database.begin(phone.tenant_id) as connection:
            assert sessions.find(connection, phone.tenant_id, shown.session_id, lock=True) is not None
            late = pool.submit(phone.refresh, first)
            time.sleep(0.5)
            this = update(session).where(
                session.c.tenant_id == phone.tenant_id, session.c.id == shown.session_id
            )
            connection.execute(this.values(generation=3, confirmed=2, confirmed_at=phone.clock()))
        with pytest.raises(Refused, match="session-ended"):
            late.result(timeout=10)
    assert phone.reason() == "a refresh token was used twice"


def test_a_session_idle_for_more_than_180_days_ends(phone: Phone, clock: Clock) -> None:
    first = phone.sign_in()
    clock.forward(days=180)
    second = phone.refresh(first)
    clock.forward(days=180, seconds=1)
    assert_ended(phone, second)
    assert phone.reason() == "not used for 180 days"


def test_a_session_ends_after_400_days_however_used(phone: Phone, clock: Clock) -> None:
    pair = phone.sign_in()
    for _ in range(4):
        clock.forward(days=100)
        pair = phone.refresh(pair)
    clock.forward(seconds=1)
    assert_ended(phone, pair)
    assert phone.reason() == "400 days old"


def test_signing_in_anew_on_a_device_ends_the_earlier_session_there(phone: Phone) -> None:
    first = phone.sign_in()
    second = phone.sign_in()
    assert assert_ended(phone, first).detail == "the person signed in anew on this device"
    assert phone.refresh(second).device_id == "phone-of-ana"


def test_signing_in_on_another_device_leaves_the_first_alone(phone: Phone) -> None:
    first = phone.sign_in()
    phone.device_id = "tablet-of-ana"
    phone.sign_in()
    assert phone.refresh(first).device_id == "phone-of-ana"


def test_a_removed_device_is_asked_to_wipe_itself(phone: Phone) -> None:
    first = phone.sign_in()
    with phone.database.begin(phone.tenant_id) as connection:
        this = session.c.device_id == "phone-of-ana"
        assert (
            sessions.end(connection, phone.tenant_id, this, sessions.REMOVED, phone.clock(), wipe=True) == 1
        )
    assert assert_ended(phone, first).extra == {"wipe": True}


def test_what_has_ended_is_not_ended_again(phone: Phone) -> None:
    first = phone.sign_in()
    this = session.c.device_id == "phone-of-ana"
    with phone.database.begin(phone.tenant_id) as connection:
        assert sessions.end(connection, phone.tenant_id, this, sessions.SIGNED_OUT, phone.clock()) == 1
        assert (
            sessions.end(connection, phone.tenant_id, this, sessions.REMOVED, phone.clock(), wipe=True) == 0
        )
    ended = assert_ended(phone, first)
    assert (ended.detail, ended.extra) == ("signed out", {})


def test_a_session_of_another_tenant_is_not_found(phone: Phone, database: Database, tokens: Tokens) -> None:
    """The HMAC holds, as for a token of a mistaken programmer; the walls still do not let it through."""
    shown = tokens.read_refresh(phone.sign_in().refresh_token)
    with database.begin_reference() as connection:
        south = directory.create_tenant(connection, "south", "South district", phone.clock())
    crossed = tokens.write_refresh(Refresh(south, shown.session_id, 1))
    with pytest.raises(Refused, match="session-ended"):
        sessions.refresh(database, tokens, crossed, phone.clock)
    assert phone.reason() is None


def test_a_session_that_never_was_has_ended(database: Database, tokens: Tokens, tenant_id: UUID) -> None:
    token = tokens.write_refresh(Refresh(tenant_id, uuid4(), 1))
    with pytest.raises(Refused, match="session-ended"):
        sessions.refresh(database, tokens, token)


def test_showing_a_token_waits_for_nobody(phone: Phone) -> None:
    """A push that holds the row for seconds must not hold up the other requests of the phone."""
    pair = phone.sign_in()
    claims = phone.tokens.read_access(pair.access_token)
    with phone.database.begin(phone.tenant_id) as connection:
        assert sessions.find(connection, phone.tenant_id, claims.session_id, lock=True) is not None
        phone.show(pair)
    with phone.database.begin(phone.tenant_id) as connection:
        row = sessions.find(connection, phone.tenant_id, claims.session_id)
    assert row is not None
    assert row.confirmed == 0
    phone.show(pair)
    with phone.database.begin(phone.tenant_id) as connection:
        row = sessions.find(connection, phone.tenant_id, claims.session_id)
    assert row is not None
    assert row.confirmed == 1
