"""Providers of a tenant, and the domains of the addresses that they are asked for.

A domain belongs to one tenant, and only the operator says to which: else a tenant could call another's people to its
own sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from schemas.fields import clean_text
from service.accounts.directory import DirectoryError, normal
from service.accounts.seal import Seal
from service.accounts.ways import domain, provider, provider_domain

_DOMAIN = re.compile(r"^(?=.{4,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$")
_WITH_DOMAINS = (
    select(provider, func.array_remove(func.array_agg(provider_domain.c.domain), None).label("domains"))
    .outerjoin(provider_domain, provider_domain.c.provider_id == provider.c.id)
    .group_by(provider.c.id)
    .order_by(provider.c.name, provider.c.id)
)


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What is said of a provider when it is added."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None
    domains: Sequence[str]
    links_by_verified_address: bool = False


def bind_domains(connection: Connection, tenant_id: UUID, names: Iterable[str]) -> None:
    """Say that addresses of these domains are this tenant's people; DirectoryError when they are another's."""
    for name in map(normal_domain, names):
        row = {"domain": name, "tenant_id": tenant_id}
        connection.execute(insert(domain).values(row).on_conflict_do_nothing())
    demand_domains(connection, tenant_id, names)


def demand_domains(connection: Connection, tenant_id: UUID, names: Iterable[str]) -> None:
    """DirectoryError unless all these domains are the tenant's."""
    asked = {normal_domain(name) for name in names}
    theirs = select(domain.c.domain).where(domain.c.tenant_id == tenant_id, domain.c.domain.in_(asked))
    for name in sorted(asked - set(connection.execute(theirs).scalars())):
        raise DirectoryError(
            f"The domain {name} is not this tenant's; the operator of the service says whose it is."
        )


def add(connection: Connection, seal: Seal, tenant_id: UUID, new: NewProvider, now: datetime) -> UUID:
    """A new provider of the tenant; DirectoryError for a domain that is not the tenant's."""
    demand_domains(connection, tenant_id, new.domains)
    provider_id = uuid4()
    secret = seal.close(new.client_secret, provider_id.bytes) if new.client_secret else None
    row = {
        "id": provider_id,
        "tenant_id": tenant_id,
        "name": clean_text(new.name),
        "issuer": new.issuer,
        "client_id": new.client_id,
        "sealed_secret": secret,
        "links_by_verified_address": new.links_by_verified_address,
        "created_at": now,
    }
    connection.execute(plain_insert(provider).values(row))
    names = sorted({normal_domain(name) for name in new.domains})
    if names:
        rows = [{"domain": name, "provider_id": provider_id} for name in names]
        connection.execute(plain_insert(provider_domain).values(rows))
    return provider_id


def of_tenant(connection: Connection, tenant_id: UUID) -> Sequence[Row[Any]]:
    """The tenant's providers by name, each with its `domains`."""
    return connection.execute(_WITH_DOMAINS.where(provider.c.tenant_id == tenant_id)).all()


def of_address(connection: Connection, address: str) -> Sequence[Row[Any]]:
    """Whom to ask about people with such an address, whether there is such a person or not."""
    asked = normal(address).rpartition("@")[2]
    theirs = select(provider_domain.c.provider_id).where(provider_domain.c.domain == asked)
    return connection.execute(_WITH_DOMAINS.where(provider.c.id.in_(theirs))).all()


def find(connection: Connection, provider_id: UUID) -> Row[Any] | None:
    """The provider with its `domains`."""
    return connection.execute(_WITH_DOMAINS.where(provider.c.id == provider_id)).one_or_none()


def remove(connection: Connection, tenant_id: UUID, provider_id: UUID) -> bool:
    """Ask the provider no more; whether it was there. Accounts that it vouched for stay linked to its issuer."""
    this = (provider.c.tenant_id == tenant_id) & (provider.c.id == provider_id)
    return connection.execute(delete(provider).where(this)).rowcount > 0


def normal_domain(name: str) -> str:
    """The domain in lower case; DirectoryError when it is none.

    >>> normal_domain("School.Example")
    'school.example'
    """
    name = name.strip().lower()
    if not _DOMAIN.match(name):
        raise DirectoryError(f"{name!r} is not a domain such as school.example.")
    return name
