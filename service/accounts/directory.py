"""Tenants and people by their address: what the operator's commands and sign-in look up before a tenant is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from schemas.fields import clean_text
from service.accounts.models import login_address, tenant

_SLUG = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
_ADDRESS = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,190}$")


class DirectoryError(Exception):
    """What the operator asked cannot be: one line that says why."""


def create_tenant(connection: Connection, slug: str, name: str, now: datetime) -> UUID:
    """A new tenant; DirectoryError when the slug is no slug, or taken."""
    if not _SLUG.match(slug):
        raise DirectoryError(f"The slug {slug!r} is not 1 to 63 small letters, digits and hyphens.")
    row = {"id": uuid4(), "slug": slug, "name": clean_text(name), "created_at": now}
    made = insert(tenant).values(row).on_conflict_do_nothing(index_elements=["slug"]).returning(tenant.c.id)
    tenant_id: UUID | None = connection.scalar(made)
    if tenant_id is None:
        raise DirectoryError(f"There is already a tenant {slug!r}.")
    return tenant_id


def tenants(connection: Connection) -> Sequence[Row[Any]]:
    """All tenants by slug: id, slug, name, created_at."""
    return connection.execute(select(tenant).order_by(tenant.c.slug)).all()


def tenant_by_slug(connection: Connection, slug: str) -> UUID:
    """The tenant's id; DirectoryError when there is none."""
    found: UUID | None = connection.scalar(select(tenant.c.id).where(tenant.c.slug == slug))
    if found is None:
        raise DirectoryError(f"There is no tenant {slug!r}; see: comewatch tenant list")
    return found


def add_address(connection: Connection, address: str, tenant_id: UUID, person_id: str, now: datetime) -> str:
    """Let the person sign in by this address; DirectoryError when it is none, or somebody's already."""
    address = normal(address)
    row = {"address": address, "tenant_id": tenant_id, "person_id": person_id, "created_at": now}
    made = insert(login_address).values(row).on_conflict_do_nothing().returning(login_address.c.address)
    if connection.scalar(made) is None:
        raise DirectoryError(f"The address {address} already belongs to somebody.")
    return address


def person_by_address(connection: Connection, address: str) -> tuple[UUID, str]:
    """(tenant id, person id); DirectoryError when nobody has the address."""
    found = select(login_address).where(login_address.c.address == normal(address))
    row = connection.execute(found).one_or_none()
    if row is None:
        raise DirectoryError(f"Nobody has the address {address}; see: comewatch person create --help")
    return row.tenant_id, row.person_id


def address_of(connection: Connection, tenant_id: UUID, person_id: str) -> str | None:
    """The address by which the person signs in, the first of several; None when she has none."""
    hers = (login_address.c.tenant_id == tenant_id, login_address.c.person_id == person_id)
    found = select(login_address.c.address).where(*hers).order_by(login_address.c.created_at)
    address: str | None = connection.scalar(found.limit(1))
    return address


def normal(address: str) -> str:
    """The address as it is kept: trimmed, in lower case; DirectoryError when it is none.

    >>> normal(" Ana@School.Example ")
    'ana@school.example'
    """
    address = clean_text(address).strip().lower()
    if not _ADDRESS.match(address):
        raise DirectoryError(f"{address!r} is not an address such as ana@school.example.")
    return address
