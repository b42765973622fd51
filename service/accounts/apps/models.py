"""The tables of others' apps. What is looked up before the tenant is known is a reference table, as in `service.accounts`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    delete,
)

from service.accounts.models import Moment, Name, tenant

metadata = MetaData()
KEPT = timedelta(days=1)
"""How long a code stays after its time, so that a second use is noticed."""


def _required(name: str, type_: Any = Name) -> Column[Any]:
    return Column(name, type_, nullable=False)


def _app() -> Any:
    return ForeignKey("app.client_id")


app = Table(
    "app",
    metadata,
    Column("client_id", Name, primary_key=True),
    _required("name", Text),
    Column("secret_hash", Name),  # SHA-256 in hex; null: an app on people's devices keeps no secret
    _required("redirect_uris", ARRAY(Text)),
    _required("scopes", ARRAY(Text)),  # all that it may ever ask for
    Column("tenant_id", ForeignKey(tenant.c.id)),  # who registered it; null: the operator
    _required("created_at", Moment),
    info={"dist": "reference"},
)

approval = Table(
    "app_approval",
    metadata,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("client_id", Name, _app(), primary_key=True),
    _required("scopes", ARRAY(Text)),
    Column("approved_by", Name),  # null: the operator
    _required("approved_at", Moment),
    info={"dist": "tenant"},
)

code = Table(
    "app_code",
    metadata,
    Column("code_hash", Name, primary_key=True),  # SHA-256 in hex, as below
    Column("client_id", Name, _app(), nullable=False),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    _required("person_id"),
    Column("redirect_uri", Text),  # null: the request named none
    _required("scopes", ARRAY(Text)),
    _required("code_challenge", Text),
    _required("expires_at", Moment),
    Column("used_at", Moment),
    Column("session_id", Uuid),  # what it opened
    info={"dist": "reference"},
)

device_code = Table(
    "app_device_code",
    metadata,
    Column("device_hash", Name, primary_key=True),
    _required("user_hash"),
    Column("client_id", Name, _app(), nullable=False),
    _required("scopes", ARRAY(Text)),
    _required("expires_at", Moment),
    _required("interval_s", Integer),
    Column("polled_at", Moment),
    Column("denied_at", Moment),
    Column("tenant_id", ForeignKey(tenant.c.id)),  # of who gave leave
    Column("person_id", Name),
    Column("session_id", Uuid),
    UniqueConstraint("user_hash", name="app_device_code_user"),
    info={"dist": "reference"},
)


def void(
    connection: Connection, tenant_id: UUID, person_ids: Collection[str], client_id: str | None = None
) -> int:
    """Let what these people agreed to, for this app or any, open nothing if it was not fetched yet; how much it was."""
    voided = 0
    for table in (code, device_code):
        theirs = (table.c.tenant_id == tenant_id) & table.c.person_id.in_(person_ids)
        waiting = theirs & table.c.session_id.is_(None)
        of_app = waiting if client_id is None else waiting & (table.c.client_id == client_id)
        voided += connection.execute(delete(table).where(of_app)).rowcount
    return voided


def forget_old(connection: Connection, now: datetime) -> None:
    """Forget codes that were of no use for a day."""
    for table in (code, device_code):
        connection.execute(delete(table).where(table.c.expires_at < now - KEPT))
