"""The tables of accounts.

What must be known before the tenant is known is a reference table: the same on every node, without tenants' walls.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = MetaData()
Moment = DateTime(timezone=True)
Name = Text(collation="C")


def _required(name: str, type_: Any = Name, default: str | None = None) -> Column[Any]:
    return Column(name, type_, nullable=False, server_default=text(default) if default else None)


def _tenant() -> Column[Any]:
    return Column("tenant_id", ForeignKey("tenant.id"), nullable=False)


tenant = Table(
    "tenant",
    metadata,
    Column("id", Uuid, primary_key=True),
    _required("slug"),
    _required("name", Text),
    _required("created_at", Moment),
    UniqueConstraint("slug", name="tenant_slug"),
    info={"dist": "reference"},
)

login_address = Table(
    "login_address",
    metadata,
    Column("address", Name, primary_key=True),  # lower case
    _tenant(),
    _required("person_id"),
    _required("created_at", Moment),
    info={"dist": "reference"},
)
Index("login_address_person", login_address.c.tenant_id, login_address.c.person_id)

sign_in_code = Table(
    "sign_in_code",
    metadata,
    Column("code_hash", Name, primary_key=True),  # SHA-256 in hex: a copy of the table opens nothing
    _tenant(),
    _required("person_id"),
    _required("created_at", Moment),
    _required("expires_at", Moment),
    Column("used_at", Moment),
    Column("session_id", Uuid),  # what it opened
    info={"dist": "reference"},
)
Index("sign_in_code_person", sign_in_code.c.tenant_id, sign_in_code.c.person_id)

session = Table(
    "session",
    metadata,
    Column("tenant_id", ForeignKey("tenant.id"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    _required("person_id"),
    _required("device_id"),
    _required("device_name", Text),
    _required("generation", Integer, "1"),  # of the newest pair of tokens given out
    _required("confirmed", Integer, "0"),  # the newest generation seen in use
    Column("confirmed_at", Moment),  # when it was first seen
    _required("created_at", Moment),
    _required("last_used_at", Moment),
    Column("revoked_at", Moment),
    Column("reason", Text),
    Column(
        "wipe", Boolean, nullable=False, server_default=text("false")
    ),  # asked of the device when it next calls
    Column("client_id", Name),  # of another's app; null on devices of our own
    Column("scopes", ARRAY(Text)),  # what the person lets that app do
    info={"dist": "tenant"},
)
Index("session_person", session.c.tenant_id, session.c.person_id, session.c.device_id)
Index(
    "session_app", session.c.tenant_id, session.c.client_id, postgresql_where=session.c.client_id.isnot(None)
)
