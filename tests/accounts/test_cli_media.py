"""The operator's commands about recordings that are held."""

from __future__ import annotations

from uuid import UUID

from service.database import Database
from service.records import KINDS
from sync.changes import Change
from sync.server.actor import system_actor
from sync.server.push import Door
from tests.accounts.test_cli import Shell, riverbend, shell

__all__ = ["riverbend", "shell"]
FILM = {"visit_id": "visit-one-1", "state": "incident_hold"}


def test_what_is_held_is_listed_and_released(shell: Shell, riverbend: str) -> None:
    where = ("--tenant", "riverbend")
    assert shell.words("media", "holds", *where) == "Nothing is held."
    tenant_id, database = UUID(riverbend), Database(shell.env["DATABASE_URL"])
    said = [
        Change("op-1", "people", "hana-0000", {"display_name": "Hana", "roles": ["teacher"]}),
        Change("op-2", "visits", "visit-one-1", {"host_id": "hana-0000", "state": "captured"}),
        Change("op-3", "media", "film-one-1", FILM),
    ]
    with database.begin(tenant_id) as connection:
        outcomes = Door(KINDS).push(connection, system_actor(tenant_id), said)
    database.dispose()
    assert [outcome.problem for outcome in outcomes] == [None] * 3
    assert shell.words("media", "holds", *where) == "film-one-1\tvisit visit-one-1\theld by system"
    assert [one["id"] for one in shell.told("media", "holds", *where)] == ["film-one-1"]
    assert shell.refusal("media", "release", "film-none", *where) == "There is no recording film-none."
    assert shell.told("media", "release", "film-one-1", *where) == {"id": "film-one-1", "state": "ready"}
    assert shell.refusal("media", "release", "film-one-1", *where) == "film-one-1 is not held: it is ready."
