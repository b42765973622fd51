"""How a person wants to hear of Come Watch outside the app: what, in which language, and when not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from sync.server import sequence

LANGUAGES = ("en", "es")
DEFAULTS: Mapping[str, Any] = {
    "push": True,  # a subscription is asked for by itself
    "digest": False,
    "hour": 7,
    "quiet_from": 20,
    "quiet_until": 7,
    "zone": "UTC",
    "language": "en",
}
ZONES = frozenset(available_timezones())

metadata = MetaData()
preference = Table(
    "notice_preference",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("person_id", Text(collation="C"), primary_key=True),
    Column("push", Boolean, nullable=False),
    Column("digest", Boolean, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("quiet_from", Integer, nullable=False),
    Column("quiet_until", Integer, nullable=False),
    Column("zone", Text(collation="C"), nullable=False),
    Column("language", Text(collation="C"), nullable=False),
    Column("digest_on", Date),  # her own date of the last digest that was looked for
    Column("digest_seq", BigInteger, nullable=False),  # up to which change digests have told
    info={"dist": "tenant"},
)


def read(connection: Connection, tenant_id: UUID, person_id: str) -> dict[str, Any]:
    """What the person said last, or the defaults."""
    hers = (preference.c.tenant_id == tenant_id, preference.c.person_id == person_id)
    row = connection.execute(select(preference).where(*hers)).one_or_none()
    return {name: getattr(row, name) for name in DEFAULTS} if row else dict(DEFAULTS)


def write(connection: Connection, tenant_id: UUID, person_id: str, said: Mapping[str, Any]) -> None:
    """Keep what the person says; what she leaves out stays."""
    before = read(connection, tenant_id, person_id)
    whole, seq = before | dict(said), sequence.read(connection, tenant_id).seq
    made = insert(preference).values(tenant_id=tenant_id, person_id=person_id, digest_seq=seq, **whole)
    begins = {"digest_seq": seq} if whole["digest"] and not before["digest"] else {}
    keys = [preference.c.tenant_id, preference.c.person_id]
    connection.execute(made.on_conflict_do_update(index_elements=keys, set_=whole | begins))


def wanting_digests(connection: Connection, tenant_id: UUID) -> Sequence[Row[Any]]:
    """Who wants a digest."""
    wants = (preference.c.tenant_id == tenant_id, preference.c.digest)
    return connection.execute(select(preference).where(*wants).order_by(preference.c.person_id)).all()


def is_quiet(hers: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is one of her quiet hours; none are where both ends are the same.

    >>> from datetime import UTC
    >>> is_quiet(DEFAULTS, datetime(2026, 11, 28, 23, tzinfo=UTC)), is_quiet(DEFAULTS, datetime(2026, 11, 28, 7, tzinfo=UTC))
    (True, False)
    """
    hour, begins, ends = local(hers, now).hour, hers["quiet_from"], hers["quiet_until"]
    within: bool = begins <= hour < ends if begins <= ends else hour >= begins or hour < ends
    return within


def local(hers: Mapping[str, Any], now: datetime) -> datetime:
    """The moment by the clock on her wall."""
    return now.astimezone(ZoneInfo(hers["zone"]))


def tomorrow(hers: Mapping[str, Any], now: datetime) -> datetime:
    """When her next day begins, whatever the clocks do in the night."""
    day = local(hers, now).date() + timedelta(days=1)
    return datetime.combine(day, time(), ZoneInfo(hers["zone"]))
