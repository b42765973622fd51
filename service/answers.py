"""Answers that are kept for a day: the same request again, under the same Idempotency-Key, is answered so and does nothing.

A key is claimed in the transaction of its request's work: of two that race one works, and the other is answered as the
first was. A request that was refused leaves no claim. Answers are sealed, as some hold what is shown once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from schemas.problems import Problem, Refused
from service.sealing import Seal

KEPT = timedelta(hours=24)
BATCH = 1000

metadata = MetaData()
kept_answer = Table(
    "kept_answer",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("claim", Text(collation="C"), primary_key=True),  # SHA-256 of whose key it is, and the key
    Column("request", Text(collation="C"), nullable=False),  # SHA-256 of what was asked
    Column("at", DateTime(timezone=True), nullable=False),
    Column("answer", Text),  # sealed; of a request under way nobody sees a row
    info={"dist": "tenant"},
)
Index("kept_answer_at", kept_answer.c.tenant_id, kept_answer.c.at)


class Kept:
    """What is kept for one key of one person."""

    def __init__(self, connection: Connection, seal: Seal, tenant_id: UUID, *whose: str) -> None:
        """`whose`: the person, the app through which she asks, and the key that it chose."""
        self._connection, self._seal, self._claim = connection, seal, digest(orjson.dumps(whose))
        self._ours = (kept_answer.c.tenant_id == tenant_id) & (kept_answer.c.claim == self._claim)
        self._tenant_id = tenant_id

    def claim(self, request: str, now: datetime) -> str | None:
        """The answer that was given before; None when it is now to be made, and kept.

        Waits for a request of the same key that is under way. Refused(KEY_REUSED) when that was another request.
        """
        row = insert(kept_answer).values(
            tenant_id=self._tenant_id, claim=self._claim, request=request, at=now
        )
        anew = {"request": row.excluded.request, "at": row.excluded.at, "answer": None}
        # what is over a day old counts as gone, whether it was purged or not
        claimed = row.on_conflict_do_update(
            index_elements=[kept_answer.c.tenant_id, kept_answer.c.claim],
            set_=anew,
            where=kept_answer.c.at < now - KEPT,
        ).returning(kept_answer.c.claim)
        if self._connection.execute(claimed).first():
            return None
        found = self._connection.execute(select(kept_answer).where(self._ours)).one()
        if found.request != request:
            raise Refused(Problem.KEY_REUSED)
        return self._seal.open(found.answer, self._claim)

    def keep(self, answer: str) -> None:
        """Keep the answer to the request that claimed the key."""
        sealed = self._seal.seal(answer, self._claim)
        self._connection.execute(update(kept_answer).where(self._ours).values(answer=sealed))


def digest(said: bytes) -> str:
    """What a key or a request is known by."""
    return hashlib.sha256(said).hexdigest()


def purge(connection: Connection, tenant_id: UUID, now: datetime) -> bool:
    """Forget a batch of answers older than a day; True when there may be more."""
    old = select(kept_answer.c.claim).where(
        kept_answer.c.tenant_id == tenant_id, kept_answer.c.at < now - KEPT
    )
    mine = (kept_answer.c.tenant_id == tenant_id) & kept_answer.c.claim.in_(old.limit(BATCH))
    return connection.execute(delete(kept_answer).where(mine)).rowcount == BATCH
