"""Every push as it arrived, kept 30 days: when all else fails, what a person typed can be found here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from sync.changes import Change
from sync.server.actor import Actor
from sync.server.statement import Statement

KEEP = """
INSERT INTO sync_inbox (tenant_id, id, at, person_id, device_id, body)
SELECT :tenant, :inbox, CAST(:at AS timestamptz), :person, :device, CAST(:raw AS text)
 WHERE CAST(:raw AS text) IS NOT NULL
"""
_KEEP = Statement(KEEP)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One push as it arrived, and whose it is."""

    actor: Actor
    raw: str
    at: datetime

    def values(self) -> dict[str, Any]:
        """The values of `KEEP`. A NUL cannot stand in a text column; JSON can only hold it escaped."""
        who = {"person": self.actor.person_id, "device": self.actor.device_id}
        return {"inbox": uuid4(), "at": self.at, **who, "raw": self.raw.replace("\0", "\\u0000")}


def keep(connection: Connection, arrived: Arrived) -> None:
    """Append one push, whatever becomes of it."""
    _KEEP.run(connection, tenant=arrived.actor.tenant_id, **arrived.values())


def as_text(changes: Sequence[Change]) -> str:
    """Changes that did not arrive as text (REST, jobs), as the inbox keeps them."""
    return json.dumps([dataclasses.asdict(change) for change in changes], default=str)
