"""What rosters brought: which record each sourcedId became, and what the roster said of it last; and previews asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, MetaData, Table, Text, Uuid

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

RUNNING = ("reading", "planning", "applying")
"""States of a preview in which no other of the tenant's may begin."""
preview = Table(
    "roster_preview",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("person_id", Name, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("state", Name, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("many_may_go", Boolean, nullable=False),
    Column("told", Text),  # JSON: what the roster would change, and its faults
    Column("refused", Text),  # JSON: what the door did not take of it
    info={"dist": "tenant"},
)
Index(
    "roster_preview_running", preview.c.tenant_id, unique=True, postgresql_where=preview.c.state.in_(RUNNING)
)
