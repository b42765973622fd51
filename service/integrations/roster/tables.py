"""What rosters brought: which record each sourcedId became, and what the roster said of it last."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text, Uuid

metadata = MetaData()
Name = Text(collation="C")

source = Table(
    "roster_source",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("collection", Name, primary_key=True),
    Column("sourced_id", Name, primary_key=True),
    Column("record_id", Name, nullable=False),
    Column("said", Text, nullable=False),  # JSON: a later roster that says the same changes nothing
    Column("active", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info={"dist": "tenant"},
)
