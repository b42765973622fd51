"""Files are scanned by a real ClamAV before they are shown, and wait while it is away."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from service.media import antivirus
from service.media.antivirus import Clamd, ScannerError
from service.worker import make_worker
from tests.media.pictures import jpeg
from tests.media.scanner import EICAR, LARGEST, OURS, PROGRAM, Scanner
from tests.media.world import World

ID = "photo-of-the-board"
NO_SCANNER = "NOT TESTED: no clamd on this machine. Install the package clamav-daemon."


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanner]:
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail(NO_SCANNER)
        pytest.skip(NO_SCANNER)
    server = Scanner(tmp_path_factory.mktemp("clamd"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def ways(scanner: Scanner) -> list[Clamd]:
    """To the scanner: by its socket and by its port."""
    return [Clamd(scanner.socket), Clamd(scanner.tcp)]


def arrived(world: World, raw: bytes) -> None:
    world.send(world.declare(ID, raw), raw)
    world.arrive(ID)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (EICAR, "Test.Eicar.UNOFFICIAL"),
        (OURS, "Test.Ours.UNOFFICIAL"),
        (jpeg(comment=EICAR), "Test.Eicar.UNOFFICIAL"),
        (jpeg() + bytes(antivirus.CHUNK - 10) + OURS, "Test.Ours.UNOFFICIAL"),
        (jpeg(), None),
        (b"", None),
    ],
    ids=["EICAR", "ours", "in a comment", "between two pieces", "clean", "empty"],
)
def test_the_scanner_is_heard(ways: list[Clamd], content: bytes, found: str | None, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(content)
    assert [way.found_in(path) for way in ways] == [found, found]


def test_a_file_that_is_too_large_for_it_is_not_called_clean(ways: list[Clamd], tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(bytes(3 * LARGEST))
    for way in ways:
        with pytest.raises(ScannerError, match="size limit exceeded"):
            way.found_in(path)


@pytest.mark.parametrize("raw", [EICAR, jpeg(comment=EICAR), jpeg() + OURS], ids=["raw", "comment", "tail"])
def test_an_infected_file_is_put_away(world: World, scanner: Scanner, raw: bytes) -> None:
    arrived(world, raw)
    world.scanner = Clamd(scanner.socket)
    assert world.verify(ID) == ("quarantined", "infected")
    assert world.keys() == []


def test_a_clean_file_is_shown(world: World, scanner: Scanner) -> None:
    arrived(world, jpeg())
    world.scanner = Clamd(scanner.tcp)
    assert world.verify(ID) == ("ready", None)


def test_without_a_scanner_nothing_is_scanned(world: World) -> None:
    arrived(world, jpeg(comment=EICAR))
    assert world.verify(ID) == ("ready", None)


def test_while_the_scanner_is_away_the_file_waits(world: World, scanner: Scanner, tmp_path: Path) -> None:
    arrived(world, jpeg(comment=OURS))
    world.scanner = Clamd(str(tmp_path / "nobody"))
    for _ in range(2):
        with pytest.raises(ScannerError):
            world.verify(ID)
    assert world.state(ID) == ("uploaded", None)
    assert world.keys() == [f"{ID}/raw"]
    world.scanner = Clamd(scanner.socket)
    assert world.verify(ID) == ("quarantined", "infected")


def test_the_worker_asks_the_scanner_that_is_set(world: World, tmp_path: Path) -> None:
    arrived(world, jpeg())
    worker = make_worker(replace(world.settings, clamd=str(tmp_path / "nobody")))
    with pytest.raises(ScannerError):
        worker.verify_media(str(world.tenant_id), ID)
    worker.database.dispose()


@pytest.mark.parametrize("said", [b"", b"stream: O", b"stream: OK but\0", b"UNKNOWN COMMAND\0", b"x" * 9000])
def test_what_is_no_answer_is_not_called_clean(said: bytes, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(jpeg())
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(ConnectionError):
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ScannerError):
            Clamd(f"tcp://127.0.0.1:{listener.getsockname()[1]}").found_in(path)
        thread.join()
