"""Files wait beside the notes, and go out part by part: nothing that has arrived is sent again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from schemas.problems import Problem
from sync.client import CannotWrite, Client, Request, Response, Stage, Unreachable, Unsent, Upload
from tests.phones import Tunnel
from tests.sync.client import fake_server
from tests.sync.client.conftest import OpenPhone
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fake_store import FakeStore, Fault, answer_lost, busy, lost_on_the_way

FILM = Random(7).randbytes(4_300)
SAID = {"visit_id": "visit-0001", "consent_basis": "families_agreed"}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_(name: str = "lesson.mp4", content: bytes = FILM) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make_


@pytest.fixture
def store(server: FakeServer) -> FakeStore:
    return server.store


def only(phone: Client) -> Upload:
    (one,) = phone.uploads()
    return one


def told(phone: Client) -> tuple[Stage, str | None]:
    return only(phone).stage, only(phone).reason


def test_a_file_is_attached_without_network(ana: Client, tunnel: Tunnel, make: Make) -> None:
    tunnel.open = False
    media = ana.attach(make(), SAID, wifi_only=True)
    assert ana.get("media", media) == {
        "id": media,
        "file_name": "lesson.mp4",
        "media_type": "video/mp4",
        "size_bytes": len(FILM),
        "sha256": hashlib.sha256(FILM).hexdigest(),
        "wifi_only": True,
        **SAID,
    }
    one = only(ana)
    assert (one.media_id, one.stage, one.sent, one.fraction, one.wifi_only) == (
        media,
        Stage.WAITING,
        0,
        0,
        True,
    )


def test_record_and_file_are_saved_together_or_not_at_all(
    ana: Client, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ana._desk.uploads, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        ana.attach(make(), SAID)
    assert (ana.list("media"), ana.pending(), ana.uploads()) == ([], 0, [])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [("lesson.mp4", b"", "empty"), ("lesson.doc", b"x", "endings"), ("nothing.mp4", None, "cannot be read")],
)
def test_what_cannot_be_sent_is_told_at_once(
    ana: Client, make: Make, tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    path = tmp_path / name if content is None else make(name, content)
    with pytest.raises(CannotWrite, match=why):
        ana.attach(path, SAID)
    assert (ana.pending(), ana.uploads()) == (0, [])


def test_a_type_may_be_said(ana: Client, make: Make) -> None:
    media = ana.attach(make("lesson.bin"), SAID | {"media_type": "audio/mp4"})
    assert (ana.get("media", media) or {})["media_type"] == "audio/mp4"


def test_notes_never_wait_for_files(ana: Client, make: Make, store: FakeStore, server: FakeServer) -> None:
    ana.attach(make(), SAID)
    ana.put("notes", "note-0001", {"text": "Four tables argue."})
    ana.sync()
    assert (store.came, list(server.live("notes"))) == ([], ["note-0001"])


@pytest.mark.parametrize(("size", "puts"), [(1_500, 1), (1_501, 2), (4_300, 5)])
def test_a_file_arrives(ana: Client, make: Make, store: FakeStore, size: int, puts: int) -> None:
    heard: list[Upload] = []
    media = ana.attach(make(content=FILM[:size]), SAID)
    (one,) = ana.upload(heard.append)
    assert (one.stage, one.sent, store.objects[media]) == (Stage.SENT, size, FILM[:size])
    assert len(store.came) == puts
    assert [upload.sent for upload in heard] == sorted(upload.sent for upload in heard)
    assert heard[-1] == one
    store.state(media, "ready")
    ana.sync()
    assert told(ana) == (Stage.DONE, None)
    assert (ana.forget_upload(media), ana.uploads(), ana.forget_upload(media)) == (True, [], False)


def test_a_file_is_read_in_small_pieces(
    ana: Client, make: Make, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.client.files.PIECE", 100)
    ana.attach(make(), SAID)
    ana.upload()
    assert store.longest_piece == 100


@pytest.mark.parametrize("fault", [lost_on_the_way, answer_lost, busy])
@pytest.mark.parametrize(("size", "puts"), [(1_500, 1), (4_300, 5)])
def test_what_is_lost_is_sent_again_and_nothing_else(
    ana: Client, make: Make, store: FakeStore, size: int, puts: int, fault: Fault
) -> None:
    media = ana.attach(make(content=FILM[:size]), SAID)
    store.faults = [*[None] * (puts // 2), fault]
    ana.upload()
    assert store.objects[media] == FILM[:size]
    assert len(store.came) == puts + (fault is not answer_lost)


def test_patience_ends_and_another_program_goes_on(
    ana: Client, open_phone: OpenPhone, make: Make, store: FakeStore
) -> None:
    media = ana.attach(make(), SAID)
    store.faults = [None, None, *[busy] * 5]
    with pytest.raises(Unreachable, match="the store answers 503"):
        ana.upload()
    assert (only(ana).stage, only(ana).sent, len(store.came)) == (Stage.WAITING, 2_000, 7)
    ana.close()
    store.came.clear()
    with open_phone("ana") as later:
        later.upload()
        assert only(later).stage is Stage.SENT
    assert store.came == [f"{media}/3", f"{media}/4", f"{media}/5"]


def test_a_link_that_gets_on_is_never_given_up(ana: Client, make: Make, store: FakeStore) -> None:
    ana.attach(make(), SAID)
    store.faults = [*[lost_on_the_way] * 4, None] * 5
    ana.upload()
    assert told(ana) == (Stage.SENT, None)


def test_that_all_has_arrived_is_learnt_where_nobody_was_told(
    ana: Client, make: Make, store: FakeStore, tunnel: Tunnel
) -> None:
    media = ana.attach(make(), SAID)
    ana.sync()

    def completed_meanwhile(request: Request) -> None:
        if request.path == "/v1/sync/pull":
            store.state(media, "uploaded")

    tunnel.meanwhile = completed_meanwhile
    ana.upload()
    assert (told(ana), store.came) == ((Stage.SENT, None), [])


def test_small_files_go_first(ana: Client, make: Make, store: FakeStore) -> None:
    film = ana.attach(make(), SAID)
    photo = ana.attach(make("board.jpg", b"a photo"), SAID)
    ana.upload()
    assert store.came[0] == f"{photo}/0"
    assert [one.media_id for one in ana.uploads()] == [photo, film]


def test_what_wants_wifi_waits_for_it(ana: Client, make: Make, store: FakeStore) -> None:
    film = ana.attach(make(), SAID, wifi_only=True)
    photo = ana.attach(make("board.jpg", b"a photo"), SAID)
    ana.upload(on_wifi=False)
    assert [one.stage for one in ana.uploads()] == [Stage.SENT, Stage.WAITING]
    assert store.came == [f"{photo}/0"]
    ana.put("media", film, {"wifi_only": False})  # she decides otherwise
    ana.upload(on_wifi=False)
    assert [one.stage for one in ana.uploads()] == [Stage.SENT, Stage.SENT]


def test_a_changed_file_is_told_and_not_sent(ana: Client, make: Make, store: FakeStore) -> None:
    ana.attach(make(), SAID)
    store.faults = [None, busy, *[busy] * 4]
    with pytest.raises(Unreachable):
        ana.upload()
    path = make(content=FILM[:-1] + b"x")
    os.utime(path, ns=(1, 1))
    assert len(ana.upload()) == 1
    assert told(ana) == (Stage.ENDED, "file-changed")
    assert "attach it anew" in (only(ana).detail or "")
    assert (store.objects, len(store.came)) == ({}, 6)
    ana.upload()
    assert len(store.came) == 6


def test_a_file_with_a_new_date_and_the_same_bytes_is_the_same(ana: Client, make: Make) -> None:
    os.utime(make(), ns=(1, 1))
    ana.attach(make(), SAID)
    os.utime(make(), ns=(2, 2))
    ana.upload()
    assert told(ana) == (Stage.SENT, None)


def test_a_vanished_file_is_waited_for(ana: Client, make: Make) -> None:
    path = make()
    ana.attach(path, SAID)
    path.rename(path.with_suffix(".away"))
    ana.upload()
    assert told(ana) == (Stage.WAITING, "file-missing")
    path.with_suffix(".away").rename(path)
    ana.upload()
    assert told(ana) == (Stage.SENT, None)


def test_a_file_that_shrinks_under_way_is_noticed(ana: Client, make: Make, store: FakeStore) -> None:
    path = make()
    ana.attach(path, SAID)

    def shrink(store: FakeStore, url: str, body: Iterator[bytes]) -> Response:
        path.write_bytes(FILM[:2_000])
        return Response(503)

    store.faults = [None, None, shrink]
    ana.upload()
    assert told(ana) == (Stage.ENDED, "file-changed")


def test_what_ends_an_upload(ana: Client, make: Make, store: FakeStore, server: FakeServer) -> None:
    path = make()
    ids = [ana.attach(path, SAID) for _ in range(4)]
    refused = ana.attach(path, SAID | {"text": "REFUSE me"})
    ana.sync()
    deleted, withdrawn, quarantined, abandoned = ids
    ana.delete("media", deleted)
    ana.put("media", withdrawn, {"consent_withdrawn_at": "2026-11-21T08:00:00Z"})
    store.state(quarantined, "quarantined", reason="wrong_type")
    store.state(abandoned, "abandoned")
    ana.upload()
    assert {one.media_id: (one.stage, one.reason) for one in ana.uploads()} == {
        deleted: (Stage.ENDED, "deleted"),
        withdrawn: (Stage.ENDED, "consent-withdrawn"),
        quarantined: (Stage.ENDED, "wrong_type"),
        abandoned: (Stage.ENDED, "abandoned"),
        refused: (Stage.ENDED, "not-allowed"),
    }
    assert store.came == []


def test_a_file_whose_record_waits_for_its_visit_waits_too(
    ana: Client, make: Make, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fake_server.PARENTS, "media", ("visit_id", "visits"))
    ana.attach(make(), SAID)
    ana.upload()
    assert (told(ana), store.came) == ((Stage.WAITING, None), [])
    ana.put("visits", "visit-0001", {"title": "Room 4"})
    ana.upload()
    assert told(ana) == (Stage.SENT, None)


@pytest.mark.parametrize(
    ("problem", "stage"),
    [
        (Problem.CONSENT_REQUIRED, Stage.WAITING),
        (Problem.STORAGE_FULL, Stage.WAITING),
        (Problem.CONSENT_WITHDRAWN, Stage.ENDED),
        (Problem.MEDIA_TYPE_REFUSED, Stage.ENDED),
        (Problem.TOO_LARGE, Stage.ENDED),
    ],
)
def test_a_refused_file_does_not_hinder_others(
    ana: Client, make: Make, store: FakeStore, problem: Problem, stage: Stage
) -> None:
    first = ana.attach(make(content=FILM[:2_000]), SAID)
    film = ana.attach(make("other.mp4"), SAID)
    store.refusals[first] = problem
    ana.upload()
    one, other = ana.uploads()
    assert (one.stage, one.reason, other.stage) == (stage, problem.slug, Stage.SENT)
    assert list(store.objects) == [film]
    store.refusals.clear()
    ana.upload()
    assert ana.uploads()[0].stage is (Stage.SENT if stage is Stage.WAITING else Stage.ENDED)


def test_signing_out_tells_of_files_that_wait(ana: Client, make: Make) -> None:
    ana.attach(make(), SAID)
    ana.sync()
    with pytest.raises(Unsent, match=r"^1 files are not sent yet"):
        ana.sign_out()
    ana.sign_out(discard_unsent=True)
