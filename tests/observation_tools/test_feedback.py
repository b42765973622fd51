"""Feedback is counted from the visit's end, by what a note holds, and by what was tried."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from observation_tools.errors import MomentError, UnknownStateError
from observation_tools.feedback import (
    Latency,
    Share,
    SharedNote,
    VisitFeedback,
    feedback_latency,
    is_specific,
    loop_rate,
    specificity,
)

BELL = datetime(2026, 10, 5, 9, 45, tzinfo=UTC)


def after(*minutes: float | None) -> list[VisitFeedback]:
    return [VisitFeedback(BELL, None if wait is None else BELL + timedelta(minutes=wait)) for wait in minutes]


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([], Latency(None, 0)),
        ([None, None], Latency(None, 0)),
        ([30.5], Latency(30.5, 1)),
        ([1440, 10, 20], Latency(20, 3)),
        ([10, 20, None], Latency(15, 2)),
        ([-12, 4], Latency(2, 2)),
    ],
)
def test_latency_is_the_median_of_visits_with_feedback(waits: list[float | None], expected: Latency) -> None:
    assert feedback_latency(after(*waits)) == expected


def test_latency_compares_moments_and_not_wall_clocks() -> None:
    shared = (BELL + timedelta(minutes=25)).astimezone(timezone(timedelta(hours=-7)))
    assert feedback_latency([VisitFeedback(BELL, shared)]) == Latency(25, 1)


@pytest.mark.parametrize(("ended", "shared"), [(None, UTC), (UTC, None)])
def test_a_moment_without_a_time_zone_is_refused(ended: timezone | None, shared: timezone | None) -> None:
    visit = VisitFeedback(BELL.replace(tzinfo=ended), BELL.replace(tzinfo=shared))
    with pytest.raises(MomentError, match=r"^2026-10-05T09:45:00 has no time zone; give moments in UTC$"):
        feedback_latency([visit])


@pytest.mark.parametrize(
    ("kind", "at_ms", "look_for", "specific"),
    [
        ("quote", 61_000, "reasons", True),
        ("tally", 61_000, "voices", True),
        ("quote", 0, "reasons", True),
        ("quote", None, "reasons", False),
        ("quote", 61_000, None, False),
        ("quote", 61_000, "", False),
        ("noticing", 61_000, "reasons", False),
        ("wondering", 61_000, "reasons", False),
        ("code", 61_000, "LQ", False),
    ],
)
def test_a_specific_note_has_a_time_evidence_and_a_look_for(
    kind: str, at_ms: int | None, look_for: str | None, specific: bool
) -> None:
    assert is_specific(SharedNote(kind, at_ms, look_for)) is specific


def test_specificity_is_a_share_of_all_notes() -> None:
    notes = [
        SharedNote("quote", 1, "wait"),
        SharedNote("noticing", 2, "wait"),
        SharedNote("tally", 3, "wait"),
    ]
    assert specificity(notes) == Share(2, 3)
    assert specificity(notes).value == Fraction(2, 3)
    assert specificity([]) == Share(0, 0)
    assert specificity([]).value is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], Share(0, 0)),
        (["chosen"], Share(0, 1)),
        (["chosen", "tried", "kept", "changed", "let_go"], Share(4, 5)),
    ],
)
def test_what_was_tried_counts_whatever_became_of_it(states: list[str], expected: Share) -> None:
    assert loop_rate(states) == expected


def test_a_state_that_no_next_step_has_is_refused() -> None:
    with pytest.raises(UnknownStateError, match=r"next_step: no state 'done'"):
        loop_rate(["tried", "done"])
