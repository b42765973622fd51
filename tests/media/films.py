"""Recordings as phones and strangers make them, by FFmpeg; each is made once in a run."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import imageio_ffmpeg

SECRETS = (
    b"SecretCam",
    b"taught by Hana",
    b"+48.8566+002.3522",
    b"Room 12",
    b"2026-11-20",
    b"first chapter",
    b"48,51.5N",
)
"""Words that nothing made of a recording may hold."""
WORDS = (
    *("-metadata", "comment=taught by Hana", "-metadata", "location=+48.8566+002.3522/"),
    *("-metadata", "com.apple.quicktime.location.ISO6709=+48.8566+002.3522/"),
    *("-metadata", "com.apple.quicktime.model=SecretCam", "-metadata", "creation_time=2026-11-20T10:00:00Z"),
    *("-metadata", "make=SecretCam", "-metadata", "title=Room 12", "-metadata", "artist=SecretCam"),
    *(
        "-metadata:s:v",
        "handler_name=SecretCam",
        "-metadata:s:a",
        "handler_name=SecretCam",
        "-timecode",
        "01:02:03:04",
    ),
)
CHAPTER = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=first chapter in Room 12\n"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" GPSLatitude="48,51.5N" by="SecretCam"/>'
# what cameras write between the pictures: by a UUID of their own
_SPOKEN = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+SecretCam in Room 12"


def ffmpeg(*arguments: str, suffix: str) -> bytes:
    """What FFmpeg writes into a file of this suffix."""
    with tempfile.TemporaryDirectory() as directory:
        chapter, made = Path(directory, "chapter.txt"), Path(directory, f"made{suffix}")
        chapter.write_text(CHAPTER)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y"]
        command += [word.replace("CHAPTER", str(chapter)) for word in arguments]
        subprocess.run([*command, str(made)], check=True)
        return made.read_bytes()


def picture(seconds: float, size: str = "320x180", rate: int = 25) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}")


def tone(seconds: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=440:d={seconds}")


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25")
AAC = ("-c:a", "aac", "-b:a", "64k")


@cache
def mp4(seconds: float = 3, size: str = "320x180") -> bytes:
    return ffmpeg(*picture(seconds, size), *tone(seconds), *H264, *AAC, suffix=".mp4")


@cache
def mov_of_a_camera(turned: int = 0, seconds: float = 3) -> bytes:
    """With place, time, maker, chapter, timecode track, words between the pictures, XMP; turned as phones turn."""
    spoken = ("-bsf:v", _SPOKEN)
    plain = ffmpeg(
        *picture(seconds), *tone(seconds), "-i", "CHAPTER", "-map", "0:v", "-map", "1:a", "-map_metadata", "2",
        *H264, *AAC, *spoken, *WORDS, "-movflags", "use_metadata_tags", suffix=".mov",
    )  # fmt: skip
    if turned:
        with tempfile.NamedTemporaryFile(suffix=".mov") as file:
            Path(file.name).write_bytes(plain)
            plain = ffmpeg(
                *(
                    "-display_rotation",
                    str(turned),
                    "-i",
                    file.name,
                    "-map",
                    "0:v",
                    "-map",
                    "0:a",
                    "-c",
                    "copy",
                ),
                *("-map_metadata", "0", "-movflags", "use_metadata_tags"),
                suffix=".mov",
            )
    return (
        plain
        + struct.pack(">I4s", 24 + len(XMP), b"uuid")
        + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
        + XMP
    )


@cache
def webm(codec: str = "libvpx", sound: str = "libopus", seconds: float = 2) -> bytes:
    quick = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k")
    return ffmpeg(
        *picture(seconds), *tone(seconds), "-c:v", codec, *quick, "-c:a", sound, "-metadata", "title=Room 12",
        suffix=".webm",
    )  # fmt: skip


@cache
def hevc() -> bytes:
    quick = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1")
    return ffmpeg(*picture(2), *tone(2), *quick, *AAC, suffix=".mp4")


@cache
def m4a(seconds: float = 3) -> bytes:
    return ffmpeg(*tone(seconds), *AAC, "-metadata", "title=Room 12", suffix=".m4a")


@cache
def sound_webm() -> bytes:
    return ffmpeg(*tone(2), "-c:a", "libopus", suffix=".webm")


@cache
def silent_mp4(seconds: float = 2, size: str = "320x180") -> bytes:
    return ffmpeg(*picture(seconds, size), *H264, suffix=".mp4")


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def table_of(kind: bytes, count: int, content: bytes = b"") -> bytes:
    """An MP4 whose one track has a table that says it has `count` entries."""
    counted = struct.pack(">II", 0, count) if kind != b"stsz" else struct.pack(">III", 0, 0, count)
    table = box(kind, counted + content)
    where = box(b"edts", table) if kind == b"elst" else box(b"mdia", box(b"minf", box(b"stbl", table)))
    return FTYP + box(b"moov", box(b"trak", where))


def nested(depth: int) -> bytes:
    inner = b""
    for number in range(depth):
        inner = box(b"trak" if number % 2 else b"mdia", inner)
    return FTYP + box(b"moov", inner)


def patched(film: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """The film with other bytes at an offset into the content of its first box of a kind."""
    start = film.index(kind) + 4 + offset
    return film[:start] + value + film[start + len(value) :]
