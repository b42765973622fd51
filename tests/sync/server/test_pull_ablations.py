"""What the protocol says must be, taken out piece by piece: the worlds of the model notice each loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from service.database import Database
from sync.server import feed
from sync.server.filing import Filing
from sync.server.kind import Grant
from sync.server.statement import Statement
from tests.sync.server import both_pulls
from tests.sync.server.model import DifferenceError
from tests.sync.server.pull_world import PullWorld

MOST_WORLDS = 20
"""So many worlds may pass before a loss is noticed."""
Ablation = Callable[[pytest.MonkeyPatch], None]


def pull_says(monkeypatch: pytest.MonkeyPatch, *replacements: tuple[str, str]) -> None:
    """The pull statement with other words in place of some of its own."""
    said = feed._TEXT.text
    for words, others in replacements:
        assert said.count(words) == 1, f"the statement no longer says {words!r} once"
        said = said.replace(words, others)
    monkeypatch.setattr(feed, "_TEXT", Statement(said))


def without_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a grant brings comes under the number of the grant, max(entry.seq, granted_seq), not one by one."""
    pull_says(
        monkeypatch,
        ("(SELECT mine.base + e.pos,", "(SELECT GREATEST(e.seq, mine.base + 1) AS number,"),
        (
            "AND e.pos > :since - mine.base AND",
            "AND GREATEST(e.seq, mine.base + 1) > :since AND",
        ),
        ("ORDER BY e.pos LIMIT", "ORDER BY 1 LIMIT"),
    )


def without_other_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a row is visible is decided by the entry that brought it alone."""
    said = feed._TEXT.text
    start = said.index("SELECT c.live OR EXISTS (")
    end = said.index(" AS visible OFFSET 0) v", start)
    pull_says(monkeypatch, (said[start:end], "SELECT c.live"))


def without_revoke_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A revocation takes one number and reserves no block."""
    grant = Filing.grant

    def short(filing: Filing, change: Grant) -> None:
        before = filing.stage.overlay.seq
        grant(filing, change)
        if filing.stage.overlay.seq > before and not change.active:
            kept = filing.stage.overlay.memberships[change.person_id, change.scope_id]
            filing.stage.overlay.memberships[change.person_id, change.scope_id] = replace(kept, len=0)
            filing.stage.overlay.seq = before + 1

    monkeypatch.setattr(Filing, "grant", short)


def without_first_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second grant is taken for the first: what left in between leaves no phone that was away."""
    pull_says(monkeypatch, ("GREATEST(mine.first_base, mine.boot)", "GREATEST(mine.base, mine.boot)"))


def without_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows when a phone was born empty."""
    pull_says(monkeypatch, ("CASE WHEN :since = 0 THEN seq ELSE :boot END AS boot", "0 * :boot AS boot"))


def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine as it is."""


def first_world_that_differs(database: Database, most: int) -> tuple[int, str] | None:
    """How many worlds it took, and what was different; None when nothing was."""
    for seed in range(most):
        try:
            PullWorld(database, seed).run()
        except DifferenceError as difference:
            return seed + 1, str(difference).rpartition("DIFFERENCE: ")[2]
    return None


@pytest.mark.parametrize(
    "ablation",
    [without_blocks, without_other_scopes, without_revoke_blocks, without_first_base, without_boot],
)
def test_the_model_notices(
    shelves_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    ablation: Ablation,
) -> None:
    ablation(monkeypatch)
    monkeypatch.setattr(both_pulls, "pull", both_pulls.read)  # only the native form is broken
    found = first_world_that_differs(shelves_database, MOST_WORLDS)
    assert found is not None, f"{MOST_WORLDS} worlds passed {ablation.__name__}"
    record_property("ablation", f"{ablation.__name__}: world {found[0]}: {found[1]}")


def test_the_statement_is_whole_again(shelves_database: Database) -> None:
    assert first_world_that_differs(shelves_database, 1) is None
