"""The tables of webhooks: who is told, and what became of each telling."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

metadata = MetaData()
Moment = DateTime(timezone=True)
Name = Text(collation="C")


def _required(name: str, type_: Any = Name, default: str | None = None) -> Column[Any]:
    return Column(name, type_, nullable=False, server_default=text(default) if default else None)


webhook = Table(
    "webhook",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    _required("person_id"),  # whose eyes decide what is told
    Column("app_id", Name),  # None: a person's own
    _required("url", Text),
    _required("events", ARRAY(Name)),
    _required("description", Text),
    _required("secret", Text),  # sealed
    Column("old_secret", Text),  # signs as well until then
    Column("old_secret_until", Moment),
    Column("disabled_at", Moment),
    Column("disabled_because", Name),
    Column("failing_since", Moment),  # no delivery has arrived since
    Column("resting_until", Moment),  # it gave no answer at all
    _required("created_at", Moment),
    info={"dist": "tenant"},
)

delivery = Table(
    "webhook_delivery",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    _required("webhook_id", Uuid),
    _required("event"),
    Column("collection", Name),  # None: a ping
    Column("record_id", Name),
    _required("seq", BigInteger),  # of the write, with `place` the order of a record's events
    _required("place", Integer),
    _required("happened_at", Moment),
    _required("queued_at", Moment),  # patience is counted from here
    _required("state"),  # waiting, delivered, dead
    _required("attempts", Integer, "0"),
    _required("next_at", Moment),
    Column("ended_at", Moment),
    Column("status", Integer),  # of the last answer
    Column("problem", Text),  # why the last attempt failed
    ForeignKeyConstraint(
        ["tenant_id", "webhook_id"],
        ["webhook.tenant_id", "webhook.id"],
        name="webhook_delivery_webhook_id_fkey",
    ),
    info={"dist": "tenant"},
)
Index(
    "webhook_delivery_newest",
    delivery.c.tenant_id,
    delivery.c.webhook_id,
    delivery.c.happened_at,
    delivery.c.id,
)
Index(
    "webhook_delivery_waiting",
    *(delivery.c[name] for name in ("tenant_id", "webhook_id", "collection", "record_id", "seq", "place")),
    postgresql_where=text("state = 'waiting'"),
)
Index(
    "webhook_delivery_due",
    delivery.c.tenant_id,
    delivery.c.next_at,
    postgresql_where=text("state = 'waiting'"),
)
Index("webhook_delivery_ended", delivery.c.tenant_id, delivery.c.ended_at)
