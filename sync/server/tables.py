"""The engine's own tables. Each says how it is spread (`info["dist"]`), and each key starts with the tenant."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
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
"""Ids, collections and scopes: compared byte by byte."""


def _key(name: str, type_: Any = Name) -> Column[Any]:
    return Column(name, type_, primary_key=True, autoincrement=False)


def _number(name: str, default: str | None = None) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, server_default=text(default) if default else None)


def _required(name: str, type_: Any = Name) -> Column[Any]:
    return Column(name, type_, nullable=False)


def _table(name: str, *columns: Any, fillfactor: int | None = None) -> Table:
    options: dict[str, Any] = {"postgresql_with": {"fillfactor": fillfactor}} if fillfactor else {}
    return Table(name, metadata, _key("tenant_id", Uuid), *columns, info={"dist": "tenant"}, **options)


clock = _table(
    "sync_clock",
    _number("seq", "1"),  # starts at 1: a WatermelonDB timestamp may not be 0
    _number("epoch", "1"),
    _number("horizon", "0"),  # cursors below are too old: tombstones were collected
    fillfactor=20,  # keeps the row's updates HOT
)

mark = _table("sync_mark", _key("at", Moment), _number("seq"))  # where the clock stood, once a day

document = _table(
    "sync_document",
    _key("collection"),
    _key("record_id"),
    _number("seq"),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    _required("author"),
    Column("body", Text),  # the finished wire JSON; null once deleted
    _required(
        "fields", Text
    ),  # {field: [seq, device]} of its last writer; "*" stands for all fields not named
)

scope = _table(
    "sync_scope", _key("scope_id"), _number("next_pos", "0"), _number("max_seq", "0"), fillfactor=50
)

entry = _table(
    "sync_entry",
    _key("collection"),  # in this order the key also tells who sees a record
    _key("record_id"),
    _key("scope_id"),
    _number("seq"),  # last change of the record in this scope
    _number("pos"),  # order of first arrival in this scope; never changes
    Column("removed", Boolean, nullable=False, server_default=text("false")),
)
Index(
    "sync_entry_feed",
    *(entry.c[n] for n in ("tenant_id", "scope_id", "collection", "seq")),
    unique=True,
    postgresql_include=["record_id", "removed"],
)
Index(
    "sync_entry_fill",
    *(entry.c[n] for n in ("tenant_id", "scope_id", "collection", "pos")),
    unique=True,
    postgresql_include=["record_id", "removed", "seq"],
)
Index("sync_entry_removed", entry.c.tenant_id, entry.c.seq, postgresql_where=text("removed"))

membership = _table(
    "sync_membership",
    _key("person_id"),
    _key("scope_id"),
    Column("active", Boolean, nullable=False),
    _number("base"),  # the block (base, base + len] was reserved when this last changed
    _number("len"),
    _number("first_base"),  # clock of the very first grant
)
Index("sync_membership_scope", membership.c.tenant_id, membership.c.scope_id, postgresql_where=text("active"))

device = _table(
    "sync_device",
    _key("device_id"),
    _required("person_id"),
    _number("boot", "0"),
    _number("pull_base", "0"),
    _number("pull_cursor", "0"),
    Column("schema_version", Integer, nullable=False, server_default=text("1")),
    _number("clock_offset_ms", "0"),  # server minus device
    Column("last_seen_at", Moment, nullable=False),
)

receipt = _table(
    "sync_receipt",
    _key("op_id"),
    _required("person_id"),
    _required("payload", Text),
    _required("outcome", Text),
    _required("at", Moment),
)
# rows come in the order of time: a few pages tell where the old ones lie, and a push pays nothing for it
Index("sync_receipt_at", receipt.c.tenant_id, receipt.c.at, postgresql_using="brin")

inbox = _table(
    "sync_inbox",
    _key("id", Uuid),
    _required("at", Moment),
    _required("person_id"),
    _required("device_id"),
    _required("body", Text),
)
Index("sync_inbox_at", inbox.c.tenant_id, inbox.c.at)

history = _table(
    "sync_history",
    _key("collection"),
    _key("record_id"),
    _key("seq", BigInteger),  # the write that replaced this body
    _required("author"),
    _required("device"),
    _required("at", Moment),
    Column("body", Text),
)
Index("sync_history_at", history.c.tenant_id, history.c.at, postgresql_using="brin")

held = _table(
    "sync_held",
    _key("op_id"),
    _required("parent_collection"),
    _required("parent_id"),
    _required("actor", Text),
    _required("change", Text),
    _required("due_at", Moment),
)
Index("sync_held_parent", held.c.tenant_id, held.c.parent_collection, held.c.parent_id)

sent = _table(
    "sync_sent",
    _key("device_id"),
    _key("collection"),
    _key("record_id"),
    _required("person_id"),
    _number("seq"),  # of no use once the device has read as far as this
    _required("op_id"),
    _number("base"),
    _required("said", Text),  # a digest of what was sent last
    _required("fields", Text),  # {field: value}: all that was taken of what this device sent since
    _required("dirty", Boolean),  # sent ahead of a pull, which will not change it on the phone
)
