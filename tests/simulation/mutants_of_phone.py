"""Bugs planted in the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pytest

from sync.changes import Outcome, Status
from sync.client import answers
from sync.client.answers import Answers
from sync.client.exchange import Exchange
from sync.client.outbox import Outbox, Queued
from sync.client.replica import Doubt, Replica, Row
from sync.client.store import Store
from sync.client.written import Written


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
        self._store.run_many(
            "DELETE FROM outbox WHERE collection = ? AND id = ?", [(row.collection, row.id) for row in rows]
        )
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


def a_restored_server_is_not_sent_what_it_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Written, "send_again", lambda self, replica, outbox, person_id, writable: None)


def a_reset_empties_the_outbox(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "unbase", lambda self: self._store.run("DELETE FROM outbox"))


def a_removed_phone_keeps_its_file(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "erase", Store.close)


def an_answer_overwrites_what_is_newer(patch: pytest.MonkeyPatch) -> None:
    def adopt(
        self: Replica, collection: str, record_id: str, seq: int, record: Mapping[str, Any] | None
    ) -> None:
        body = None if record is None else orjson.dumps(record)
        row = (collection, record_id, seq, record is None, body, Doubt.NONE)
        self._store.run("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", *row)

    patch.setattr(Replica, "adopt", adopt)


def later_typing_ignores_the_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "_set_upon", lambda later, change, outcome, before: later)


def a_repetition_is_no_answer(patch: pytest.MonkeyPatch) -> None:
    take: Callable[..., Status] = Answers.take

    def deaf(self: Answers, change: Queued, outcome: Outcome) -> Status:
        return outcome.status if outcome.status is Status.REPEATED else take(self, change, outcome)

    patch.setattr(Answers, "take", deaf)


PLANTS = (
    the_outbox_forgets_before_the_answer,
    what_is_pulled_overwrites_what_waits,
    the_cursor_is_stored_before_the_rows,
    what_was_sent_can_still_be_typed_into,
    tombstones_are_passed_over,
    what_is_in_doubt_stays,
    a_restored_server_is_not_sent_what_it_lost,
    a_reset_empties_the_outbox,
    a_removed_phone_keeps_its_file,
    an_answer_overwrites_what_is_newer,
    later_typing_ignores_the_answer,
    a_repetition_is_no_answer,
)
