"""The phone on the command line, as a person and as a program would use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sync.client import HttpNetwork, Request, Response, cli, client
from tests.sync.client.fake_server import FakeServer

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("list", "notes")` runs one command against the server in memory."""

    class Line(HttpNetwork):
        def __init__(self, url: str) -> None:
            super().__init__(url)
            assert url == "https://school.example"

        def send(self, request: Request) -> Response:
            return server.send(request)

    monkeypatch.setattr(client, "HttpNetwork", Line)
    environment = {
        "COMEWATCH_CLIENT_HOME": str(tmp_path / "phone"),
        "COMEWATCH_SERVER": "https://school.example",
    }
    return lambda *arguments: CliRunner().invoke(cli.main, arguments, env=environment)


@pytest.fixture
def signed_in(run: Run) -> Run:
    assert run("sign-in", "ANA-CODE").output == "Signed in as person-ana. Now: comewatch-client sync\n"
    return run


def said(result: Result) -> object:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_day(signed_in: Run, server: FakeServer) -> None:
    made = signed_in(
        "put",
        "visits",
        "--id",
        "visit-0001",
        "title=Room 4",
        "text=a=b",
        'people_ids:=["person-ben"]',
        "place:=null",
    )
    assert made.output == "visit-0001\n"
    assert (
        signed_in("list", "visits").output
        == 'visit-0001  title=Room 4  text=a=b  people_ids=["person-ben"]\n'
    )
    assert signed_in("show", "visits", "visit-0001").output == (
        'id          visit-0001\ntitle       Room 4\ntext        a=b\npeople_ids  ["person-ben"]\n(to send)\n'
    )
    assert signed_in("sync").output == "1 sent, 1 read.\n"
    assert server.live("visits")["visit-0001"]["text"] == "a=b"
    assert signed_in("list").output == "       1  visits\n"
    assert signed_in("delete", "visits", "visit-0001").output == "Deleted here; sent with the next sync.\n"
    assert signed_in("list", "visits").output == ""
    zero = dict.fromkeys(("merged", "held", "rejected", "repeated", "resets", "pending"), 0)
    report = {"pulled": 1, "pushed": 1, "applied": 1, "notices": []}
    assert said(signed_in("sync", "--json")) == zero | report


def test_json_for_programs(signed_in: Run) -> None:
    signed_in("put", "visits", "--id", "visit-0001", "title=Room 4", "place=North")
    signed_in("put", "visits", "--id", "visit-0002", "title=Room 5", "place=South")
    assert said(signed_in("list", "--json")) == {"visits": 2}
    assert said(signed_in("list", "visits", "--where", "place=South", "--json")) == [
        {"id": "visit-0002", "title": "Room 5", "place": "South"}
    ]
    assert said(signed_in("show", "visits", "visit-0001", "--json")) == {
        "id": "visit-0001",
        "title": "Room 4",
        "place": "North",
    }
    assert said(signed_in("put", "visits", "--id", "visit-0003", "title=x", "--json")) == {
        "collection": "visits",
        "id": "visit-0003",
    }


def test_what_was_not_accepted(signed_in: Run) -> None:
    signed_in("put", "visits", "--id", "visit-0001", "text=REFUSE me")
    assert (
        signed_in("sync").output
        == "1 sent, 0 read.\n1 not accepted.\n! visits visit-0001: not-allowed. Not so.\n"
    )
    (one,) = json.loads(signed_in("refused", "--json").output)
    assert (one["fields"], one["problem"]["detail"]) == ({"text": "REFUSE me"}, "Not so.")
    lines = signed_in("refused").output.splitlines()
    assert lines[1:] == ["  not-allowed: Not so.", "  text=REFUSE me"]
    assert signed_in("refused", "--forget", one["op_id"]).output == ""
    again = signed_in("refused", "--forget", one["op_id"])
    assert (again.exit_code, again.output) == (1, f"Error: There is no refused change {one['op_id']}.\n")


def test_status(run: Run, signed_in: Run, server: FakeServer) -> None:
    signed_in("put", "visits", "--id", "visit-0001", "title=Room 4")
    told = signed_in("status").output
    assert "person   person-ana\n" in told
    assert "1 to send, 0 not accepted.\n  visits visit-0001  to send  title=Room 4\n" in told
    signed_in("sync")
    checked = signed_in("status", "--check")
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (0, "  visits               equal")
    server.documents["visits", "visit-0009"] = {"seq": 1, "record": {"id": "visit-0009"}, "writers": {}}
    checked = signed_in("status", "--check")
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (
        3,
        "  visits               DIFFERS: 1 here, 2 there",
    )
    assert json.loads(signed_in("status", "--json").output)["queue"] == []


def test_nobody_signed_in(run: Run) -> None:
    assert run("status").output == "Nobody is signed in on this device.\n"
    listed = run("list")
    told = "Error: Nobody is signed in on this device. Sign in with a code; nothing typed is lost.\n"
    assert (listed.exit_code, listed.output) == (1, told)


@pytest.mark.parametrize("lines", [True, False])
def test_export(signed_in: Run, tmp_path: Path, lines: bool) -> None:
    signed_in("put", "visits", "--id", "visit-0001", "text=REFUSE me")
    signed_in("sync")
    signed_in("put", "visits", "--id", "visit-0002", "title=unsent")
    signed_in("put", "notes", "--id", "note-0001", "text=elsewhere")
    file = tmp_path / "mine.json"
    signed_in("export", *(["--lines"] if lines else []), "--collection", "visits", str(file))
    visit = {"id": "visit-0002", "title": "unsent"}
    if lines:
        record, refused = (json.loads(line) for line in file.read_text().splitlines())
        assert record == {"collection": "visits", "record": visit}
        assert refused["refused"]["fields"] == {"text": "REFUSE me"}
    else:
        document = json.loads(file.read_text())
        assert document["records"] == {"visits": [visit]}
        assert document["refused"][0]["fields"] == {"text": "REFUSE me"}
    assert set(said(signed_in("export"))["records"]) == {"visits", "notes"}  # type: ignore[index]  # JSON, which is an object here


def test_signing_out(signed_in: Run) -> None:
    signed_in("put", "visits", "title=Room 4")
    refused = signed_in("sign-out")
    assert (refused.exit_code, "1 changes are not sent yet" in refused.output) == (1, True)
    assert signed_in("sign-out", "--discard-unsent").exit_code == 0
    assert signed_in("status").output == "Nobody is signed in on this device.\n"


@pytest.mark.parametrize("argument", ["text", "=x", ":=1", "text:=words"])
def test_bad_fields(signed_in: Run, argument: str) -> None:
    assert signed_in("put", "visits", argument).exit_code == 2


def test_what_is_not_there(signed_in: Run) -> None:
    for command in ("show", "delete"):
        result = signed_in(command, "visits", "visit-0404")
        assert (result.exit_code, result.output) == (1, "Error: There is no visit-0404 in visits.\n")


def test_a_server_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    arguments = ["--home", str(tmp_path), "sign-in", "CODE"]
    result = CliRunner().invoke(cli.main, arguments)
    assert (result.exit_code, result.output) == (1, "Error: No server is known: name its URL once.\n")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(cli.main, ["--home", str(tmp_path / "file" / "phone"), "status"])
    assert (result.exit_code, len(result.output.splitlines()), "Not a directory" in result.output) == (
        1,
        1,
        True,
    )


def test_every_command_explains_itself(run: Run) -> None:
    assert list(cli.main.commands) == [
        "sign-in",
        "sign-out",
        "sync",
        "list",
        "show",
        "put",
        "delete",
        "refused",
        "status",
        "export",
        "attach",
        "uploads",
        "upload",
    ]
    for name, command in cli.main.commands.items():
        assert isinstance(command, click.Command)
        told = run(name, "--help").output
        assert command.help is not None
        assert name == "sign-out" or f"comewatch-client {name}" in told or f"example {name}" in told
