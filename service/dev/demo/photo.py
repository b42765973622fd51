"""A photo as a phone takes it: with the place in its EXIF and a name in its comment."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from random import Random

from PIL import Image

SECRET = b"taken by Omar in room 12"
GPS_IFD = 0x8825


@dataclass(frozen=True, slots=True)
class Photo:
    """The bytes of a JPEG, and what its phone declares about them."""

    data: bytes

    def declared(self) -> dict[str, object]:
        """The fields of the media record."""
        digest = hashlib.sha256(self.data).hexdigest()
        return {
            "media_type": "image/jpeg",
            "size_bytes": len(self.data),
            "sha256": digest,
            "file_name": "board.jpg",
            "consent_basis": "nobody_shown",
        }


def take(seed: int) -> Photo:
    """A photo that differs for each seed, with a position, a camera and a comment in it."""
    noise = Random(seed)
    image = Image.new("RGB", (640, 480), (noise.randrange(256), noise.randrange(256), noise.randrange(256)))
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif, comment=SECRET)
    return Photo(out.getvalue())


def tells_a_place(data: bytes) -> bool:
    """Whether the bytes still say where, with what or by whom the photo was taken."""
    exif = Image.open(io.BytesIO(data)).getexif()
    return bool(exif.get_ifd(GPS_IFD)) or SECRET in data or b"PhoneMaker" in data
