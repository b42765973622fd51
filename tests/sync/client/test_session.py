"""Staying signed in, whatever is lost; and what an ended session does not do."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from sync.client import (
    Client,
    ClientError,
    Declined,
    DeviceRevoked,
    Lost,
    Request,
    Response,
    SignInRequired,
    Unreachable,
    Unsent,
)
from tests.phones import LosesEvery, Tunnel, surroundings
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer

REFRESH = "/v1/sign-in/refresh"


def paths(tunnel: Tunnel) -> list[str]:
    return [request.path for request in tunnel.requests]


def test_signing_in_names_this_device(ana: Client, tunnel: Tunnel) -> None:
    assert ana.person_id == "person-ana"
    assert (
        tunnel.requests[0].body
        == b'{"code":"ANA-CODE","device_id":"%s","device_name":"Python client"}' % ana.device_id.encode()
    )


def test_the_device_keeps_its_id(ana: Client, open_phone: OpenPhone) -> None:
    assert open_phone("ana").device_id == ana.device_id
    assert open_phone("ana").person_id == "person-ana"


def test_a_wrong_code(open_phone: OpenPhone) -> None:
    eve = open_phone("eve")
    with pytest.raises(Declined, match="code-not-valid"):
        eve.sign_in("EVE-CODE")
    assert eve.person_id is None


def test_a_lost_answer_to_the_code_is_asked_for_again(server: FakeServer, open_phone: OpenPhone) -> None:
    phone = open_phone("ana", network=LosesEvery(2, server))
    server.send(Request("GET", "/v1/me"))
    assert [phone.sign_in("ANA-CODE"), phone.sign_in("ANA-CODE")] == ["person-ana"] * 2


def test_an_access_token_that_ran_out_is_renewed_once(
    ana: Client, server: FakeServer, tunnel: Tunnel
) -> None:
    server.expire()
    tunnel.requests.clear()
    ana.sync()
    assert paths(tunnel) == ["/v1/sync/pull", REFRESH, "/v1/sync/pull"]


def test_a_lost_answer_to_a_refresh_signs_nobody_out(
    ana: Client, server: FakeServer, tunnel: Tunnel, open_phone: OpenPhone
) -> None:
    """The server has moved on, the phone has not heard: the same token is sent again, even after a restart."""
    server.expire()

    def lose_refreshes(request: Request) -> None:
        if request.path == REFRESH:
            raise Lost

    tunnel.meanwhile = lose_refreshes
    with pytest.raises(Unreachable):
        ana.sync()
    tunnel.meanwhile = lambda request: None
    phone = open_phone("ana")
    phone.sync()
    assert phone.put("visits", None, {"title": "still here"})


def test_two_programs_renew_one_after_the_other(
    ana: Client, server: FakeServer, open_phone: OpenPhone, tunnel: Tunnel
) -> None:
    other = open_phone("ana")
    server.expire()
    ana.sync()
    tunnel.requests.clear()
    other.sync()
    assert paths(tunnel) == ["/v1/sync/pull"]
    server.expire()

    def meanwhile(request: Request) -> None:
        tunnel.meanwhile = lambda request: None
        other.digest_check()  # finds the token run out, and renews it

    tunnel.requests.clear()
    tunnel.meanwhile = meanwhile
    ana.sync()
    assert paths(tunnel).count(REFRESH) == 1


def test_an_ended_session_deletes_nothing(ana: Client, server: FakeServer) -> None:
    visit = ana.put("visits", None, {"title": "Room 4"})
    server.sessions.clear()
    with pytest.raises(SignInRequired, match="session has ended"):
        ana.sync()
    assert (ana.pending(), ana.get("visits", visit)) == (1, {"id": visit, "title": "Room 4"})
    ana.sign_in("ANA-CODE")
    assert ana.sync().applied == 1


def test_a_token_that_is_never_taken_does_not_loop(
    ana: Client, server: FakeServer, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_person", lambda authorization: None)
    tunnel.requests.clear()
    with pytest.raises(SignInRequired):
        ana.sync()
    assert paths(tunnel) == ["/v1/sync/pull", REFRESH, "/v1/sync/pull"]


def test_a_revoked_device_is_erased(ana: Client, server: FakeServer) -> None:
    ana.put("visits", None, {"title": "Room 4"})
    server.expire()
    server.sessions[ana.device_id]["revoked"] = True
    with pytest.raises(DeviceRevoked):
        ana.sync()
    assert list(ana.home.glob("*.sqlite*")) == []
    assert ana.person_id is None


def test_signing_out_asks_while_something_is_unsent(ana: Client, tunnel: Tunnel) -> None:
    ana.put("visits", None, {"title": "Room 4"})
    with pytest.raises(Unsent, match="1 change"):
        ana.sign_out()
    ana.sign_out(discard_unsent=True)
    assert paths(tunnel)[-1] == "/v1/sign-out"
    assert list(ana.home.glob("*.sqlite*")) == []
    with pytest.raises(SignInRequired):
        ana.list("visits")


def test_no_server_was_ever_named(tmp_path: Path) -> None:
    with Client(tmp_path) as phone, pytest.raises(ClientError, match="No server is known"):
        phone.sign_in("ANA-CODE")


def test_the_server_is_remembered(tmp_path: Path, server: FakeServer) -> None:
    around = surroundings(Random(1))
    Client(tmp_path, "https://school.example", network=server, surroundings=around).sign_in("ANA-CODE")
    with Client(tmp_path, network=server) as again:
        assert again.server == "https://school.example"


def test_a_person_is_no_path(tmp_path: Path, server: FakeServer) -> None:
    server.codes["EVIL"] = "../../etc/passwd"
    with Client(tmp_path, network=server) as phone, pytest.raises(ClientError, match="not an id"):
        phone.sign_in("EVIL")


def test_answers_of_busy_servers_are_waited_for(ana: Client, server: FakeServer) -> None:
    server.busy = [Response(503, {"retry-after": "2"}), Response(500)]
    assert ana.sync().pulled == 0
    assert server.busy == []


def test_any_other_address(ana: Client, server: FakeServer, tunnel: Tunnel) -> None:
    server.expire()
    assert ana.ask("GET", "/v1/sync/digest?collection=notes")["count"] == 0
    server.busy = [Response(200, {"content-type": "text/vtt"}, b"WEBVTT")]
    assert ana.fetch("/v1/visits/visit-0001/notes.vtt") == b"WEBVTT"
    assert tunnel.requests[-1].headers["Accept"] == "*/*"
    with pytest.raises(Declined, match="not-found"):
        ana.fetch("/v1/nowhere")
