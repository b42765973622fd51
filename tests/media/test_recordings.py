"""What is made of a recording: something that plays, and not a word about who made it where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from service.media.reasons import REASONS, UnfitError
from service.media.recordings import steps
from tests.media import films
from tests.media.films import SECRETS


def quiet(percent: int) -> None:
    """Nobody listens."""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(room: Path, content: bytes) -> Path:
    path = room / "raw"
    path.write_bytes(content)
    return path


def prepared(room: Path, content: bytes, media_type: str = "video/mp4") -> dict[str, Any]:
    return steps.make_playable(put(room, content), media_type, quiet)


def reason(room: Path, content: bytes, media_type: str = "video/mp4") -> str:
    with pytest.raises(UnfitError) as fault:
        prepared(room, content, media_type)
    assert fault.value.reason in REASONS
    return fault.value.reason


def codecs(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.codec.canonical_name for stream in container.streams]


def frames(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def shown(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def spoken(room: Path) -> list[tuple[str, bytes]]:
    """Secret words in anything that was made."""
    made = [path for path in room.iterdir() if path.name not in ("raw", "source")]
    return [(path.name, word) for path in made for word in SECRETS if word in path.read_bytes()]


@pytest.mark.parametrize(
    ("film", "media_type", "made"),
    [
        (films.mp4, "video/mp4", ["h264", "aac"]),
        (films.mov_of_a_camera, "video/quicktime", ["h264", "aac"]),
        (films.hevc, "video/mp4", ["hevc", "aac"]),
        (films.webm, "video/webm", ["h264", "opus"]),
        (lambda: films.webm("libvpx-vp9", "libvorbis"), "video/webm", ["vp9", "aac"]),
        (films.silent_mp4, "video/mp4", ["h264"]),
        (films.m4a, "audio/mp4", ["aac"]),
        (films.m4a, "audio/x-m4a", ["aac"]),
        (films.sound_webm, "audio/webm", ["opus"]),
    ],
)
def test_what_plays_as_it_is_is_copied_and_the_rest_made_anew(
    room: Path, film: Any, media_type: str, made: list[str]
) -> None:
    result = prepared(room, film(), media_type)
    assert codecs(room / "original") == made
    assert 1900 <= result["duration_ms"] <= 3100
    if media_type.startswith("video/"):
        assert result["renditions"] == ["original", "poster"]
        assert (result["width"], result["height"]) == (320, 180)
        assert shown(room / "poster").size == (320, 180)
    else:
        assert result["renditions"] == ["original"]


def test_a_copy_has_the_same_pictures(room: Path) -> None:
    prepared(room, films.mp4())
    before, after = frames(room / "raw"), frames(room / "original")
    assert [bytes(frame.planes[0]) for frame in before] == [bytes(frame.planes[0]) for frame in after]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_no_word_of_a_camera_is_left_and_the_picture_stays_upright(room: Path, turned: int) -> None:
    film = films.mov_of_a_camera(turned)
    missing = [word for word in SECRETS if word not in film]
    assert missing in ([], [b"2026-11-20"])
    result = prepared(room, film, "video/quicktime")
    upright = (180, 320) if turned in (90, 270) else (320, 180)
    assert (result["width"], result["height"]) == upright
    assert shown(room / "poster").size == upright
    assert frames(room / "original")[0].rotation == frames(room / "raw")[0].rotation
    assert frames(room / "original")[0].time == 0
    made = steps.transcode(room / "raw", "video/quicktime", result["duration_ms"], quiet)
    assert made["renditions"] == ["360p", "sheet", "waveform"]
    assert (frames(room / "360p")[0].width, frames(room / "360p")[0].height) == upright
    (room / "wave.raw").unlink()
    assert spoken(room) == []
    with av.open(str(room / "original")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert not {"location", "comment", "creation_time", "title", "make"} & container.metadata.keys()
        assert container.chapters() == []


def test_the_words_between_the_pictures_would_survive_a_plain_copy(room: Path) -> None:
    """The trap that the removal of units avoids."""
    assert b"SecretCam in Room 12" in films.mov_of_a_camera()
    copied = films.ffmpeg(
        *(
            "-i",
            str(put(room, films.mov_of_a_camera())),
            "-map",
            "0:v:0",
            "-c",
            "copy",
            "-map_metadata",
            "-1",
        ),
        suffix=".mp4",
    )
    assert b"SecretCam in Room 12" in copied


def test_the_playlist_says_which_bytes_are_which_seconds(room: Path) -> None:
    result = prepared(room, films.mp4(9))
    lines = (room / "original.m3u8").read_text().splitlines()
    ranges = [line.partition(":")[2] for line in lines if line.startswith("#EXT-X-BYTERANGE")]
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert {line for line in lines if not line.startswith("#")} == {"original"}
    ends = [sum(map(int, found.split("@"))) for found in ranges]
    assert ends[-1] <= (room / "original").stat().st_size
    assert 8990 <= result["duration_ms"] <= 9100
    assert len(ranges) == 3


def test_smaller_ones_start_each_segment_with_a_whole_picture(room: Path) -> None:
    film = films.mp4(9, "1920x1080")
    result = prepared(room, film)
    made = steps.transcode(room / "raw", "video/mp4", result["duration_ms"], quiet)
    assert made["renditions"] == ["720p", "360p", "sheet", "waveform"]
    for name, size in (("720p", (1280, 720)), ("360p", (640, 360))):
        pictures = frames(room / name)
        assert (pictures[0].width, pictures[0].height) == size
        assert [frame.time for frame in pictures if frame.key_frame][:3] == pytest.approx(
            [0, 4, 8], abs=0.001
        )
        seconds = [
            float(line.partition(":")[2].rstrip(","))
            for line in (room / f"{name}.m3u8").read_text().splitlines()
            if line.startswith("#EXTINF")
        ]
        assert seconds == pytest.approx([4, 4, 1], abs=0.1)


def test_nothing_is_scaled_up_and_odd_sides_are_made_even(room: Path) -> None:
    film = films.ffmpeg(*films.picture(1, "322x182"), *films.H264, suffix=".mp4")
    result = prepared(room, film)
    made = steps.transcode(room / "raw", "video/mp4", result["duration_ms"], quiet)
    assert made["renditions"] == ["360p", "sheet"]
    picture = frames(room / "360p")[0]
    assert (picture.width, picture.height) == (322, 182)


def test_wide_pixels_are_seen_wide(room: Path) -> None:
    film = films.ffmpeg(*films.picture(1, "240x180"), "-vf", "setsar=4/3", *films.H264, suffix=".mp4")
    result = prepared(room, film)
    assert (result["width"], result["height"]) == (320, 180)
    steps.transcode(room / "raw", "video/mp4", result["duration_ms"], quiet)
    assert (frames(room / "360p")[0].width, shown(room / "poster").size) == (320, (320, 180))


def test_pictures_that_come_unevenly_are_neither_doubled_nor_lost(room: Path) -> None:
    """As phones film in a dark room."""
    uneven = "select='not(mod(n,7))+not(mod(n,3))'"
    film = films.ffmpeg(*films.picture(4), "-vf", uneven, "-fps_mode", "vfr", *films.H264, suffix=".mp4")
    result = prepared(room, film)
    steps.transcode(room / "raw", "video/mp4", result["duration_ms"], quiet)
    raw = [frame.time for frame in frames(room / "raw")]
    assert len(raw) == 44
    for name in ("original", "360p"):
        assert [frame.time for frame in frames(room / name)] == pytest.approx(raw, abs=0.002)


def test_the_sheet_shows_the_moment_that_it_says(room: Path) -> None:
    """A film that is black for two seconds, then white for two."""
    film = films.ffmpeg(
        *("-f", "lavfi", "-i", "color=black:s=320x180:d=2[a];color=white:s=320x180:d=2[b];[a][b]concat"),
        *films.H264,
        suffix=".mp4",
    )
    result = prepared(room, film)
    steps.transcode(room / "raw", "video/mp4", result["duration_ms"], quiet)
    layout, image = json.loads((room / "sheet.json").read_text()), shown(room / "sheet")
    assert image.size == (layout["columns"] * layout["width"], layout["rows"] * layout["height"])
    white = {}
    for tile in layout["tiles"]:
        middle = (tile["x"] + layout["width"] // 2, tile["y"] + layout["height"] // 2)
        white[tile["at_ms"]] = image.convert("L").getpixel(middle) > 128
    assert white == {0: False, 1000: False, 2000: True, 3000: True}


def test_a_long_sheet_has_a_hundred_pictures_at_most() -> None:
    layout = steps.sheet_of(1920, 1080, 4 * 3600 * 1000)
    assert len(layout["tiles"]) == 100
    assert layout["tiles"][-1] == {"at_ms": 99 * 144_000, "x": 9 * 160, "y": 9 * 90}


def test_the_waveform_is_loud_where_it_is_loud(room: Path) -> None:
    film = films.ffmpeg(
        *("-f", "lavfi", "-i", "sine=440:d=4,volume='if(lt(t,2),0,4)':eval=frame"), *films.AAC, suffix=".m4a"
    )
    result = prepared(room, film, "audio/mp4")
    made = steps.transcode(room / "raw", "audio/mp4", result["duration_ms"], quiet)
    assert made["renditions"] == ["sound", "waveform"]
    peaks = json.loads((room / "waveform").read_text())["peaks"]
    assert 500 <= len(peaks) <= 600
    assert max(peaks[: len(peaks) // 2 - 20]) < 0.05
    assert min(peaks[len(peaks) // 2 + 20 : -20]) > 0.3
    assert max(peaks) <= 1


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "count"), [(1000, 2000, 25), (1480, 1520, 1), (40, 2960, 73)]
)
def test_a_piece_is_cut_to_the_picture(room: Path, from_ms: int, until_ms: int, count: int) -> None:
    prepared(room, films.mp4())
    whole = [frame.to_image() for frame in frames(room / "original")]
    (room / "original").rename(room / "source")
    made = steps.cut(room / "source", "video/mp4", from_ms, until_ms, quiet)
    assert made["renditions"] == ["original", "poster"]
    pieces = frames(room / "original")
    assert len(pieces) == count
    at = from_ms * 25 // 1000
    assert _distance(pieces[0].to_image(), whole[at]) < min(
        _distance(pieces[0].to_image(), whole[other]) for other in (at - 1, at + 1)
    )


def _distance(one: Image.Image, other: Image.Image) -> int:
    pairs = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    return sum(abs(left - right) for left, right in pairs)


HUGE = (2**31 - 1).to_bytes(4)


@pytest.mark.parametrize(
    ("content", "media_type", "word"),
    [
        (lambda: b"", "video/mp4", "empty"),
        (lambda: b"<!DOCTYPE html><script>alert(1)</script>", "video/mp4", "wrong_type"),
        (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video/mp4", "wrong_type"),
        (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "video/webm", "wrong_type"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "video/quicktime", "wrong_type"),
        (films.mp4, "video/webm", "wrong_type"),
        (films.webm, "video/mp4", "wrong_type"),
        (films.mp4, "audio/mp4", "wrong_type"),
        (lambda: films.box(b"ftyp", b"heic\0\0\0\0heicmif1") + films.mp4()[32:], "video/mp4", "wrong_type"),
        (films.m4a, "video/mp4", "no_picture"),
        (lambda: films.mp4() + b"<html>hung on behind</html>", "video/mp4", "truncated"),
        (lambda: b"\0\0\0\x20ftypisom<script>alert(1)</script>" + films.mp4(), "video/mp4", "unreadable"),
        (lambda: films.mp4()[: len(films.mp4()) // 2], "video/mp4", "truncated"),
        (lambda: films.webm()[:-100], "video/webm", "truncated"),
        (lambda: films.webm() + b"PK\3\4 another file", "video/webm", "unreadable"),
        (lambda: films.FTYP + films.box(b"mdat", bytes(1000)), "video/mp4", "unreadable"),
        (lambda: films.FTYP + films.box(b"moov"), "video/mp4", "no_picture"),
        (lambda: films.FTYP + films.box(b"moov") + films.mp4()[32:], "video/mp4", "unreadable"),
        (lambda: films.table_of(b"stsz", 2**31), "video/mp4", "too_complex"),
        (lambda: films.table_of(b"stts", 2**32 - 1), "video/mp4", "too_complex"),
        (lambda: films.table_of(b"elst", 100_000, bytes(1_200_000)), "video/mp4", "too_complex"),
        (lambda: films.table_of(b"stco", 1_000_000), "video/mp4", "unreadable"),
        (lambda: films.nested(20_000), "video/mp4", "too_complex"),
        (lambda: films.FTYP + films.box(b"moov", films.box(b"trak") * 1000), "video/mp4", "too_complex"),
        (lambda: films.FTYP + films.box(b"moov", bytes((64 << 20) + 1)), "video/mp4", "too_complex"),
        (lambda: films.patched(films.mp4(), b"moov", -8, HUGE), "video/mp4", "truncated"),
        (lambda: films.patched(films.mp4(), b"stts", 12, HUGE), "video/mp4", "too_long"),
        (lambda: films.patched(films.mp4(), b"avcC", 8, bytes(20)), "video/mp4", "unreadable"),
    ],)  # fmt: skip
def test_what_is_no_recording_has_a_reason(
    room: Path, content: Callable[[], bytes], media_type: str, word: str
) -> None:
    assert reason(room, content(), media_type) == word
    assert not (room / "poster").exists()


def test_a_picture_too_large_is_told(room: Path) -> None:
    assert reason(room, films.silent_mp4(0.1, "4112x64")) == "too_many_pixels"


def test_an_attached_cover_is_no_picture(room: Path) -> None:
    shutil.copy(put(room, films.m4a()), room / "sound.m4a")
    Image.new("RGB", (64, 64)).save(room / "cover.jpg")
    covered = films.ffmpeg(
        *(
            "-i",
            str(room / "sound.m4a"),
            "-i",
            str(room / "cover.jpg"),
            "-map",
            "0",
            "-map",
            "1",
            "-c",
            "copy",
        ),
        *("-disposition:v", "attached_pic"),
        suffix=".m4a",
    )
    assert prepared(room, covered, "audio/mp4")["renditions"] == ["original"]
    assert codecs(room / "original") == ["aac"]
