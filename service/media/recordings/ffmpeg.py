"""FFmpeg, as it is called here: every command line, and how one is run and listened to.

It reads one file by a demuxer that is named, opens nothing else, and writes into the directory in which it runs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGXCPU, SIGXFSZ

import imageio_ffmpeg

from service.media.reasons import UnfitError
from service.media.recordings.formats import MAX_SECONDS, MAX_SIDE, ORIGINAL, P360, P720, REMOVED_UNITS
from service.media.recordings.probe import Probe
from service.process import CRASHES, die_with

SEGMENT_SECONDS = 4
THREADS = min(4, os.cpu_count() or 1)
QUICK, SMALLER, EXACT = "ultrafast", "superfast", "veryfast"
"""How much x264 thinks: when somebody waits; for what is fetched often; for what is kept."""
MAX_RATE = 30
"""Pictures a second in what is made smaller."""
SIDES = {P720: 720, P360: 360}
_BITS = {P720: ("2500k", "96k"), P360: ("700k", "64k")}
_NO_WORDS = ("-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-dn", "-sn")
_EXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")
_OUT_OF_TIME = (-SIGXCPU, 255)
"""It hears of its limit, ends its work, and says 255."""
_FULL = (b"No space left", b"Disk quota exceeded")

Told = Callable[[int], None]
"""Is told how far it is, in milliseconds of the recording."""
Changed = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Pictures in, as many pictures out."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file and what is known of it."""

    path: Path
    probe: Probe

    @property
    def arguments(self) -> list[str]:
        """How FFmpeg is told to read it: nothing but this file, as what it is."""
        return [
            *(
                "-protocol_whitelist",
                "file",
                "-f",
                self.probe.demuxer,
                "-max_pixels",
                str(MAX_SIDE * MAX_SIDE),
            ),
            *("-threads", str(THREADS), "-i", str(self.path)),
        ]


def original(source: Source) -> list[str]:
    """The whole recording with nothing but picture and sound: copied where it can be played as it is."""
    probe = source.probe
    video = _copied_video(probe) if probe.video_copied else _quick_video(probe)
    audio = ["-c:a", "copy"] if probe.audio_copied else _audio("128k")
    return [*source.arguments, *_mapped(probe), *video, *audio, *stream(ORIGINAL)]


def poster(source: Source, at_ms: int, name: str) -> list[str]:
    """One picture as a JPEG."""
    return [
        *("-ss", _seconds(at_ms), *source.arguments, "-map", f"0:{source.probe.video}"),
        *(*_NO_WORDS, "-frames:v", "1", "-vf", _scaled(*fitted(source.probe, P720))),
        *(
            "-c:v",
            "mjpeg",
            "-q:v",
            "4",
            "-pix_fmt",
            "yuvj420p",
            *_EXACT,
            "-f",
            "image2",
            "-update",
            "1",
            name,
        ),
    ]


def excerpt(source: Source, from_ms: int, until_ms: int) -> list[str]:
    """A piece, cut exactly at these moments and so made anew."""
    probe = source.probe
    video = _x264(EXACT, 20, "6M") if probe.video is not None else []
    span = ["-ss", _seconds(from_ms), "-t", _seconds(until_ms - from_ms)]
    return [*span, *source.arguments, *_mapped(probe), *video, *_audio("128k"), *stream(ORIGINAL)]


def renditions(source: Source, names: Sequence[str], sheet: Sequence[str], wave: str | None) -> list[str]:
    """Everything smaller from one decoding: `names` of renditions, the sheet's filters, and plain sound into `wave`."""
    probe = source.probe
    outputs = [f"[{name}]" for name in names]
    filters = [f"split={len(names) + 1}{''.join(f'[in{name}]' for name in names)}[insheet]"]
    filters += [f"[in{name}]{_scaled(*fitted(probe, name))}[{name}]" for name in names]
    rate = f"fps={MAX_RATE}," if probe.rate > MAX_RATE + 1 else ""
    graph = f"[0:{probe.video}]{rate}{filters[0]};{';'.join(filters[1:])};[insheet]{','.join(sheet)}[sheet]"
    made = [*source.arguments, "-filter_complex_threads", "1", "-filter_complex", graph]
    for name, output in zip(names, outputs, strict=True):
        bits, sound = _BITS[name]
        heard = ["-map", f"0:{probe.audio}"] if probe.audio is not None else []
        made += ["-map", output, *heard, *_x264(SMALLER, 24, bits), *_audio(sound), *stream(name)]
    made += ["-map", "[sheet]", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p"]
    made += [*_EXACT, "-f", "image2", "-update", "1", "sheet"]
    return made + (_plain_sound(probe, wave) if wave else [])


def sound(source: Source, name: str, wave: str) -> list[str]:
    """Sound that can be fetched over any network, and plain sound into `wave`."""
    made = [*source.arguments, *_mapped(source.probe), *_audio("64k"), *stream(name)]
    return made + _plain_sound(source.probe, wave)


def pictures(source: Source, size: tuple[int, int], rate: int) -> list[str]:
    """All its pictures, plain, onto the standard output: three bytes a pixel, so many a second."""
    return [
        *(*source.arguments, "-map", f"0:{source.probe.video}", "-t", str(MAX_SECONDS + 1)),
        *(
            "-vf",
            f"fps={rate}:start_time=0,{_scaled(*size)}",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "pipe:1",
        ),
    ]


def of_pictures(source: Source, size: tuple[int, int], rate: int, name: str) -> list[str]:
    """A rendition of pictures from the standard input, with the sound of the recording."""
    heard = ["-map", f"1:{source.probe.audio}"] if source.probe.audio is not None else []
    return [
        *("-protocol_whitelist", "pipe", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", "{}x{}".format(*size), "-r", str(rate), "-i", "pipe:0", *source.arguments),
        *("-map", "0:v", *heard, *_x264(SMALLER, 22, "4M"), *_audio("96k"), *stream(name)),
    ]


def stream(name: str) -> list[str]:
    """One fragmented MP4 called `name`, and a playlist of its byte ranges beside it."""
    return [
        *(*_NO_WORDS, *_EXACT, "-max_muxing_queue_size", "4096"),
        # each picture at its own moment, the first at 0: no doubles, and sound may begin a moment before it
        *("-fps_mode", "vfr", "-avoid_negative_ts", "disabled", "-f", "hls"),
        *("-hls_time", str(SEGMENT_SECONDS), "-hls_segment_type", "fmp4", "-hls_flags", "single_file"),
        *("-hls_playlist_type", "vod", "-hls_segment_filename", name, f"{name}.m3u8"),
    ]


def run(arguments: Iterable[str], told: Told = lambda _: None) -> None:
    """Run it to its end, and tell how far it is. UnfitError when the file is at fault, OSError when the machine is."""
    with _started(["-nostdin", "-progress", "pipe:1", *arguments], "ffmpeg.log") as process:
        assert process.stdout is not None
        for line in process.stdout:
            _listen(line, told)


def change(decode: Sequence[str], encode: Sequence[str], size: int, changed: Changed) -> None:
    """Hand each picture of `size` bytes from one command to the other, changed. Raises as `run` does."""
    with (
        _started(["-nostdin", *decode], "decode.log") as decoder,
        _started(encode, "encode.log", stdin=subprocess.PIPE) as encoder,
    ):
        assert decoder.stdout is not None
        assert encoder.stdin is not None
        pieces = iter(partial(decoder.stdout.read, size), b"")
        with suppress(BrokenPipeError):  # why it ended is told by what it ended with
            for picture in changed(piece for piece in pieces if len(piece) == size):
                encoder.stdin.write(picture)
            encoder.stdin.flush()
        with suppress(BrokenPipeError):
            encoder.stdin.close()


@contextmanager
def _started(
    arguments: Sequence[str], log_name: str, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-y", "-loglevel", "error"]
    with Path(log_name).open("wb+") as log:
        with subprocess.Popen(
            [*command, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=log,
            preexec_fn=partial(die_with, os.getpid()),
        ) as process:
            yield process
        log.seek(0)
        _judge(process.returncode, log.read(1 << 20))


def _listen(line: bytes, told: Told) -> None:
    name, _, value = line.strip().partition(b"=")
    if name == b"out_time_us" and value.isdigit():
        told(int(value) // 1000)


def _judge(code: int, log: bytes) -> None:
    if code == 0:
        return
    if code in _OUT_OF_TIME:
        raise UnfitError("too_slow")
    if code == -SIGXFSZ or any(word in log for word in _FULL):
        raise OSError("there is no room on the disk for what is made of a recording")
    if code > 0 or code in CRASHES:
        raise UnfitError("unreadable")
    raise OSError(f"FFmpeg ended with {code}")


def _mapped(probe: Probe) -> list[str]:
    found = (number for number in (probe.video, probe.audio) if number is not None)
    return [word for number in found for word in ("-map", f"0:{number}")] + ["-t", str(MAX_SECONDS + 1)]


def _copied_video(probe: Probe) -> list[str]:
    tag = ["-tag:v", "hvc1"] if probe.video_codec == "hevc" else []
    units = REMOVED_UNITS.get(probe.video_codec)
    return ["-c:v", "copy", *tag] + (["-bsf:v", f"filter_units=remove_types={units}"] if units else [])


def _quick_video(probe: Probe) -> list[str]:
    if probe.video is None:
        return []
    return ["-vf", _scaled(*fitted(probe, P720)), *_x264(QUICK, 24, "4M")]


def _x264(preset: str, quality: int, most: str) -> list[str]:
    """H.264 with a whole picture at the start of each segment."""
    return [
        *("-c:v", "libx264", "-preset", preset, "-crf", str(quality), "-maxrate", most, "-bufsize", "8M"),
        *("-pix_fmt", "yuv420p", "-threads", str(THREADS), "-sc_threshold", "0", "-g", "600", "-bf", "0"),
        *("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})"),
        *("-bsf:v", f"filter_units=remove_types={REMOVED_UNITS['h264']}"),
    ]


def _audio(bits: str) -> list[str]:
    return ["-c:a", "aac", "-b:a", bits, "-ac", "2", "-ar", "48000"]


def _plain_sound(probe: Probe, wave: str) -> list[str]:
    return [
        "-map",
        f"0:{probe.audio}",
        "-vn",
        "-ac",
        "1",
        "-ar",
        "8000",
        "-c:a",
        "pcm_s16le",
        "-f",
        "s16le",
        wave,
    ]


def fits(probe: Probe, name: str) -> bool:
    """Whether there is anything to make smaller: nothing is scaled up."""
    return name == P360 or min(probe.width, probe.height) > SIDES[P360]


def fitted(probe: Probe, name: str) -> tuple[int, int]:
    """Width and height, even, when the shorter side is that of the rendition or what the recording has."""
    shorter = min(probe.width, probe.height)
    share = min(1.0, SIDES[name] / shorter)
    return max(2, round(probe.width * share / 2) * 2), max(2, round(probe.height * share / 2) * 2)


def _scaled(width: int, height: int) -> str:
    return f"scale={width}:{height}:flags=bilinear,setsar=1"


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
