"""Bugs planted in the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from sync.client.exchange import Exchange
from sync.client.outbox import Outbox, Queued
from sync.client.replica import Replica, Row


def the_outbox_forgets_before_the_answer(patch: pytest.MonkeyPatch) -> None:
    freeze: Callable[..., list[Queued]] = Exchange._freeze

    def hasty(self: Exchange, size: int) -> list[Queued]:
        changes = freeze(self, size)
        with self.store.transaction():
            for change in changes:
                self.outbox.drop(change.op_id)
        return changes

    patch.setattr(Exchange, "_freeze", hasty)


def what_is_pulled_overwrites_what_waits(patch: pytest.MonkeyPatch) -> None:
    take_page: Callable[..., bool] = Replica.take_page

    def rude(self: Replica, rows: Sequence[Row], cursor: str, more: bool) -> bool:
        for row in rows:
            self._store.run("DELETE FROM outbox WHERE collection = ? AND id = ?", row.collection, row.id)
        return take_page(self, rows, cursor, more)

    patch.setattr(Replica, "take_page", rude)


def the_cursor_is_stored_before_the_rows(patch: pytest.MonkeyPatch) -> None:
    take_page: Callable[..., bool] = Exchange._take_page

    def early(self: Exchange, page: Mapping[str, Any], cursor: str | None) -> bool:
        with self.store.transaction():
            self.store.set("cursor", page["cursor"])
        return take_page(self, page, cursor)

    patch.setattr(Exchange, "_take_page", early)


def what_was_sent_can_still_be_typed_into(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "freeze", Outbox.next)


def tombstones_are_passed_over(patch: pytest.MonkeyPatch) -> None:
    take_page: Callable[..., bool] = Replica.take_page

    def blind(self: Replica, rows: Sequence[Row], cursor: str, more: bool) -> bool:
        return take_page(self, [row for row in rows if row.record is not None], cursor, more)

    patch.setattr(Replica, "take_page", blind)


def what_is_in_doubt_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Replica, "_drop_the_doubtful", lambda self: 0)


PLANTS = (
    the_outbox_forgets_before_the_answer,
    what_is_pulled_overwrites_what_waits,
    the_cursor_is_stored_before_the_rows,
    what_was_sent_can_still_be_typed_into,
    tombstones_are_passed_over,
    what_is_in_doubt_stays,
)
