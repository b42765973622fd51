"""Uploads in the background: what is attached meanwhile goes too, and a stop is heard in the middle of a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Event

import pytest

from sync.client import Client, ClientError, Stage, Surroundings, Upload
from sync.client.background import Uploading
from tests.phones import Tunnel
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fake_store import FakeStore, lost_on_the_way

SAID = {"visit_id": "visit-0001", "consent_basis": "nobody_shown"}
FILM = Random(3).randbytes(3_300)
EVERY = 0.01


@pytest.fixture
def store(server: FakeServer) -> FakeStore:
    return server.store


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.mp4"
    path.write_bytes(FILM)
    return path


@pytest.fixture
def phone(open_phone: OpenPhone) -> Client:
    """A phone whose time is real; its first waits are short."""
    phone = open_phone("ana", surroundings=Surroundings(random=Random(0)), attempts=2)
    phone.sign_in("ANA-CODE")
    return phone


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def stages(phone: Client) -> list[Stage]:
    return [one.stage for one in phone.uploads()]


def test_what_is_attached_meanwhile_is_sent(phone: Client, film: Path, store: FakeStore) -> None:
    with phone.uploading(every=EVERY):
        media = phone.attach(film, SAID)
        until(lambda: stages(phone) == [Stage.SENT])
        second = phone.attach(film, SAID)
        until(lambda: stages(phone) == [Stage.SENT, Stage.SENT])
        store.state(media, "ready")
        until(lambda: stages(phone) == [Stage.DONE, Stage.SENT])
    assert store.objects == {media: FILM, second: FILM}


def test_it_goes_on_when_the_network_is_back(
    phone: Client, film: Path, store: FakeStore, tunnel: Tunnel
) -> None:
    media = phone.attach(film, SAID)
    phone.sync()
    tunnel.open = False
    with phone.uploading(every=EVERY) as uploading:
        until(lambda: uploading.trouble is not None)
        assert "cannot be reached (no network here)" in (uploading.trouble or "")
        tunnel.open = True
        until(lambda: stages(phone) == [Stage.SENT])
    assert store.objects == {media: FILM}
    assert uploading.trouble is None


class Sluice:
    """Lets a file's bytes through until one moment, and tells that it is reached."""

    def __init__(self) -> None:
        self.reached, self.open = Event(), Event()

    def __call__(self, upload: Upload) -> None:
        if upload.sent > 2_000:
            self.reached.set()
            self.open.wait(20)


def interrupted(phone: Client, sluice: Sluice, stack: ExitStack, **options: object) -> Uploading:
    uploading = stack.enter_context(phone.uploading(sluice, every=EVERY, **options))  # type: ignore[arg-type]  # whatever a test gives, by name
    assert sluice.reached.wait(20)
    return uploading


def test_a_stop_is_heard_in_the_middle_of_a_part(
    phone: Client, film: Path, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.client.files.PIECE", 100)
    media, sluice = phone.attach(film, SAID), Sluice()
    with ExitStack() as stack:
        uploading = interrupted(phone, sluice, stack)
        uploading.stop(wait=0)
        sluice.open.set()
        assert uploading.join(20)
    assert (stages(phone), store.objects) == ([Stage.WAITING], {})
    assert store.came == [f"{media}/1", f"{media}/2", f"{media}/3"]
    phone.upload()
    assert (store.objects, store.came[3:]) == ({media: FILM}, [f"{media}/3", f"{media}/4"])


def test_leaving_wifi_stops_what_is_for_wifi_alone(
    phone: Client, film: Path, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.client.files.PIECE", 100)
    phone.attach(film, SAID, wifi_only=True)
    wifi, sluice = Event(), Sluice()
    wifi.set()
    with ExitStack() as stack:
        interrupted(phone, sluice, stack, on_wifi=wifi.is_set)
        wifi.clear()
        sluice.open.set()
        time.sleep(0.2)
        assert (len(store.came), store.objects) == (3, {})
        wifi.set()
        until(lambda: stages(phone) == [Stage.SENT])


def test_one_program_at_a_time_sends(phone: Client, film: Path, open_phone: OpenPhone) -> None:
    phone.attach(film, SAID)
    sluice = Sluice()
    with ExitStack() as stack:
        interrupted(phone, sluice, stack)
        with (
            open_phone("ana") as other,
            pytest.raises(ClientError, match="Another program is sending these files"),
        ):
            other.upload(wait=0.05)
        sluice.open.set()
        until(lambda: stages(phone) == [Stage.SENT])


def test_notes_are_typed_and_sent_while_a_file_is_on_its_way(
    phone: Client, film: Path, server: FakeServer
) -> None:
    phone.attach(film, SAID)
    sluice = Sluice()
    with ExitStack() as stack:
        interrupted(phone, sluice, stack)
        phone.put("notes", "note-0001", {"text": "Four tables argue."})
        phone.sync(wait=1)
        assert list(server.live("notes")) == ["note-0001"]
        sluice.open.set()


def test_nobody_signed_in_is_told_and_waited_for(
    phone: Client, film: Path, store: FakeStore, server: FakeServer
) -> None:
    phone.attach(film, SAID)
    phone.sync()
    store.faults = [lost_on_the_way]
    server.sessions.clear()
    with phone.uploading(every=EVERY) as uploading:
        until(lambda: "This session has ended." in (uploading.trouble or ""))
        phone.sign_in("ANA-CODE")
        until(lambda: stages(phone) == [Stage.SENT])
