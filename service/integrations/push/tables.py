"""The tables of push: where devices are reached, and what people were told of a day."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text, UniqueConstraint, Uuid

metadata = MetaData()
Name = Text(collation="C")

subscription = Table(
    "push_subscription",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("person_id", Name, nullable=False),
    Column("device_id", Name, nullable=False),
    Column("sealed", Text, nullable=False),  # address and keys: who knows them reaches the device
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("tenant_id", "person_id", "device_id", name="push_subscription_device"),
    info={"dist": "tenant"},
)
told = Table(
    "push_told",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("person_id", Name, primary_key=True),
    Column("collection", Name, primary_key=True),
    Column("record_id", Name, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    info={"dist": "tenant"},
)
