"""Pushes that meet in one process go together; each hears of her own, and nobody fails for another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import exc, text

from service.api import sync, together
from sync.changes import Outcome
from sync.server.push import Door
from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, caller, put, services_of

PUSH, VISIT = "/v1/sync/push", "visit-of-all"
PHONES = 6


@pytest.fixture
def phones(app: Flask, tenant_id: UUID) -> list[Caller]:
    """Phones of one observer."""
    put(services_of(app), tenant_id, "visits", VISIT, host_id=HANA, observer_ids=[OLGA])
    return [caller(app, tenant_id, OLGA, f"phone-number-{number}") for number in range(PHONES)]


def note(number: int, **more: Any) -> dict[str, Any]:
    fields = {"visit_id": VISIT, "note_kind": "noticing", "text": f"word {number}"}
    return {
        "op_id": f"op-{number}",
        "collection": "notes",
        "id": f"note-number-{number}",
        "fields": fields,
    } | more


@contextmanager
def all_meet(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The first push waits at the door until all others stand in line; yields how many went through it together each time."""
    sizes: list[int] = []
    lines: list[together.Together] = []
    push, line = Door.push_together, together.Together.push

    def all_stand() -> bool:
        with lines[0]._mutex:
            return sum(map(len, lines[0]._lines.values())) == PHONES - 1

    def slow(self: Door, connection: Any, arrivals: Any) -> list[list[Outcome]]:
        sizes.append(len(arrivals))
        end = monotonic() + 10
        while len(sizes) == 1 and not all_stand() and monotonic() < end:
            sleep(0.001)
        return push(self, connection, arrivals)

    def stand(self: together.Together, services: Any, sent: Any) -> list[Outcome]:
        lines.append(self)
        return line(self, services, sent)

    monkeypatch.setattr(Door, "push_together", slow)
    monkeypatch.setattr(together.Together, "push", stand)
    yield sizes


def push_at_once(phones: list[Caller], changes: list[list[dict[str, Any]]]) -> list[Any]:
    with ThreadPoolExecutor(len(phones)) as threads:
        return list(
            threads.map(lambda one: one[0].post(PUSH, {"changes": one[1]}), zip(phones, changes, strict=True))
        )


def statuses(answers: list[Any]) -> list[list[str]]:
    return [[outcome["status"] for outcome in answer.json["outcomes"]] for answer in answers]


def test_pushes_that_meet_share_a_transaction(phones: list[Caller], monkeypatch: pytest.MonkeyPatch) -> None:
    with all_meet(monkeypatch) as sizes:
        answers = push_at_once(phones, [[note(number)] for number in range(PHONES)])
    assert statuses(answers) == [["applied"]] * PHONES
    assert sizes == [1, PHONES - 1]
    seqs = sorted(answer.json["outcomes"][0]["seq"] for answer in answers)
    assert seqs == list(range(seqs[0], seqs[0] + PHONES))
    ids = [answer.json["outcomes"][0]["id"] for answer in answers]
    assert ids == [f"note-number-{number}" for number in range(PHONES)]  # each heard of her own


def test_one_op_sent_twice_at_once_is_applied_once(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    with all_meet(monkeypatch) as sizes:
        answers = push_at_once(phones, [[note(1)]] * PHONES)
    assert sizes == [1, PHONES - 1]
    assert sorted(status for (status,) in statuses(answers)) == ["applied"] + ["repeated"] * (PHONES - 1)
    assert len({answer.json["outcomes"][0]["seq"] for answer in answers}) == 1


def test_the_raw_push_of_each_is_kept_as_hers(
    app: Flask, tenant_id: UUID, phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    with all_meet(monkeypatch):
        push_at_once(phones, [[note(number)] for number in range(PHONES)])
    with services_of(app).database.begin(tenant_id) as connection:
        kept = connection.execute(
            text("SELECT device_id, body FROM sync_inbox WHERE tenant_id = :tenant AND person_id = :olga"),
            {"tenant": tenant_id, "olga": OLGA},
        ).all()
    assert {device: f"op-{device[-1]}" in body for device, body in kept} == {
        f"phone-number-{number}": True for number in range(PHONES)
    }


def test_a_session_that_ended_fails_alone(phones: list[Caller], monkeypatch: pytest.MonkeyPatch) -> None:
    assert phones[3].post("/v1/sign-out").status_code == 204
    with all_meet(monkeypatch):
        answers = push_at_once(phones, [[note(number)] for number in range(PHONES)])
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401, 200, 200]


def test_rows_that_are_no_changes_are_told_to_whom_sent_them(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    with all_meet(monkeypatch):
        answers = push_at_once(
            phones, [[note(number), {"op_id": f"no-{number}"}] for number in range(PHONES)]
        )
    assert statuses(answers) == [["applied", "rejected"]] * PHONES
    assert [answer.json["outcomes"][1]["op_id"] for answer in answers] == [
        f"no-{number}" for number in range(PHONES)
    ]


def test_a_fault_of_ours_over_one_push_spoils_no_other(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = together._push

    def stumbles(let_in: Any) -> None:
        if any("op-4" in sent.raw for sent, _ in let_in):
            raise RuntimeError("a bug")
        whole(let_in)

    with all_meet(monkeypatch) as sizes:
        monkeypatch.setattr(together, "_push", stumbles)
        answers = push_at_once(phones, [[note(number)] for number in range(PHONES)])
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 500, 200]
    assert sizes == [1] * (PHONES - 1)


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (exc.OperationalError("", None, psycopg.OperationalError("away")), 2),
        (exc.OperationalError("", None, psycopg.errors.QueryCanceled("too long")), 1 + PHONES),
    ],
    ids=["away", "too long"],
)
def test_who_waits_for_a_server_that_is_away_waits_once(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch, fault: exc.OperationalError, tries: int
) -> None:
    tried: list[int] = []
    whole = together._push

    def fails(let_in: Any) -> None:
        tried.append(len(let_in))
        if tried[0] == 1 and len(tried) == 1:
            return whole(let_in)  # the first, behind whom all others stand in line
        raise type(fault)("", None, fault.orig)

    with all_meet(monkeypatch):
        monkeypatch.setattr(together, "_push", fails)
        answers = push_at_once(phones, [[note(number)] for number in range(PHONES)])
    assert sorted(answer.status_code for answer in answers) == [200] + [503] * (PHONES - 1)
    assert len(tried) == tries


def test_more_than_the_door_takes_at_once_goes_in_turns(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [[note(1000 * phone + number) for number in range(200)] for phone in range(PHONES)]
    with all_meet(monkeypatch) as sizes:
        answers = push_at_once(phones, changes)
    assert statuses(answers) == [["applied"] * 200] * PHONES
    assert sizes == [1, 2, 2, 1]


def test_nobody_waits_for_ever_behind_one_that_hangs(
    phones: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    hung, released, whole = Event(), Event(), together._push

    def hangs(let_in: Any) -> None:
        if any("op-0" in sent.raw for sent, _ in let_in) and not hung.is_set():
            hung.set()
            released.wait(20)
        whole(let_in)

    monkeypatch.setattr(together, "_push", hangs)
    monkeypatch.setattr(together, "PATIENCE_S", 0.5)
    with ThreadPoolExecutor(1) as aside:
        first = aside.submit(phones[0].post, PUSH, {"changes": [note(0)]})
        assert hung.wait(10)
        answers = push_at_once(phones[1:], [[note(number)] for number in range(1, PHONES)])
        assert statuses(answers) == [["applied"]] * (PHONES - 1)
        assert not first.done()
        released.set()
        assert statuses([first.result()]) == [["applied"]]
    assert statuses([phones[0].post(PUSH, {"changes": [note(99)]})]) == [
        ["applied"]
    ]  # the line is free again
    assert together.Together()._lines == sync.LINES._lines == {}
