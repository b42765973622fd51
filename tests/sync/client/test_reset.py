"""A phone that must begin again: after a year away, and after the server was restored from a backup."""

from __future__ import annotations

import shutil

import orjson
import pytest

from schemas.problems import Problem
from sync.client import Client, Declined, Request, Response, Unreachable
from tests.phones import Tunnel
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer


def texts(server: FakeServer, collection: str = "visits") -> dict[str, object]:
    return {record_id: record["text"] for record_id, record in server.live(collection).items()}


def test_after_a_year_away(ana: Client, ben: Client, server: FakeServer) -> None:
    """Ben's phone missed a tombstone that nobody keeps any more. What he typed goes out; what was deleted stays deleted."""
    for number in range(3):
        ana.put("visits", f"visit-{number:04}", {"text": f"visit {number}"})
    ana.sync()
    ben.sync()
    ana.delete("visits", "visit-0000")
    ana.sync()
    del server.documents["visits", "visit-0000"]
    server.collect_tombstones()
    ben.put("visits", "visit-0001", {"text": "visit 1, said Ben"})
    ben.put("visits", "visit-0003", {"text": "visit 3"})
    report = ben.sync()
    assert (report.resets, report.pushed, report.pending) == (1, 2, 0)
    assert texts(server) == {
        "visit-0001": "visit 1, said Ben",
        "visit-0002": "visit 2",
        "visit-0003": "visit 3",
    }
    assert [visit["id"] for visit in ben.list("visits")] == ["visit-0001", "visit-0002", "visit-0003"]
    assert all(comparison.equal for comparison in ben.digest_check())


def test_typing_is_never_dropped_by_a_reset(
    ana: Client, ben: Client, server: FakeServer, tunnel: Tunnel, open_phone: OpenPhone
) -> None:
    """The record did not come again, but something typed on it waits: it is shown, sent, and kept when it is refused."""
    ana.put("visits", "visit-0000", {"text": "visit 0"})
    ana.sync()
    ben.sync()
    ana.delete("visits", "visit-0000")
    ana.sync()
    server.collect_tombstones()
    screen = open_phone("ben")

    def type_on(request: Request) -> None:
        if b'"cursor":null' in (request.body or b""):
            screen.put("visits", "visit-0000", {"text": "typed late"})
            tunnel.open = False

    tunnel.meanwhile = type_on
    with pytest.raises(Unreachable):
        ben.sync()
    assert ben.list("visits") == [{"id": "visit-0000", "text": "typed late"}]
    tunnel.open, tunnel.meanwhile = True, lambda request: None
    ben.sync()
    assert (ben.list("visits"), ben.refused()[0].fields) == ([], {"text": "typed late"})


def test_a_reset_that_is_interrupted_goes_on(
    ana: Client, server: FakeServer, tunnel: Tunnel, open_phone: OpenPhone
) -> None:
    ben = open_phone("ben", page=2)
    ben.sign_in("BEN-CODE")
    for number in range(7):
        ana.put("visits", f"visit-{number:04}", {"text": f"visit {number}"})
    ana.sync()
    ben.sync()
    ana.delete("visits", "visit-0006")
    ana.sync()
    server.collect_tombstones()
    pages = iter(range(100))

    def tunnel_ahead(request: Request) -> None:
        tunnel.open = not (request.path.endswith("pull") and next(pages) == 2)

    tunnel.meanwhile = tunnel_ahead
    with pytest.raises(Unreachable):
        ben.sync()
    assert len(ben.list("visits")) == 7  # everything is shown until the reading has ended
    tunnel.open, tunnel.meanwhile = True, lambda request: None
    assert ben.sync().resets == 0
    assert len(ben.list("visits")) == 6
    assert all(comparison.equal for comparison in ben.digest_check())


def test_a_server_restored_from_a_backup_gets_everything_back(
    ana: Client, ben: Client, server: FakeServer
) -> None:
    ana.put("visits", "visit-0001", {"text": "one", "place": "North"})
    ana.put("visits", "visit-0002", {"text": "two"})
    ana.put("visits", "visit-0003", {"text": "three"})
    ana.sync()
    ben.sync()
    backup = server.backup()
    ben.put("visits", "visit-0001", {"text": "one, said Ben"})
    ben.put("visits", "visit-0004", {"text": "four"})
    ben.sync()
    ana.sync()
    ana.put("visits", "visit-0002", {"text": "two, said Ana"})
    ana.delete("visits", "visit-0003")
    ana.put("visits", "visit-0005", {"text": "five"})
    ana.sync()
    lost = texts(server)
    server.restore(backup)
    assert texts(server) == {"visit-0001": "one", "visit-0002": "two", "visit-0003": "three"}
    assert ana.sync().resets == 1
    assert ben.sync().resets == 1
    for phone in (ana, ben, ana, ben):
        phone.sync()
    words = {record_id: set(str(text).split()) for record_id, text in texts(server).items()}
    assert {
        record_id: set(str(text).split()) <= words[record_id] for record_id, text in lost.items()
    } == dict.fromkeys(lost, True)
    assert set(words) == {"visit-0001", "visit-0002", "visit-0004", "visit-0005"}
    assert server.live("visits")["visit-0004"]["created_by"] == "person-ben"
    assert all(comparison.equal for phone in (ana, ben) for comparison in phone.digest_check())


def test_what_was_deleted_elsewhere_is_not_made_anew(ana: Client, ben: Client, server: FakeServer) -> None:
    ana.put("visits", "visit-0001", {"text": "one"})
    ana.sync()
    ben.sync()
    ben.delete("visits", "visit-0001")
    ben.sync()
    ana.sync()
    server.restore(server.backup())
    assert (ana.sync().pushed, texts(server)) == (0, {})


def test_typing_on_top_of_what_is_sent_again(ana: Client, server: FakeServer) -> None:
    backup = server.backup()
    ana.put("visits", "visit-0001", {"text": "one", "place": "North"})
    ana.sync()
    server.restore(backup)
    ana.put("visits", "visit-0001", {"text": "one and more"})
    ana.sync()
    record = server.live("visits")["visit-0001"]
    assert (record["text"], record["place"], ana.refused()) == ("one and more", "North", [])


def test_a_cursor_that_the_server_does_not_know_begins_again(
    ana: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.put("visits", "visit-0001", {"text": "one"})
    ana.sync()
    with ana._desk.store.transaction():
        ana._desk.store.set("cursor", "1:1:999")
    assert (ana.sync().resets, len(ana.list("visits"))) == (1, 1)


def test_a_server_that_resets_for_ever(
    ana: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = orjson.dumps(Problem.SYNC_RESET_REQUIRED.document())
    monkeypatch.setattr(server, "_pull", lambda said: Response(410, {}, body))
    ana.put("visits", "visit-0001", {"text": "one"})
    with pytest.raises(Declined, match="sync-reset-required"):
        ana.sync()
    assert ana.get("visits", "visit-0001") == {"id": "visit-0001", "text": "one"}


def test_a_phone_restored_from_a_backup(
    ana: Client, ben: Client, server: FakeServer, open_phone: OpenPhone
) -> None:
    """The copy holds a change that was sent long ago, and one that was never sent as it stands in the copy."""
    ana.put("visits", "visit-0001", {"text": "one"})
    ana.sync()
    ana.put("visits", "visit-0001", {"text": "one two"})
    ana.close()
    copy = ana.home.with_name("copy")
    shutil.copytree(ana.home, copy)
    ana = open_phone("ana")
    ana.sync()
    ana.put("visits", "visit-0001", {"text": "one two three"})
    ana.sync()
    ana.close()
    shutil.rmtree(ana.home)
    shutil.copytree(copy, ana.home)
    ana = open_phone("ana")
    assert (ana.get("visits", "visit-0001") or {})["text"] == "one two"
    report = ana.sync()
    assert (report.repeated, report.rejected, report.pending) == (1, 0, 0)
    assert (ana.get("visits", "visit-0001") or {})["text"] == "one two three"
    assert all(comparison.equal for comparison in ana.digest_check())
