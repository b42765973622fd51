"""Files on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import click
import pytest
from click.testing import CliRunner

from sync.client import HttpStorage, Response, Stage, Upload, cli, client, printing_files
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fake_store import busy
from tests.sync.client.test_cli import Run, run, said, signed_in

__all__ = ["run", "signed_in"]
VISIT = ("--visit", "visit-0001")


@pytest.fixture(autouse=True)
def in_memory(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bucket(HttpStorage):
        def put(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
            return server.store.put(url, headers, body)

    monkeypatch.setattr(client, "HttpStorage", Bucket)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.mp4"
    path.write_bytes(Random(4).randbytes(2_300))
    return path


def attach(run: Run, film: Path, *more: str) -> str:
    made = run("attach", str(film), *VISIT, "--consent", "families_agreed", *more)
    assert made.exit_code == 0, made.output
    return made.output.strip()


def test_attach_upload_and_look(signed_in: Run, film: Path, server: FakeServer) -> None:
    media = attach(signed_in, film, "--note", "note-0001")
    assert signed_in("uploads").output == f"{media}  lesson.mp4  0 % of 0.0 MiB  waits\n"
    sent = signed_in("upload")
    assert sent.output.splitlines() == [
        "lesson.mp4: 43 % of 0.0 MiB",
        "lesson.mp4: 87 % of 0.0 MiB",
        "lesson.mp4: 100 % of 0.0 MiB",
        "lesson.mp4: sent, being checked",
        f"{media}  lesson.mp4  100 % of 0.0 MiB  sent, being checked",
    ]
    assert server.store.objects[media] == film.read_bytes()
    record = server.live("media")[media]
    assert (record["visit_id"], record["note_id"], record["consent_basis"]) == (
        "visit-0001",
        "note-0001",
        "families_agreed",
    )
    server.store.state(media, "ready")
    assert signed_in("upload").output == ""
    (one,) = said(signed_in("uploads", "--json"))  # type: ignore[misc]  # JSON, which is a list here
    assert (one["stage"], one["path"], one["sent"]) == ("done", str(film), 2_300)
    assert signed_in("uploads", "--forget", media).output == ""
    again = signed_in("uploads", "--forget", media)
    assert (again.exit_code, again.output) == (1, f"Error: There is no file {media} in the list.\n")


def test_on_a_network_that_costs_money(signed_in: Run, film: Path, server: FakeServer) -> None:
    media = attach(signed_in, film, "--wifi-only")
    told = f"{media}  lesson.mp4  0 % of 0.0 MiB  waits, for Wi-Fi only\n"
    assert signed_in("upload", "--metered").output == told
    assert server.store.came == []


def test_what_was_not_taken_is_told_with_the_reason(signed_in: Run, film: Path, server: FakeServer) -> None:
    media = attach(signed_in, film)
    film.write_bytes(b"another film")
    result = signed_in("upload")
    assert (result.exit_code, result.output.splitlines()) == (
        4,
        [
            "lesson.mp4: NOT SENT",
            f"{media}  lesson.mp4  0 % of 0.0 MiB  NOT SENT",
            f"  file-changed: {film} was changed since it was attached: attach it anew.",
        ],
    )
    assert signed_in("upload").exit_code == 0  # it was told


def test_a_store_that_is_away_is_one_line(
    signed_in: Run, film: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    attach(signed_in, film)
    server.store.faults = [busy] * 5
    result = signed_in("upload")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: The server cannot be reached (the store answers 503). Everything is kept here and goes out later.\n",
    )


def test_no_file_and_no_reason_are_told(signed_in: Run, tmp_path: Path, film: Path) -> None:
    nothing = signed_in("attach", str(tmp_path / "nothing.mp4"), *VISIT, "--consent", "nobody_shown")
    assert (nothing.exit_code, "does not exist" in nothing.output) == (2, True)
    unsaid = signed_in("attach", str(film), *VISIT)
    assert (unsaid.exit_code, "nobody_shown" in unsaid.output) == (2, True)
    odd = tmp_path / "lesson.doc"
    odd.write_bytes(b"x")
    result = signed_in("attach", str(odd), *VISIT, "--consent", "nobody_shown")
    assert (result.exit_code, result.output.startswith("Error: lesson.doc has none of the endings")) == (
        1,
        True,
    )


def test_a_bar_on_a_terminal() -> None:
    about = {"media_id": "media-0001", "path": Path("/x/lesson.mp4"), "size": 4 << 20}

    @click.command()
    def draw() -> None:
        tell = printing_files.teller(terminal=True)
        tell(Upload(sent=1 << 20, stage=Stage.WAITING, **about))  # type: ignore[arg-type]  # the rest of its fields, each of its own type
        tell(Upload(sent=4 << 20, stage=Stage.SENT, **about))  # type: ignore[arg-type]  # the rest of its fields, each of its own type

    drawn = CliRunner().invoke(draw, color=True).output
    assert drawn.split("\r\x1b[K")[1:] == [
        "lesson.mp4  ██████░░░░░░░░░░░░░░░░░░  25 % of 4.0 MiB",
        "lesson.mp4  ████████████████████████  100 % of 4.0 MiB  sent, being checked\n",
    ]


def test_watching_ends_with_an_interrupt(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "COMEWATCH_CLIENT_HOME": str(tmp_path),
        "COMEWATCH_SERVER": "http://127.0.0.1:9",
    }
    watching = subprocess.Popen(
        [sys.executable, "-m", cli.__name__, "upload", "--watch"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stderr is not None
    told = watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    assert (watching.wait(20), told) == (
        0,
        "Nobody is signed in on this device. Sign in with a code; nothing typed is lost.\n",
    )
    assert watching.stdout is not None
    assert watching.stdout.read() == "Stopped. What has arrived stays there; upload sends the rest.\n"
    watching.stdout.close()
    watching.stderr.close()


def test_json_of_attach(signed_in: Run, film: Path) -> None:
    made = said(signed_in("attach", str(film), *VISIT, "--consent", "nobody_shown", "--json"))
    (one,) = json.loads(signed_in("uploads", "--json").output)
    assert made == {"collection": "media", "id": one["media_id"]}
