"""A photo that anybody may have sent, made into what can be shown: checked, upright, and without a word about its maker.

Decoders of pictures have faults, so this runs as a process of its own with bounded memory and time and none of the
service's secrets (`python -m service.media.photos TYPE`, the file on stdin, what is made of it on stdout), started by
`clean_apart`.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGXCPU
from types import MappingProxyType

import puremagic
from PIL import Image, ImageCms, ImageFilter, ImageOps

from service.media import faces, profiles
from service.media.photo_types import FORMATS, shown_type
from service.media.reasons import UnfitError

SIZES: Mapping[str, int] = MappingProxyType({"photo": 4096, "small": 800})
"""The renditions, and how long their longer side is at most."""
MAX_PIXELS = 50_000_000
MAX_SIDE = 32_000
QUALITY = 90
PLACEHOLDER = 16
"""The longer side of what is shown until the photo has come, in pixels."""
MEMORY = 2 << 30
CPU_SECONDS = 120
PATIENCE = 300.0
UNFIT = 3
# by these a process ends when a decoder crashed, or used up its time
_OWN_FAULTS = frozenset(-fault for fault in (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGXCPU))
_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "RGB", "RGBA"), "WEBP": ("RGB", "RGBA")}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a record says of its photo; `placeholder` is a tiny blurred picture as a data: address."""

    width: int
    height: int
    placeholder: str


@dataclass(frozen=True, slots=True)
class Photo:
    """What is made of a file: the facts, and the renditions by name."""

    facts: Facts
    renditions: Mapping[str, bytes]


def clean(raw: bytes, media_type: str, *, blur_faces: bool = False) -> Photo:
    """The photo drawn anew in its sizes: upright, its colours kept, every word of the file gone.

    Raises UnfitError: `empty`, `wrong_type`, `too_many_pixels`, `unreadable` or `cannot_blur`.
    """
    if not raw:
        raise UnfitError("empty")
    if FORMATS.get(media_type, "") not in _sniffed(raw):
        raise UnfitError("wrong_type")
    if blur_faces and not faces.available():
        raise UnfitError("cannot_blur")
    image, profile = _read(raw, media_type)
    if blur_faces:
        image = faces.blur(image)
    format_ = FORMATS[shown_type(media_type)]
    sized = {name: _fit(image, side) for name, side in SIZES.items()}
    facts = Facts(*sized["photo"].size, _placeholder(sized["small"]))
    return Photo(facts, {name: _stored(one, format_, profile) for name, one in sized.items()})


def clean_apart(raw: bytes, media_type: str, *, blur_faces: bool = False) -> Photo:
    """`clean` in a process of its own. Raises UnfitError, and OSError when the process was stopped from outside."""
    command = [sys.executable, "-m", "service.media.photos", media_type, *(["blur"] if blur_faces else [])]
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(
            command, input=raw, capture_output=True, timeout=PATIENCE, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise OSError("cleaning a photo took too long") from None
    if done.returncode == UNFIT:
        raise UnfitError(done.stdout.decode())
    if done.returncode in _OWN_FAULTS:
        raise UnfitError("unreadable")
    if done.returncode:
        raise OSError(f"cleaning a photo ended with {done.returncode}")
    return _unpacked(done.stdout)


def _sniffed(raw: bytes) -> tuple[str, ...]:
    """The decoder for this file by its first bytes; empty when it is none of ours."""
    if raw[4:8] == b"ftyp":
        return ("HEIF",) if raw[8:12] in _HEIF_BRANDS else ()
    try:
        return tuple(filter(None, [FORMATS.get(puremagic.from_string(raw, mime=True))]))
    except (puremagic.PureError, ValueError):
        return ()


def _read(raw: bytes, media_type: str) -> tuple[Image.Image, bytes | None]:
    with warnings.catch_warnings():
        # of crooked EXIF, which is thrown away, and of many pixels, for which our limit is lower
        warnings.simplefilter("ignore")
        try:
            with _opened(raw, FORMATS[media_type]) as image:
                image.load()
                _turn_upright(image)
                return _drawn_anew(image, _MODES[FORMATS[shown_type(media_type)]])
        except UnfitError:
            raise
        except Exception:
            # whatever a decoder stumbles over, in its own way, is a file that it cannot read
            raise UnfitError("unreadable") from None


def _opened(raw: bytes, format_: str) -> Image.Image:
    if format_ == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(
            thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
        )
    try:
        image = Image.open(BytesIO(raw), formats=[format_])
    except Image.DecompressionBombError:
        raise UnfitError("too_many_pixels") from None
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise UnfitError("too_many_pixels")
    return image


def _turn_upright(image: Image.Image) -> None:
    # a broken note about the orientation does not make the picture unreadable
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _drawn_anew(image: Image.Image, modes: tuple[str, ...]) -> tuple[Image.Image, bytes | None]:
    """The pixels alone, and the profile of their colours. An image that was read knows words, and saving tells them."""
    raw_profile = image.info.get("icc_profile")
    profile = profiles.plain(raw_profile) if raw_profile else None
    drawn = _in_mode(image, modes)
    if raw_profile and profile is None:
        drawn = _in_standard_colours(image, drawn, raw_profile)
    elif profile and (drawn.mode == "L") != profiles.is_grey(profile):
        profile = None
    fit = _fit(drawn, SIZES["photo"])
    anew = Image.new(fit.mode, fit.size)
    anew.paste(fit)
    return anew, profile


def _in_mode(image: Image.Image, modes: tuple[str, ...]) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _in_mode(image.convert("I").point(lambda value: value * (1 / 256)).convert("L"), modes)
    if image.has_transparency_data and "RGBA" in modes:
        return image.convert("RGBA")
    if image.mode in modes:
        return image
    return image.convert("L" if image.mode in ("1", "LA") and "L" in modes else "RGB")


def _in_standard_colours(image: Image.Image, drawn: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB, which needs no profile. Where the profile makes no sense the colours stay as they are."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        source = image if image.mode == "CMYK" else drawn.convert("RGB")
        standard = ImageCms.profileToProfile(
            source, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if standard is not None:
            if drawn.mode == "RGBA":
                standard.putalpha(drawn.getchannel("A"))
            return standard
    return drawn


def _fit(image: Image.Image, side: int) -> Image.Image:
    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _stored(image: Image.Image, format_: str, profile: bytes | None) -> bytes:
    stored = BytesIO()
    image.save(stored, format_, quality=QUALITY, icc_profile=profile)
    return stored.getvalue()


def _placeholder(image: Image.Image) -> str:
    tiny = _fit(image.convert("RGB"), PLACEHOLDER).filter(ImageFilter.GaussianBlur(1))
    stored = BytesIO()
    tiny.save(stored, "WEBP", quality=30, method=6)
    return "data:image/webp;base64," + base64.b64encode(stored.getvalue()).decode()


def _packed(photo: Photo) -> bytes:
    """One line that says what follows, and the bytes of each rendition."""
    sizes = {name: len(content) for name, content in photo.renditions.items()}
    head = json.dumps({"facts": asdict(photo.facts), "sizes": sizes}).encode()
    return b"\n".join([head, b"".join(photo.renditions.values())])


def _unpacked(packed: bytes) -> Photo:
    line, _, content = packed.partition(b"\n")
    head = json.loads(line)
    renditions, start = {}, 0
    for name, size in head["sizes"].items():
        renditions[name] = content[start : start + size]
        start += size
    return Photo(Facts(**head["facts"]), renditions)


def _main(media_type: str, *options: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write but what goes up the pipe
    os.nice(10)
    try:
        photo = clean(sys.stdin.buffer.read(), media_type, blur_faces="blur" in options)
    except UnfitError as fault:
        sys.stdout.write(fault.reason)
        return UNFIT
    sys.stdout.buffer.write(_packed(photo))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
