"""Who follows what is written: asked once for each push, under its clock, and told before it commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from sync.server.kind import Write
from sync.server.statement import Question


class Happened(NamedTuple):
    """A write that was stored, and the number that it got."""

    write: Write
    seq: int


class Follower(Protocol):
    """Hears of every stored write of a tenant, in its order, within the transaction."""

    def question(self, tenant_id: UUID) -> Question:
        """What it must know of the tenant; it travels with the push's own first message."""

    def hear(
        self,
        connection: Connection,
        tenant_id: UUID,
        answer: Sequence[Any],
        happened: Sequence[Happened],
        now: datetime,
    ) -> None:
        """What happened, once all of it is written. Is not called where the question had no answer."""
