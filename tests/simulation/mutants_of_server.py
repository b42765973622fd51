"""Bugs planted in the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sync.changes import Change, Outcome, Status
from sync.merge import Policy, fields
from sync.server import history, ledger, underway
from sync.server.actor import Actor
from sync.server.filing import Filing
from sync.server.judge import Judge, Verdict
from sync.server.overlay import Key, Row
from sync.server.receipts import Receipts
from sync.server.statement import Statement


def receipts_are_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Receipts, "heard", lambda self, actor, change: None)


def receipts_do_not_ask_what_was_said(patch: pytest.MonkeyPatch) -> None:
    def heard(self: Receipts, actor: Actor, change: Change) -> Outcome | None:
        known = self._known.get(change.op_id)
        return replace(known.outcome, status=Status.REPEATED, first=known.outcome.status) if known else None

    patch.setattr(Receipts, "heard", heard)


def children_keep_their_audience(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Filing, "_refile_children", lambda self, key: None)


def the_last_text_wins(patch: pytest.MonkeyPatch) -> None:
    def take(merging: fields.Merging, into: fields.Merged, name: str, value: Any) -> None:
        into.take(name, value)

    for policy in (Policy.TEXT, Policy.AUTHOR):
        patch.setitem(fields._BOTH_CHANGED, policy, take)


def a_device_may_overwrite_its_own_words(patch: pytest.MonkeyPatch) -> None:
    def wrote(self: Judge, actor: Actor, change: Change, row: Row, name: str) -> bool:
        return row.writer(name)[1:] == (actor.device_id, actor.person_id)

    patch.setattr(Judge, "_wrote", wrote)


def what_is_held_is_never_woken(patch: pytest.MonkeyPatch) -> None:
    again: Callable[..., Outcome] = underway.Push._again

    def answer(self: underway.Push, actor: Actor, change: Change, heard: Outcome) -> Outcome:
        return heard if heard.first is Status.HELD else again(self, actor, change, heard)

    patch.setattr(underway.Push, "_wake", lambda self: {})
    patch.setattr(underway.Push, "_again", answer)


def history_is_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(history, "keeping", lambda tenant_id, replaced: [])


def rejected_writes_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(underway.Push, "_keep_write", lambda self, actor, change, problem: None)


def what_was_deleted_can_be_made_again(patch: pytest.MonkeyPatch) -> None:
    verdict: Callable[..., Verdict] = Judge.verdict

    def forgetful(self: Judge, actor: Actor, change: Change) -> Verdict:
        row = self.stage.row((change.collection, change.id))
        if row is not None and row.record is None and not change.deleted:
            return self._create(actor, self._kind(actor, change), replace(change, base_seq=None))
        return verdict(self, actor, change)

    patch.setattr(Judge, "verdict", forgetful)


def a_refusal_tells_what_stands_there(patch: pytest.MonkeyPatch) -> None:
    def seen_by(self: underway.Push, actor: Actor, key: Key) -> Row | None:
        row = self.stage.row(key)
        return row if row is not None and row.record is not None else None

    patch.setattr(underway.Push, "_seen_by", seen_by)


def a_merge_is_called_applied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Verdict, "holds", lambda self, record: True)


def a_body_is_written_once(patch: pytest.MonkeyPatch) -> None:
    said = ledger._STORE.text
    stale = said.replace("body = excluded.body", "body = sync_document.body")
    assert stale != said
    patch.setattr(ledger, "_STORE", Statement(stale))


PLANTS = (
    receipts_are_ignored,
    receipts_do_not_ask_what_was_said,
    children_keep_their_audience,
    the_last_text_wins,
    a_device_may_overwrite_its_own_words,
    what_is_held_is_never_woken,
    history_is_not_written,
    rejected_writes_are_not_kept,
    what_was_deleted_can_be_made_again,
    a_refusal_tells_what_stands_there,
    a_merge_is_called_applied,
    a_body_is_written_once,
)
