"""Why a file was put away: a word for its record, and what the person who sent it is told.

Words only come and never change their meaning: phones in the field know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WITHDRAWN = "consent_withdrawn"
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "The file did not arrive. Send it again.",
        "empty": "The file has no content. Take it again.",
        "wrong_size": "The file arrived with another size than it had on the phone. Send it again.",
        "wrong_checksum": "The file changed on its way. Send it again.",
        "infected": "The virus scanner found something in the file. Do not open it, and tell your administrator.",
        "wrong_type": "The file is of another type than its name says. Send it as your camera saved it.",
        "unreadable": "The file is broken, or of a form that cannot be read here. Open it on the phone to see.",
        "truncated": "The end of the file is missing. Send it again from the camera.",
        "too_long": "The recording is too long. Cut it into pieces.",
        "too_complex": "The recording is made of too many pieces to be read. Save it anew as MP4.",
        "too_slow": "It would take too long to make this file ready. Save it smaller.",
        "no_picture": "There is no picture in this video. Send it as sound.",
        "no_sound": "There is no sound in this file.",
        "too_many_pixels": "The picture is too large. Send a smaller one.",
        WITHDRAWN: "Consent to it was withdrawn. Nothing of it is kept.",
        "source_gone": "The recording was gone before this piece of it was cut.",
        "outside": "The recording is shorter than this piece of it. Choose another piece.",
        "cannot_blur": "Faces cannot be blurred here, so nothing is shown. Ask your administrator, or send it without.",
    }
)


class UnfitError(Exception):
    """The file cannot be shown; `reason` is the word of REASONS that its record will carry."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
