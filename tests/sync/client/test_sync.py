"""One sync: what goes out, what comes in, and what each outcome does to the record and to the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
import pytest

from sync.client import Client, ClientError, Request, Response, Standing, SyncReport, Unreachable
from tests.phones import Tunnel
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer


def shared_visit(ana: Client, ben: Client, **fields: object) -> str:
    visit = ana.put("visits", None, fields)
    ana.sync()
    ben.sync()
    return visit


def type_(phone: Client, visit: str, text: str) -> None:
    phone.put("visits", visit, {"text": text})


def text_of(phone: Client, visit: str) -> object:
    return (phone.get("visits", visit) or {}).get("text")


def test_a_record_travels(ana: Client, ben: Client) -> None:
    visit = ana.put("visits", None, {"text": "a door"})
    assert ana.sync() == SyncReport(pulled=1, pushed=1, applied=1)
    assert ben.sync() == SyncReport(pulled=1)
    assert text_of(ben, visit) == "a door"
    assert [check.equal for check in ben.digest_check()] == [True, True, True]
    assert [check.here[0] for check in ben.digest_check()] == [0, 0, 1]


def test_nothing_new_is_one_request(ana: Client, tunnel: Tunnel) -> None:
    ana.sync()
    tunnel.requests.clear()
    assert ana.sync() == SyncReport()
    assert [request.path for request in tunnel.requests] == ["/v1/sync/pull"]


def test_pages_and_batches(open_phone: OpenPhone, server: FakeServer) -> None:
    ana, ben = open_phone("ana", batch=3), open_phone("ben", page=4)
    ana.sign_in("ANA-CODE")
    ben.sign_in("BEN-CODE")
    for number in range(10):
        ana.put("visits", f"visit-{number:04}", {"title": f"Room {number}"})
    seen: list[int] = []
    ana.sync(lambda report: seen.append(report.pushed))
    assert seen == [3, 6, 9, 10, 10]
    assert ben.sync().pulled == 10
    assert [visit["title"] for visit in ben.list("visits")] == [f"Room {number}" for number in range(10)]


def test_a_tombstone_removes_the_record(ana: Client, ben: Client) -> None:
    visit = shared_visit(ana, ben, text="a door")
    ana.delete("visits", visit)
    assert ana.sync().applied == 1
    ben.sync()
    assert (ben.get("visits", visit), ben.collections()) == (None, {})
    assert all(check.equal for phone in (ana, ben) for check in phone.digest_check())


def test_the_next_edit_names_the_number_that_its_writer_saw(
    ana: Client, ben: Client, server: FakeServer
) -> None:
    visit = shared_visit(ana, ben, text="a door")
    seen = server.documents["visits", visit]["seq"]
    type_(ben, visit, "a door opens")
    ben.sync()
    assert server.heard[-1]["base_seq"] == seen


def once(
    phone: Client, visit: str, fields: Mapping[str, object], during: str = ""
) -> Callable[[Request], None]:
    """Types while the first request that comes along (to a path that ends so) is on its way."""
    times = iter([1])

    def type_on(request: Request) -> None:
        for _ in times if request.path.endswith(during) else ():
            phone.put("visits", visit, fields)

    return type_on


def test_a_pull_leaves_typing_on_top_and_keeps_its_base(
    ana: Client, ben: Client, open_phone: OpenPhone, tunnel: Tunnel, server: FakeServer
) -> None:
    visit = shared_visit(ana, ben, text="one", place="North")
    seen = server.documents["visits", visit]["seq"]
    ana.put("visits", visit, {"text": "one by Ana", "place": "South"})
    ana.sync()
    tunnel.meanwhile = once(open_phone("ben"), visit, {"text": "one by Ben"})
    assert ben.sync().merged == 1
    assert (server.heard[-1]["fields"], server.heard[-1]["base_seq"]) == ({"text": "one by Ben"}, seen)
    assert (ben.get("visits", visit) or {})["place"] == "South"
    assert text_of(ben, visit) == "one by Ana one by Ben"


def test_a_row_pulled_meanwhile_does_not_hide_typing(ana: Client, ben: Client, tunnel: Tunnel) -> None:
    visit = shared_visit(ana, ben, text="one", place="North")
    ana.put("visits", visit, {"text": "one by Ana", "place": "South"})
    ana.sync()
    typed = iter(["one by Ben"])

    def while_the_pull_is_on_its_way(request: object) -> None:
        for words in typed:
            type_(ben, visit, words)
            tunnel.open = False

    tunnel.meanwhile = while_the_pull_is_on_its_way
    with pytest.raises(Unreachable):
        ben.sync()
    assert ben.get("visits", visit) is not None
    assert (text_of(ben, visit), (ben.get("visits", visit) or {})["place"]) == ("one by Ben", "South")


def test_two_texts_become_one(ana: Client, ben: Client) -> None:
    visit = shared_visit(ana, ben, text="one two three")
    type_(ana, visit, "zero one two three")
    type_(ben, visit, "one two three four")
    ana.sync()
    report = ben.sync()
    assert (report.applied, report.merged) == (0, 1)
    ana.sync()
    assert (text_of(ana, visit), text_of(ben, visit)) == ("zero one two three four",) * 2


def test_typing_during_the_sync_goes_out_in_the_same_sync(
    ana: Client, open_phone: OpenPhone, tunnel: Tunnel, server: FakeServer
) -> None:
    visit = ana.put("visits", None, {"text": "one"})
    screen, words = open_phone("ana"), iter(["one two", "one two three"])

    def type_on(request: object) -> None:
        for more in words:
            type_(screen, visit, more)
            return

    tunnel.meanwhile = type_on
    report = ana.sync()
    assert (report.pushed, report.pending) == (3, 0)
    assert [change["fields"]["text"] for change in server.heard] == ["one", "one two", "one two three"]
    assert server.live("visits")[visit]["text"] == "one two three"


def test_typing_behind_a_merge_does_not_undo_it(
    ana: Client, ben: Client, open_phone: OpenPhone, tunnel: Tunnel, server: FakeServer
) -> None:
    visit = shared_visit(ana, ben, text="one two three", people_ids=["person-aaa"])
    ana.put("visits", visit, {"text": "zero one two three", "people_ids": ["person-aaa", "person-ana"]})
    ana.sync()
    ben.put("visits", visit, {"text": "one two three four", "people_ids": ["person-aaa", "person-ben"]})
    more = {"text": "one two three four five", "people_ids": ["person-ben", "person-eve"]}
    tunnel.meanwhile = once(open_phone("ben"), visit, more, during="/push")
    ben.sync()
    assert server.live("visits")[visit]["text"] == "zero one two three four five"
    assert sorted(server.live("visits")[visit]["people_ids"]) == ["person-ana", "person-ben", "person-eve"]


def test_typing_that_meets_a_merge_in_the_same_words_keeps_its_old_base(
    ana: Client, ben: Client, open_phone: OpenPhone, tunnel: Tunnel, server: FakeServer
) -> None:
    visit = shared_visit(ana, ben, text="one")
    type_(ana, visit, "ana")
    ana.sync()
    type_(ben, visit, "ben")
    tunnel.meanwhile = once(open_phone("ben"), visit, {"text": "benjamin"}, during="/push")
    ben.sync()
    first, second = server.heard[-2:]
    assert (first["base_seq"], second["base_seq"]) == (2, 2)
    assert set(str(server.live("visits")[visit]["text"]).split()) == {"ana", "ben", "benjamin"}


def test_a_change_waits_for_its_parent(ana: Client, ben: Client, server: FakeServer) -> None:
    note = ana.put("notes", None, {"visit_id": "visit-0001", "text": "early"})
    report = ana.sync()
    assert (report.held, report.pending, ana.standing("notes", note)) == (1, 1, Standing.HELD)
    assert (ana.get("notes", note) or {})["text"] == "early"
    ana.put("notes", note, {"text": "early and late"})
    assert ana.sync().held == 1
    ben.put("visits", "visit-0001", {"title": "Room 1"})
    ben.sync()
    report = ana.sync()
    assert (report.repeated, report.applied, report.pending) == (1, 2, 0)
    assert server.live("notes")[note]["text"] == "early and late"


def test_a_held_change_that_was_given_up_is_refused(ana: Client, server: FakeServer) -> None:
    note = ana.put("notes", None, {"visit_id": "visit-0001", "text": "early"})
    ana.sync()
    server.give_up()
    ana.sync()
    (refused,) = ana.refused()
    assert (refused.slug, refused.fields) == ("parent-unknown", {"visit_id": "visit-0001", "text": "early"})
    assert (ana.get("notes", note), ana.pending()) == (None, 0)


def test_a_refused_edit_reverts_and_keeps_the_words(ana: Client, ben: Client) -> None:
    visit = shared_visit(ana, ben, text="one")
    type_(ben, visit, "REFUSE me")
    report = ben.sync()
    assert (report.rejected, report.pending) == (1, 0)
    assert [(notice.collection, notice.id, notice.slug) for notice in report.notices] == [
        ("visits", visit, "not-allowed")
    ]
    assert text_of(ben, visit) == "one"
    (refused,) = ben.refused()
    assert (refused.fields, refused.slug, refused.deleted) == ({"text": "REFUSE me"}, "not-allowed", False)
    assert ben.forget(refused.op_id) is True
    assert (ben.refused(), ben.forget(refused.op_id)) == ([], False)


def test_a_refused_new_record_disappears_but_not_its_words(ana: Client) -> None:
    visit = ana.put("visits", None, {"text": "REFUSE me", "title": "Room 4"})
    ana.sync()
    assert (ana.get("visits", visit), ana.list("visits")) == (None, [])
    assert ana.refused()[0].fields == {"text": "REFUSE me", "title": "Room 4"}


def test_one_refused_change_spoils_no_other(ana: Client, server: FakeServer) -> None:
    ana.put("visits", "visit-0001", {"text": "REFUSE me"})
    ana.put("visits", "visit-0002", {"text": "take me"})
    report = ana.sync()
    assert (report.applied, report.rejected) == (1, 1)
    assert set(server.live("visits")) == {"visit-0002"}


def test_typing_behind_a_refused_new_record_takes_its_fields_along(
    ana: Client, open_phone: OpenPhone, tunnel: Tunnel, server: FakeServer
) -> None:
    visit = ana.put("visits", None, {"text": "REFUSE me", "title": "Room 4"})
    tunnel.meanwhile = once(open_phone("ana"), visit, {"text": "take me"})
    report = ana.sync()
    assert (report.rejected, report.applied) == (1, 1)
    assert (server.live("visits")[visit]["text"], server.live("visits")[visit]["title"]) == (
        "take me",
        "Room 4",
    )


def test_deleting_what_is_gone_already_is_no_refusal(ana: Client, ben: Client, server: FakeServer) -> None:
    visit = shared_visit(ana, ben, text="one")
    ben.delete("visits", visit)
    del server.documents["visits", visit]
    report = ben.sync()
    assert (report.applied, report.rejected, ben.refused(), ben.pending()) == (1, 0, [], 0)


def test_an_edit_of_a_record_that_is_gone_is_refused_with_its_words(ana: Client, ben: Client) -> None:
    visit = shared_visit(ana, ben, text="one")
    ana.delete("visits", visit)
    ana.sync()
    type_(ben, visit, "one and more")
    report = ben.sync()
    assert (report.rejected, ben.get("visits", visit)) == (1, None)
    assert [refused.fields for refused in ben.refused()] == [{"text": "one and more"}]


def test_a_foreign_record_leaves_even_under_typing(
    ana: Client, ben: Client, tunnel: Tunnel, open_phone: OpenPhone
) -> None:
    """What is out of sight leaves the phone at once; the words typed here stay until they are answered."""
    visit = shared_visit(ana, ben, text="one", title="Ana's own")
    ana.delete("visits", visit)
    ana.sync()
    screen, times = open_phone("ben"), iter([1])

    def type_on(request: object) -> None:
        for _ in times:
            type_(screen, visit, "one by Ben")
            tunnel.open = False

    tunnel.meanwhile = type_on
    with pytest.raises(Unreachable):
        ben.sync()
    assert ben.get("visits", visit) == {"id": visit, "text": "one by Ben"}
    tunnel.open = True
    ben.sync()
    assert (ben.get("visits", visit), ben.refused()[0].fields) == (None, {"text": "one by Ben"})


def test_a_push_that_is_too_large_is_halved(open_phone: OpenPhone, server: FakeServer) -> None:
    ana = open_phone("ana")
    ana.sign_in("ANA-CODE")
    server.most_bytes = 3000
    for number in range(8):
        ana.put("visits", f"visit-{number:04}", {"text": "x" * 600})
    ana.put("visits", "visit-huge", {"text": "x" * 5000})
    report = ana.sync()
    assert (report.applied, report.rejected, report.pending) == (8, 1, 0)
    (refused,) = ana.refused()
    assert (refused.id, refused.slug, len(refused.fields["text"])) == ("visit-huge", "too-large", 5000)


def test_what_got_no_outcome_stays(ana: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ana.put("visits", "visit-0001", {"text": "one"})
    with monkeypatch.context() as patched:
        patched.setattr(server, "_take", lambda change, person: {**change, "status": "postponed"})
        assert ana.sync().pending == 1
    assert ana.queue()[0].standing is Standing.SENT
    assert ana.sync().applied == 1


def test_a_server_that_does_not_move_on_is_not_asked_for_ever(
    ana: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.sync()
    cursor = ana._desk.replica.cursor
    body = orjson.dumps({"changes": [], "cursor": cursor, "more": True})
    monkeypatch.setattr(server, "_pull", lambda said: Response(200, {}, body))
    with pytest.raises(ClientError, match="does not move on"):
        ana.sync()


def test_a_record_that_its_writer_may_not_see_does_not_stay(
    ana: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a change is believed until the pull that follows it has ended."""
    monkeypatch.setattr(
        server,
        "_row",
        lambda kind, record_id: {"collection": kind, "id": "visit-else", "seq": 1, "deleted": True},
    )
    visit = ana.put("visits", None, {"text": "for others"})
    ana.sync()
    assert (ana.get("visits", visit), ana.pending()) == (None, 0)
