"""What a phone says about itself in the headers of a sync."""

from __future__ import annotations

from datetime import datetime

from flask import request
from marshmallow import ValidationError

from schemas.fields import Moment
from service.api.smorest import DEVICE_TIME
from service.api.transaction import Work
from sync.server import devices


def note_device(work: Work, read_to: int | None = None) -> None:
    """Note that the device was here, how far its clock is from ours and, natively, up to which number it has read."""
    devices.seen(work.connection, work.actor, work.services.now(), device_time(), read_to)


def device_time() -> datetime | None:
    """The phone's clock as it says; a clock that cannot be read is no reason to turn its sync away."""
    try:
        moment: datetime | None = Moment(allow_none=True).deserialize(request.headers.get(DEVICE_TIME.name))
    except ValidationError:
        return None
    return moment
