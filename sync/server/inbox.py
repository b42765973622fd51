"""Every push as it arrived, kept 30 days: when all else fails, what a person typed can be found here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from sync.changes import Change
from sync.server.actor import Actor
from sync.server.tables import inbox


def keep(connection: Connection, actor: Actor, raw: str, now: datetime) -> None:
    """Append one push, whatever becomes of it. A NUL cannot stand in a text column; JSON can only hold it escaped."""
    row = {
        "tenant_id": actor.tenant_id,
        "id": uuid4(),
        "at": now,
        "person_id": actor.person_id,
        "device_id": actor.device_id,
    }
    connection.execute(insert(inbox).values(row | {"body": raw.replace("\0", "\\u0000")}))


def as_text(changes: Sequence[Change]) -> str:
    """Changes that did not arrive as text (REST, jobs), as the inbox keeps them."""
    return json.dumps([dataclasses.asdict(change) for change in changes], default=str)
