"""Bugs planted in what is read: the pull statement without each of its musts, cursors, and the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from service.database import _START, _of
from sync.cursor import Cursor
from sync.server import feed, ledger, sequence
from sync.server.feed import Page
from sync.server.filing import Filing
from sync.server.kind import Grant
from sync.server.overlay import Row
from sync.server.stage import Stage
from sync.server.statement import Statement, ask
from sync.server.tables import clock
from tests.sync.server import test_pull_ablations as ablations


def a_grant_takes_no_block(patch: pytest.MonkeyPatch) -> None:
    grant = Filing.grant

    def short(filing: Filing, change: Grant) -> None:
        before = filing.stage.overlay.seq
        grant(filing, change)
        if filing.stage.overlay.seq > before and change.active:
            kept = filing.stage.overlay.memberships[change.person_id, change.scope_id]
            filing.stage.overlay.memberships[change.person_id, change.scope_id] = replace(kept, len=0)
            filing.stage.overlay.seq = before + 1

    patch.setattr(Filing, "grant", short)


def a_grant_comes_under_one_number(patch: pytest.MonkeyPatch) -> None:
    ablations.without_blocks(patch)


def a_revocation_takes_no_block(patch: pytest.MonkeyPatch) -> None:
    ablations.without_revoke_blocks(patch)


def a_pull_asks_one_scope_alone(patch: pytest.MonkeyPatch) -> None:
    ablations.without_other_scopes(patch)


def a_second_grant_is_taken_for_the_first(patch: pytest.MonkeyPatch) -> None:
    ablations.without_first_base(patch)


def nobody_knows_when_a_phone_was_born(patch: pytest.MonkeyPatch) -> None:
    ablations.without_boot(patch)


def the_clock_row_is_not_held(patch: pytest.MonkeyPatch) -> None:
    """Numbers come from something like a sequence: taken without a lock, and seen before the rows are."""
    store = ledger.store

    def hasty(stage: Stage, *written: Any) -> None:
        tenant_id = stage.sequence.tenant_id
        with stage.connection.engine.begin() as own:
            ask(own, f"{_START}; {_of(tenant_id)}")
            own.execute(update(clock).where(clock.c.tenant_id == tenant_id).values(seq=stage.overlay.seq))
        store(stage, *written)

    patch.setattr(sequence, "_LOCK", sequence._READ)
    patch.setattr(ledger, "store", hasty)


def a_cursor_runs_ahead_of_its_page(patch: pytest.MonkeyPatch) -> None:
    paged = feed.paged

    def hasty(found: Sequence[Any], names: Sequence[str], cursor: Cursor, limit: int) -> Page | None:
        page = paged(found, names, cursor, limit)
        if page is None or not page.more:
            return page
        return replace(page, cursor=page.cursor.at(found[0].clock), more=False)

    patch.setattr(feed, "paged", hasty)


def any_cursor_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "_demand_current", lambda *asked: None)


def a_glance_sees_no_grant(patch: pytest.MonkeyPatch) -> None:
    said = feed._NEWS.text
    blind = said.replace("m.base + m.len > :since AND", "false AND")
    assert blind != said
    patch.setattr(feed, "_NEWS", Statement(blind))


def what_leaves_a_scope_is_not_told(patch: pytest.MonkeyPatch) -> None:
    file = Filing._file

    def quiet(self: Filing, row: Row, seq: int, *, everywhere: bool) -> Row:
        before = {scope_id: self._scope(scope_id) for scope_id in row.scopes}
        filed = file(self, row, seq, everywhere=everywhere)
        self.stage.overlay.scopes.update({one: before[one] for one in row.scopes - filed.scopes})
        return filed

    patch.setattr(Filing, "_file", quiet)


def a_row_comes_under_the_number_of_its_block(patch: pytest.MonkeyPatch) -> None:
    ablations.pull_says(patch, ("coalesce(d.seq, c.number)", "c.number"))


def a_digest_counts_each_scope(patch: pytest.MonkeyPatch) -> None:
    said = feed._DIGEST.text
    doubled = said.replace("SELECT DISTINCT e.record_id", "SELECT e.record_id")
    assert doubled != said
    patch.setattr(feed, "_DIGEST", Statement(doubled))


PLANTS = (
    a_grant_takes_no_block,
    a_grant_comes_under_one_number,
    a_revocation_takes_no_block,
    a_pull_asks_one_scope_alone,
    a_second_grant_is_taken_for_the_first,
    nobody_knows_when_a_phone_was_born,
    the_clock_row_is_not_held,
    a_cursor_runs_ahead_of_its_page,
    any_cursor_will_do,
    a_glance_sees_no_grant,
    what_leaves_a_scope_is_not_told,
    a_row_comes_under_the_number_of_its_block,
    a_digest_counts_each_scope,
)
