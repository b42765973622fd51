"""The table of links to calendars."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

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
