"""A phone says what its person opened, and the host of the visit hears it."""

from __future__ import annotations

from sync.client import Client
from tests.sync.school import OLGA, all_equal, visit_between


def test_the_host_hears_what_was_opened_without_network(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga, focus="Who talks?")
    debrief = hana.put("debriefs", None, {"visit_id": visit})
    hana.sync()
    olga.sync()
    event = olga.opened("debriefs", debrief)
    assert event is not None
    assert olga.opened("debriefs", debrief) == event
    assert hana.opened("debriefs", debrief) is None
    assert olga.opened("people", OLGA) is None
    assert (olga.sync().applied, olga.sync().applied) == (1, 0)
    hana.sync()
    (heard,) = hana.list("read_events", {"how": "opened"})
    assert (heard["reader_id"], heard["record_kind"], heard["record_id"]) == (OLGA, "debriefs", debrief)
    assert all_equal(hana, olga)


def test_nobody_says_that_she_opened_what_is_not_of_the_visit(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga, focus="Who talks?")
    said = {
        "visit_id": visit,
        "reader_id": OLGA,
        "how": "opened",
        "record_kind": "notes",
        "record_id": "no-such-note",
    }
    olga.put("read_events", None, said)
    assert olga.sync().rejected == 1
