"""The tables of calendars: the link to each, and what guests were told by mail."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData()
calendar_link = Table(
    "calendar_link",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("person_id", Text(collation="C"), primary_key=True),
    Column("secret_hash", Text(collation="C"), nullable=False),  # SHA-256: a copy of the table opens nothing
    Column("created_at", DateTime(timezone=True), nullable=False),
    info={"dist": "tenant"},
)

calendar_invite = Table(
    "calendar_invite",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("seat_id", Text(collation="C"), primary_key=True),
    Column("person_id", Text(collation="C"), nullable=False),
    Column("invitation_id", Text(collation="C"), nullable=False),
    Column("number", Integer, nullable=False),  # SEQUENCE of what the guest was told last
    Column("method", Text(collation="C"), nullable=False),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    info={"dist": "tenant"},
)
