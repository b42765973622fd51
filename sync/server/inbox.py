"""Every push as it arrived, kept 30 days: when all else fails, what a person typed can be found here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from sync.changes import Change
from sync.server.actor import Actor
from sync.server.statement import Statement

_KEEP = Statement("""
INSERT INTO sync_inbox (tenant_id, id, at, person_id, device_id, body) VALUES (:tenant, :id, :at, :person, :device, :body)
""")


def keep(connection: Connection, actor: Actor, raw: str, now: datetime) -> None:
    """Append one push, whatever becomes of it. A NUL cannot stand in a text column; JSON can only hold it escaped."""
    body = raw.replace("\0", "\\u0000")
    whose = {"tenant": actor.tenant_id, "person": actor.person_id, "device": actor.device_id}
    _KEEP.run(connection, **whose, id=uuid4(), at=now, body=body)


def as_text(changes: Sequence[Change]) -> str:
    """Changes that did not arrive as text (REST, jobs), as the inbox keeps them."""
    return json.dumps([dataclasses.asdict(change) for change in changes], default=str)
