"""What a phone says about itself in the headers of a sync."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import request
from marshmallow import ValidationError

from schemas.fields import Moment
from service.api.services import Services
from service.api.smorest import DEVICE_TIME
from service.api.transaction import Work
from sync.server import devices

MOST_KEPT = 10_000
"""Devices whose last sighting a process remembers, so as not to ask for it with every request."""
_MOMENT = Moment(allow_none=True)


def note_device(work: Work, said: datetime | None, read_to: int | None = None) -> None:
    """Note that the device was here, how far its clock, which `said` so, is from ours and up to which number it has read."""
    sightings, key = work.services.sightings, (work.actor.tenant_id, work.actor.device_id)
    if is_noted(work.services, *key, said):
        return
    stored = devices.seen(work.connection, work.actor, work.services.now(), said, read_to)
    if stored is not None:  # what this very transaction writes may yet be rolled back
        if len(sightings) >= MOST_KEPT:
            sightings.clear()
        sightings[key] = stored


def is_noted(services: Services, tenant_id: UUID, device_id: str, said: datetime | None) -> bool:
    """Whether this process knows that another note of the device, whose clock says so, would say nothing new."""
    known, now = services.sightings.get((tenant_id, device_id)), services.now()
    return known is not None and known.says_enough(now, devices.offset_ms(now, said))


def device_time() -> datetime | None:
    """The phone's clock as this request says."""
    return read_time(request.headers.get(DEVICE_TIME.name))


def read_time(said: str | None) -> datetime | None:
    """A phone's clock as it says; one that cannot be read is no reason to turn its sync away."""
    try:
        moment: datetime | None = _MOMENT.deserialize(said)
    except ValidationError:
        return None
    return moment
