"""A photo that anybody may have sent, made into one that can be shown: checked, upright, and without a word about its maker.

Decoders of pictures have faults, so this runs as a process of its own with bounded memory and time
(`python -m service.media.photos TYPE`, the file on stdin, the photo on stdout), started by `clean_apart`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGXCPU
from types import MappingProxyType

import puremagic
from PIL import Image, ImageOps

from service.media.reasons import UnfitError

FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    # phones write several pictures into one JPEG (MPO): the first is the photo
    {"image/jpeg": ("JPEG", "MPO"), "image/png": ("PNG",), "image/webp": ("WEBP",)}
)
MAX_PIXELS = 50_000_000
QUALITY = 90
MEMORY = 2 << 30
CPU_SECONDS = 120
PATIENCE = 300.0
UNFIT = 3
# by these a process ends when a decoder crashed, or used up its time
_OWN_FAULTS = frozenset(-fault for fault in (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGXCPU))
_MODES = {"JPEG": ("L", "RGB"), "PNG": ("1", "L", "LA", "RGB", "RGBA", "I;16"), "WEBP": ("RGB", "RGBA")}


def clean(raw: bytes, media_type: str) -> bytes:
    """The photo drawn anew in the same format: upright, its colour profile kept, every other word of the file gone.

    Raises UnfitError: `empty`, `wrong_type`, `too_many_pixels` or `unreadable`.
    """
    if not raw:
        raise UnfitError("empty")
    if _sniffed(raw) != media_type:
        raise UnfitError("wrong_type")
    with warnings.catch_warnings():
        # of crooked EXIF, which is thrown away, and of many pixels, for which our limit is lower
        warnings.simplefilter("ignore")
        try:
            image = _opened(raw, media_type)
            image.load()
            return _drawn_anew(image, FORMATS[media_type][0])
        except UnfitError:
            raise
        except Exception:
            # whatever a decoder stumbles over, in its own way, is a file that it cannot read
            raise UnfitError("unreadable") from None


def clean_apart(raw: bytes, media_type: str) -> bytes:
    """`clean` in a process of its own. Raises UnfitError, and OSError when the process was stopped from outside."""
    command = [sys.executable, "-m", "service.media.photos", media_type]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise OSError("cleaning a photo took too long") from None
    if done.returncode == UNFIT:
        raise UnfitError(done.stdout.decode())
    if done.returncode in _OWN_FAULTS:
        raise UnfitError("unreadable")
    if done.returncode:
        raise OSError(f"cleaning a photo ended with {done.returncode}")
    return done.stdout


def _sniffed(raw: bytes) -> str:
    try:
        return puremagic.from_string(raw, mime=True)
    except (puremagic.PureError, ValueError):
        return ""


def _opened(raw: bytes, media_type: str) -> Image.Image:
    try:
        image = Image.open(BytesIO(raw), formats=FORMATS[media_type][:1])
    except Image.DecompressionBombError:
        raise UnfitError("too_many_pixels") from None
    if image.width * image.height > MAX_PIXELS:
        raise UnfitError("too_many_pixels")
    if image.format not in FORMATS[media_type]:
        raise UnfitError("wrong_type")
    return image


def _drawn_anew(image: Image.Image, format_: str) -> bytes:
    profile = image.info.get("icc_profile") if image.mode not in ("CMYK", "YCCK", "LAB") else None
    _turn_upright(image)
    image = _in_mode(image, _MODES[format_])
    drawn = Image.new(image.mode, image.size)  # knows nothing: saving a copy would carry its words along
    drawn.paste(image)
    image.close()
    stored = BytesIO()
    drawn.save(stored, format_, quality=QUALITY, icc_profile=profile)
    return stored.getvalue()


def _turn_upright(image: Image.Image) -> None:
    # a broken note about the orientation does not make the picture unreadable
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _in_mode(image: Image.Image, modes: tuple[str, ...]) -> Image.Image:
    if "transparency" in image.info and "RGBA" in modes:
        return image.convert("RGBA")
    if image.mode in modes:
        return image
    return image.convert("RGBA" if image.mode in ("LA", "PA") and "RGBA" in modes else "RGB")


def _main(media_type: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    try:
        photo = clean(sys.stdin.buffer.read(), media_type)
    except UnfitError as fault:
        sys.stdout.write(fault.reason)
        return UNFIT
    sys.stdout.buffer.write(photo)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
