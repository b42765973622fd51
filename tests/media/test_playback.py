"""Recordings are played by players that know nothing of us, for as long as their person may see them, and no longer."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import httpx
import imageio_ffmpeg
import pytest

from service.accounts import sessions
from service.accounts.models import session
from service.media.capability import PLAYBACK, Capabilities, Capability
from service.media.recordings import steps
from service.media.recordings.codecs import described
from service.settings import Settings
from sync.clock import system_now
from tests.conftest import CloneDatabase, environment
from tests.media import films
from tests.media.screening import (
    CAPTIONS,
    FILM,
    HANA,
    NINA,
    OLGA,
    OTTO,
    RITA,
    VISIT,
    Screening,
    fetched,
    served,
)
from tests.servers import Answer


@pytest.fixture(scope="module")
def screening(clone_database: CloneDatabase, token_key: str, s3: Answer) -> Iterator[Screening]:
    """One film for the whole file; each test leaves it as it was."""
    with clone_database() as url, served(Settings.from_environment(environment(url, token_key, s3))) as found:
        found.filmed()
        yield found


def played(url: str, *arguments: str) -> tuple[int, str]:
    """What FFmpeg says that plays the address to its end: how many pictures, and its complaints."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", *arguments, "-i", url]
    command += ["-map", "0:v:0", "-map", "0:a:0", "-f", "null", "-progress", "pipe:1", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return int(re.findall(r"^frame=(\d+)", done.stdout, re.MULTILINE)[-1]), done.stderr


def test_a_player_plays_every_stream_to_its_end(screening: Screening) -> None:
    base = screening.play(HANA)
    assert screening.film()["renditions"] == ["original", "poster", "720p", "360p", "sheet", "waveform"]
    for name in ("master", "original", "720p", "360p"):
        assert played(f"{base}{name}.m3u8") == (75, ""), name
    assert played(f"{base}original.m3u8", "-ss", "2")[0] == 25


def test_the_master_playlist_says_what_it_takes(screening: Screening) -> None:
    answer = fetched(f"{screening.play(HANA)}master.m3u8")
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.headers["cache-control"] == "no-store"
    lines = answer.text.splitlines()
    streams = {lines[at + 1]: line for at, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")}
    assert set(streams) == {"original.m3u8", "720p.m3u8", "360p.m3u8"}
    rates = [int(re.findall(r":BANDWIDTH=(\d+)", line)[0]) for line in streams.values()]
    assert rates == sorted(rates)
    assert 100_000 < rates[0] < 3_000_000
    for name, size in (("original.m3u8", "640x480"), ("720p.m3u8", "640x480"), ("360p.m3u8", "480x360")):
        assert f"RESOLUTION={size}" in streams[name]
        assert re.search(r'CODECS="avc1\.[0-9A-F]{6},mp4a\.40\.2"', streams[name])
        assert 'SUBTITLES="captions"' in streams[name]
    assert 'TYPE=SUBTITLES,GROUP-ID="captions",NAME="de",LANGUAGE="de",URI="captions-de.m3u8"' in answer.text


def test_captions_are_played_beside_it(screening: Screening) -> None:
    base = screening.play(HANA)
    listed = fetched(f"{base}captions-de.m3u8").text
    assert "#EXTINF:3.000,\ncaptions-de.vtt\n#EXT-X-ENDLIST" in listed
    answer = fetched(f"{base}captions-de.vtt")
    assert (answer.content, answer.headers["content-type"]) == (CAPTIONS, "text/vtt")
    assert fetched(f"{base}captions-fr.m3u8").status_code == 404
    assert fetched(f"{base}captions-fr.vtt").status_code == 404


def test_bytes_come_from_the_store_in_ranges(screening: Screening) -> None:
    url = f"{screening.play(HANA)}original.mp4"
    there = httpx.get(url)
    assert (there.status_code, there.headers["cache-control"], there.content) == (302, "no-store", b"")
    assert there.headers["location"].startswith(screening.services.settings.s3_public_endpoint)
    assert "X-Amz-Expires=60" in there.headers["location"]
    whole = fetched(url)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.headers["content-disposition"].startswith("attachment")
    piece = fetched(url, Range="bytes=1000-1999")
    assert (piece.status_code, piece.content) == (206, whole.content[1000:2000])
    assert piece.headers["content-range"] == f"bytes 1000-1999/{len(whole.content)}"


def test_beside_it_lie_its_pictures_and_its_loudness(screening: Screening) -> None:
    base = screening.play(HANA)
    assert fetched(f"{base}poster").content.startswith(b"\xff\xd8\xff")
    assert fetched(f"{base}sheet").content.startswith(b"\xff\xd8\xff")
    assert fetched(f"{base}sheet.json").json()["tiles"][0]["at_ms"] == 0
    assert fetched(f"{base}waveform").json()["duration_ms"] == 3000


@pytest.mark.parametrize(
    "name",
    [
        "raw",
        "raw.mp4",
        "raw.m3u8",
        "photo",
        "sound.m3u8",
        "original",
        "original.vtt",
        "captions-.vtt",
        ".m3u8",
    ],
)
def test_nothing_else_is_there(screening: Screening, name: str) -> None:
    assert fetched(f"{screening.play(HANA)}{name}").status_code == 404


def test_it_is_noted_once_for_each_play_and_not_of_who_filmed(screening: Screening) -> None:
    before = len(screening.links_issued())
    base = screening.play(RITA)
    for name in ("master.m3u8", "720p.m3u8", "720p.mp4", "720p.mp4"):
        assert fetched(base + name).status_code == 200
    screening.play(OLGA)
    assert screening.links_issued()[before:] == [RITA]


def test_who_may_no_longer_see_it_is_stopped_in_the_middle(screening: Screening) -> None:
    base = screening.play(RITA)
    assert fetched(f"{base}720p.mp4", Range="bytes=0-9").status_code == 206
    visit = f"/v1/visits/{VISIT}"
    assert screening.people[HANA].patch(visit, {"released_people_ids": []}).status_code == 200
    nothing = fetched(f"{base}nothing-here")
    for name in ("master.m3u8", "720p.m3u8", "720p.mp4", "poster", "captions-de.vtt"):
        answer = fetched(base + name)
        assert (answer.status_code, answer.content) == (404, nothing.content)
    assert screening.people[HANA].patch(visit, {"released_people_ids": [RITA]}).status_code == 200
    assert fetched(f"{base}720p.mp4").status_code == 200


def test_who_signs_out_stops_playing(screening: Screening) -> None:
    base = screening.play(OTTO)
    assert fetched(f"{base}master.m3u8").status_code == 200
    with screening.services.database.begin(screening.tenant_id) as connection:
        hers = session.c.person_id == OTTO
        assert sessions.end(connection, screening.tenant_id, hers, sessions.SIGNED_OUT, system_now()) == 1
    assert fetched(f"{base}master.m3u8").status_code == 404
    assert fetched(f"{base}original.mp4").status_code == 404
    screening.people[OTTO] = screening.caller(OTTO)


def test_an_address_ends_after_hours_and_cannot_be_made_by_others(screening: Screening) -> None:
    base = screening.play(HANA)
    token = base.rstrip("/").rpartition("/")[2]
    ours = Capabilities(screening.services.settings.secret_key, PLAYBACK)
    read = ours.read(token, system_now())
    assert timedelta(hours=5, minutes=59) < read.until - system_now() <= timedelta(hours=6)
    over = ours.write(Capability(read.tenant_id, read.session_id, read.media_id, system_now()))
    forged = Capabilities(b"another key", PLAYBACK).write(read)
    elsewhere = Capabilities(screening.services.settings.secret_key, b"another purpose").write(read)
    other = ours.write(Capability(read.tenant_id, read.session_id, "film-of-nobody", read.until))
    last = "A" if token[40] != "A" else "B"
    changed = token[:40] + last + token[41:]
    wrong = {over, forged, elsewhere, other, changed, token[:-4], token + "AAAA", "x", "%C3%A4"}
    assert len(wrong) == 9
    answers = {fetched(base.replace(token, one) + "master.m3u8").content for one in wrong}
    assert len(answers) == 1
    assert b"not-found" in answers.pop()


def test_a_photo_is_not_played(screening: Screening) -> None:
    assert screening.people[NINA].post(f"/v1/media/{FILM}/play").status_code == 404
    renditions = screening.film()["renditions"]
    screening.say(renditions=["photo", "small"])
    assert screening.people[HANA].post(f"/v1/media/{FILM}/play").status_code == 404
    screening.say(renditions=renditions)


@pytest.mark.parametrize(
    ("film", "media_type", "codecs"),
    [
        (films.hevc, "video/mp4", ("hvc1.1.6.L60.90", "mp4a.40.2")),
        (films.webm, "video/webm", ("avc1.42C01E", "opus")),
        (lambda: films.webm("libvpx-vp9", "libvorbis"), "video/webm", ("vp09.00.11.08", "mp4a.40.2")),
        (films.m4a, "audio/mp4", ("mp4a.40.2",)),
    ],
)
def test_codecs_are_named_as_players_ask_for_them(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    film: object,
    media_type: str,
    codecs: tuple[str, ...],
) -> None:
    assert callable(film)
    room = tmp_path_factory.mktemp("room")
    monkeypatch.chdir(room)
    (room / "raw").write_bytes(film())
    steps.make_playable(room / "raw", media_type, lambda percent: None)
    assert described((room / "original").read_bytes()[:5000]).codecs == codecs


@pytest.mark.parametrize("cut", [0, 7, 30, 400, 460, 540, 555, 700, 1090])
def test_half_a_head_is_no_fault(cut: int) -> None:
    head = films.mp4()[:2000]
    assert described(head[:cut] + bytes(200)).codecs in ((), ("avc1.42C00C",), ("avc1.000000",))
