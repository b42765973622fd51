"""Bugs to plant in the dialects, each a few lines: what would it take to notice them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from schemas import watermelon as words
from sync.changes import Change, Outcome
from sync.server import underway
from sync.server.actor import SYSTEM, Actor
from sync.server.dialects import rxdb, watermelon
from sync.server.dialects.watermelon import Asked, Pulled
from sync.server.feed import Page
from sync.server.overlay import Key, Row
from sync.server.push import Door

Plant = Callable[[pytest.MonkeyPatch], None]


def rxdb_hears_of_nothing_that_is_gone(patch: pytest.MonkeyPatch) -> None:
    text = rxdb.page_text
    patch.setattr(rxdb, "page_text", lambda page: text(_without_tombstones(page)))


def _without_tombstones(page: Page) -> Page:
    return replace(page, pieces=[one for one in page.pieces if not one.endswith(b'"_deleted": true')])


def rxdb_is_never_corrected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rxdb, "answer", lambda outcome, *, deleted=False: None)


def watermelon_hears_of_nothing_that_is_gone(patch: pytest.MonkeyPatch) -> None:
    table = watermelon._table
    patch.setattr(watermelon, "_table", lambda *of: table(*of) | {"deleted": []})


def watermelon_gets_nothing_anew_for_a_migration(patch: pytest.MonkeyPatch) -> None:
    pull = watermelon.pull

    def careless(connection: Connection, actor: Actor, asked: Asked) -> Pulled:
        return pull(connection, actor, replace(asked, anew=()))

    patch.setattr(watermelon, "pull", careless)


def watermelon_is_not_told_what_was_cleared(patch: pytest.MonkeyPatch) -> None:
    outward = words.outward

    def without_nulls(*of: Any) -> dict[str, Any]:
        return {name: value for name, value in outward(*of).items() if value is not None}

    patch.setattr(words, "outward", without_nulls)


def what_was_refused_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(underway.Push, "_keep_write", lambda self, actor, change, problem: None)


def a_refusal_shows_what_stands_there(patch: pytest.MonkeyPatch) -> None:
    def seen_by(self: underway.Push, person_id: str, key: Key) -> Row | None:
        row = self.stage.row(key)
        return row if row is not None and row.record is not None else None

    patch.setattr(underway.Push, "_seen_by", seen_by)


def foreign_rows_are_accepted(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks who pushes."""
    push_it = Door.push

    def careless(
        self: Door, connection: Connection, actor: Actor, changes: Sequence[Change], raw: str | None = None
    ) -> list[Outcome]:
        return push_it(self, connection, replace(actor, roles=frozenset({SYSTEM})), changes, raw)

    patch.setattr(Door, "push", careless)


PLANTS: tuple[Plant, ...] = (
    rxdb_hears_of_nothing_that_is_gone,
    rxdb_is_never_corrected,
    watermelon_hears_of_nothing_that_is_gone,
    watermelon_gets_nothing_anew_for_a_migration,
    watermelon_is_not_told_what_was_cleared,
    what_was_refused_is_not_kept,
    a_refusal_shows_what_stands_there,
    foreign_rows_are_accepted,
)
