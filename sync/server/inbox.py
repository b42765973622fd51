"""Every push as it arrived, kept 30 days: when all else fails, what a person typed can be found here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from sync.changes import Change
from sync.server.actor import Actor
from sync.server.statement import Question, Statement, is_short

_KEEP = Statement("""
INSERT INTO sync_inbox (tenant_id, id, at, person_id, device_id, body) VALUES (:tenant, :id, :at, :person, :device, :raw)
""")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Changes that arrived together, and whose they are; `raw` is the request that held them."""

    actor: Actor
    changes: Sequence[Change]
    raw: str


def keep(connection: Connection, arrivals: Iterable[Arrival], now: datetime) -> list[Question]:
    """Append pushes to the inbox, whatever becomes of them; short ones by the questions that are returned."""
    asked = [(_KEEP, _values(arrival, now)) for arrival in arrivals]
    for statement, values in asked:
        if not is_short((statement, values)):
            statement.run(connection, **values)
    return [one for one in asked if is_short(one)]


def _values(arrival: Arrival, now: datetime) -> dict[str, Any]:
    """A NUL cannot stand in a text column; JSON can only hold it escaped."""
    actor, raw = arrival.actor, arrival.raw.replace("\0", "\\u0000")
    whose = {"tenant": actor.tenant_id, "person": actor.person_id, "device": actor.device_id}
    return {**whose, "id": uuid4(), "at": now, "raw": raw}


def as_text(changes: Sequence[Change]) -> str:
    """Changes that did not arrive as text (REST, jobs), as the inbox keeps them."""
    return json.dumps([dataclasses.asdict(change) for change in changes], default=str)
