"""What the server said last: what may replace what, and what a pull drops."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.client.replica import Doubt, Replica, Row, Stored
from sync.client.store import Store

ONE = {"id": "visit-0001", "text": "one"}
TWO = {"id": "visit-0001", "text": "two"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "phone.sqlite", durable=False)


@pytest.fixture
def replica(store: Store) -> Replica:
    return Replica(store)


def pulled(replica: Replica, seq: int, record: dict[str, str] | None, more: bool = False) -> bool:
    return replica.take_page([Row("visits", "visit-0001", seq, record)], f"cursor-{seq}", more)


def queue(store: Store) -> None:
    """Something typed on the record: its tombstone must stay until that is answered."""
    store.run("INSERT INTO outbox VALUES (1, 'op-1', 'visits', 'visit-0001', 5, '{}', 0, 'sent')")


def test_a_newer_answer_is_adopted_until_a_pull_confirms_it(replica: Replica) -> None:
    pulled(replica, 5, ONE)
    replica.adopt("visits", "visit-0001", 6, TWO)
    assert replica.find("visits", "visit-0001") == Stored(6, TWO, Doubt.UNCONFIRMED)
    pulled(replica, 6, TWO)
    assert replica.find("visits", "visit-0001") == Stored(6, TWO)


def test_an_older_answer_is_not(replica: Replica) -> None:
    pulled(replica, 7, TWO)
    replica.adopt("visits", "visit-0001", 6, ONE)
    assert replica.find("visits", "visit-0001") == Stored(7, TWO)


def test_no_answer_raises_a_deleted_record(replica: Replica, store: Store) -> None:
    queue(store)
    pulled(replica, 5, ONE)
    assert pulled(replica, 7, None) is True
    replica.adopt("visits", "visit-0001", 9, TWO)
    assert replica.find("visits", "visit-0001") == Stored(7, None)
    pulled(replica, 9, TWO)  # a pull does: it can be seen again
    assert replica.find("visits", "visit-0001") == Stored(9, TWO)


def test_a_tombstone_is_forgotten_once_nothing_is_queued(replica: Replica, store: Store) -> None:
    queue(store)
    pulled(replica, 7, None)
    assert replica.find("visits", "visit-0001") == Stored(7, None)
    store.run("DELETE FROM outbox")
    replica.bury()
    assert replica.find("visits", "visit-0001") is None


def test_what_an_answer_brought_and_no_pull_confirms_goes(replica: Replica) -> None:
    replica.adopt("visits", "visit-0002", 6, TWO)
    assert pulled(replica, 5, ONE, more=True) is False
    assert set(replica.records("visits")) == {"visit-0001", "visit-0002"}
    assert pulled(replica, 8, ONE) is True
    assert set(replica.records("visits")) == {"visit-0001"}


def test_after_a_reset_numbers_mean_nothing_until_they_come_again(replica: Replica) -> None:
    pulled(replica, 5, ONE)
    replica.begin_again()
    stored = replica.find("visits", "visit-0001")
    assert (stored, stored and stored.base_seq, replica.cursor) == (Stored(5, ONE, Doubt.OLD), None, None)
    pulled(replica, 3, TWO)  # a restored server's numbers may be lower
    assert replica.find("visits", "visit-0001") == Stored(3, TWO)


def test_the_digest_is_the_documented_one(replica: Replica) -> None:
    assert replica.digest("visits") == (0, "0000000000000000")
    replica.take_page(
        [Row("visits", "visit-0001", 5, ONE), Row("visits", "visit-0002", 6, TWO)], "cursor", False
    )
    # sha256("visit-0001:5")[:8] ^ sha256("visit-0002:6")[:8]
    assert replica.digest("visits") == (2, "1dc2c41ce045f070")
