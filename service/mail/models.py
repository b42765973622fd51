"""The outbox: one row for each message, with its words only until it is sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid

metadata = MetaData()
Moment = DateTime(timezone=True)
Name = Text(collation="C")


def _required(name: str, type_: Any) -> Column[Any]:
    return Column(name, type_, nullable=False)


outbox = Table(
    "mail",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    _required("state", Name),  # waiting, sent, failed
    _required("recipient", Text),
    Column("subject", Text),  # this and the next three: null once it is sent
    Column("text", Text),
    Column("calendar", Text),
    Column("unsubscribe", Text),
    Column("reason", Text),  # why it is not sent: the server's code, never its words
    Column("good_until", Moment),  # null: whenever it arrives it is of use
    _required("created_at", Moment),
    _required("changed_at", Moment),
    info={"dist": "tenant"},
)
Index("mail_state", outbox.c.tenant_id, outbox.c.state, outbox.c.changed_at)
