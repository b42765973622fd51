"""PostgreSQL gives up on what takes too long, and the asker is told to come again."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, text

from service import database
from sync.server import feed
from sync.server.actor import Actor
from tests.builders import Caller, services_of
from tests.conftest import owner_url

ASKED = "/v1/sync/digest?collection=notes"
NOTES = text("SELECT count(*) FROM notes WHERE tenant_id = :tenant")
Doing = Callable[[Connection, UUID], object]


def test_the_limits_hold_in_every_transaction(app: Flask, tenant_id: UUID) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with services_of(app).database.begin(tenant_id) as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in names]
    assert shown == ["5s", "2s", "10s"]


def hurried(monkeypatch: pytest.MonkeyPatch, limit: str, doing: Doing) -> None:
    """Let one of the limits be a fifth of a second, and a view do this."""
    name, _, usual = limit.partition(" ")
    assert f"{name} = '{usual}'" in database._START
    short = database._START.replace(f"{name} = '{usual}'", f"{name} = '200ms'")
    monkeypatch.setattr(database, "_START", short)

    def dawdle(connection: Connection, actor: Actor, _: str) -> object:
        return doing(connection, actor.tenant_id)

    monkeypatch.setattr(feed, "digest", dawdle)


def told_to_come_again(hana: Caller) -> None:
    answer = hana.get(ASKED)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable"), answer.json
    assert answer.headers["Retry-After"] == "2"
    assert hana.get("/v1/people").status_code == 200


def test_a_statement_that_takes_too_long(hana: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    hurried(
        monkeypatch,
        "statement_timeout 5s",
        lambda connection, _: connection.execute(text("SELECT pg_sleep(3)")),
    )
    told_to_come_again(hana)


def test_a_lock_that_somebody_keeps(
    hana: Caller, monkeypatch: pytest.MonkeyPatch, session_database_url: str
) -> None:
    hurried(
        monkeypatch,
        "lock_timeout 2s",
        lambda connection, tenant: connection.execute(NOTES, {"tenant": tenant}),
    )
    with psycopg.connect(owner_url(session_database_url).replace("+psycopg", "")) as keeper:
        keeper.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
        told_to_come_again(hana)


def test_a_transaction_in_which_nothing_happens(hana: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def dawdle(connection: Connection, tenant: UUID) -> object:
        time.sleep(0.6)
        return connection.execute(NOTES, {"tenant": tenant})

    hurried(monkeypatch, "idle_in_transaction_session_timeout 10s", dawdle)
    told_to_come_again(hana)
