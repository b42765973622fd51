"""The table of this room: exports that were asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, Uuid

metadata = MetaData()
Moment = DateTime(timezone=True)

person_export = Table(
    "person_export",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("person_id", Text(collation="C"), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("ready_at", Moment),
    Column("size_bytes", BigInteger),
    info={"dist": "tenant"},
)
Index("person_export_person", person_export.c.tenant_id, person_export.c.person_id, person_export.c.asked_at)
