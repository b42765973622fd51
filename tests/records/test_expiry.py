"""What time ends, on a real PostgreSQL: asked as the worker asks, and pushed through the door."""

from __future__ import annotations

from sqlalchemy import text

from sync.changes import Status
from tests.records.at_the_door import DOOR, VISIT, District, person

NOTE = "note-one-1"


def outcomes(district: District) -> list[tuple[str, str]]:
    """What the worker changed; nothing of it is ever refused."""
    passed = district.time_passes()
    assert {outcome.status for outcome in passed} <= {Status.APPLIED, Status.MERGED}
    return [(outcome.collection, outcome.id) for outcome in passed]


def visit(district: District, **fields: str) -> None:
    """A visit that took place long after its door closed; the door itself has no end."""
    district.opens_door()
    district.claims("olga")
    district.visits(**fields)


def test_a_draft_dies_with_its_visit_on_the_fifteenth_day(district: District) -> None:
    visit(district, ended_at="2026-11-21T09:00:00.000Z")
    district.notes(code="LQ")
    district.forward(days=14)
    assert outcomes(district) == []
    district.forward(seconds=1)
    assert outcomes(district) == [("notes", NOTE), ("visits", VISIT)]
    note = district.sees("olga", "notes", NOTE)
    assert note is not None
    assert (note["state"], note["text"], note["code"]) == ("expired", None, None)
    assert district.state("hana", "visits", VISIT) == "lapsed"
    assert outcomes(district) == []


def test_the_words_of_a_dead_draft_are_nowhere(district: District) -> None:
    visit(district)
    district.notes(text="A secret file.")
    district.notes(text="A secret file, longer.")
    district.forward(days=15)
    district.time_passes()
    with district.database.begin(district.tenant) as connection:
        for table, column in (("notes", "text"), ("sync_document", "body"), ("sync_history", "body")):
            found = text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND {column} LIKE :words")
            kept = connection.execute(found, {"tenant": district.tenant, "words": "%secret%"})
            assert (table, kept.scalar()) == (table, 0)


def test_a_shared_note_and_its_visit_stay(district: District) -> None:
    visit(district)
    district.notes(state="shared")
    district.forward(days=15)
    assert outcomes(district) == []
    assert district.state("hana", "visits", VISIT) == "captured"


def test_a_draft_that_comes_late_has_its_own_days(district: District) -> None:
    visit(district, ended_at="1990-01-01T00:00:00.000Z")
    district.forward(days=13)
    district.notes()
    district.forward(days=14)
    assert outcomes(district) == []
    district.forward(days=1)
    assert outcomes(district) == [("notes", NOTE), ("visits", VISIT)]


def test_a_phone_whose_clock_runs_ahead_keeps_no_secret_file(district: District) -> None:
    visit(district, ended_at="2199-01-01T00:00:00.000Z")
    district.notes()
    district.forward(days=15)
    assert outcomes(district) == [("notes", NOTE), ("visits", VISIT)]


def test_an_open_invitation_expires_and_a_full_one_closes(district: District) -> None:
    district.opens_door(starts_at="2026-11-21T10:00:00.000Z", ends_at="2026-11-21T11:00:00.000Z")
    district.forward(minutes=90)
    assert outcomes(district) == []
    district.forward(seconds=1)
    assert outcomes(district) == [("invitations", DOOR)]
    assert district.state("nora", "invitations", DOOR) == "expired"


def test_a_full_invitation_closes(district: District) -> None:
    district.opens_door(seats=1, starts_at="2026-11-21T10:00:00.000Z")
    district.claims("olga")
    district.forward(hours=24)
    assert outcomes(district) == []
    district.forward(hours=1)
    assert outcomes(district) == [("invitations", DOOR)]
    assert district.state("nora", "invitations", DOOR) == "closed"


def test_a_request_is_answered_within_thirty_days_or_not(district: District) -> None:
    asks = {"requester_id": person("nora"), "host_id": person("hana")}
    district.says("nora", "visit_requests", "may-i-come", **asks)
    district.forward(days=30)
    assert outcomes(district) == []
    district.forward(seconds=1)
    assert outcomes(district) == [("visit_requests", "may-i-come")]
    assert district.state("nora", "visit_requests", "may-i-come") == "expired"


def test_at_most_five_hundred_at_once(district: District) -> None:
    visit(district)
    said = {"visit_id": VISIT, "note_kind": "tally", "code": "LQ"}
    for start in (0, 300):
        district.push("olga", *(("notes", f"tally-{n:05}", said) for n in range(start, start + 300)))
    district.forward(days=15)
    assert len(outcomes(district)) == 500
    assert len(outcomes(district)) == 101
    assert outcomes(district) == []


def test_another_tenants_drafts_are_left_alone(district: District) -> None:
    visit(district)
    district.notes()
    district.forward(days=15)
    other = District(district.database.engine.url.render_as_string(hide_password=False))
    other.moment = district.moment
    assert outcomes(other) == []
    other.database.dispose()
