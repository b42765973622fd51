"""A tenant's log with some acts in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from service.audit import note
from service.database import Database
from sync.server.actor import Actor

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
ACTS = ("signed_in", "role_granted", "device_wiped", "consent_withdrawn", "session_ended")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@pytest.fixture
def log(database: Database, tenant_id: UUID) -> UUID:
    """The tenant with five acts noted."""
    with database.begin(tenant_id) as connection:
        for number, act in enumerate(ACTS):
            actor = Actor(tenant_id, "person-ana", "phone-of-ana") if number else None
            note(connection, tenant_id, actor, act, {"person_id": "person-ana", "count": number}, NOW)
    return tenant_id
