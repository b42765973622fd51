"""A tenant, a clock that a test moves, and what stands around a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from service.accounts import directory, sessions
from service.accounts.models import session
from service.accounts.sessions import Pair
from service.accounts.tokens import Tokens
from service.database import Database
from service.settings import Settings


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: int) -> None:
        self.moment += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=20)
    yield database
    database.dispose()


@pytest.fixture
def words(token_key: str) -> Settings:
    """Settings of a service without any server, for what needs none."""
    nowhere = {"DATABASE_URL": "postgresql:///none", "S3_ENDPOINT": "http://127.0.0.1:9"}
    keys = {
        "SECRET_KEY": "only-for-tests-" * 3,
        "TOKEN_KEY": token_key,
        "S3_ACCESS_KEY": "a",
        "S3_SECRET_KEY": "b",
    }
    return Settings.from_environment(nowhere | keys)


@pytest.fixture
def tokens(words: Settings, clock: Clock) -> Tokens:
    return Tokens(words, clock)


@pytest.fixture
def tenant_id(database: Database, clock: Clock) -> UUID:
    with database.begin_reference() as connection:
        return directory.create_tenant(connection, "north", "North district", clock())


@dataclass
class Phone:
    """Ana's phone: signs in, renews, and shows its access token."""

    database: Database
    tokens: Tokens
    tenant_id: UUID
    clock: Clock
    person_id: str = "person-ana"
    device_id: str = "phone-of-ana"

    def sign_in(self) -> Pair:
        with self.database.begin(self.tenant_id) as connection:
            device = (self.device_id, "Ana's phone")
            session_id = sessions.start(connection, self.tenant_id, self.person_id, device, self.clock())
            row = sessions.find(connection, self.tenant_id, session_id)
            assert row is not None
            return sessions.pair(self.tokens, row, 1)

    def refresh(self, pair: Pair) -> Pair:
        return sessions.refresh(self.database, self.tokens, pair.refresh_token, self.clock)

    def show(self, pair: Pair) -> None:
        claims = self.tokens.read_access(pair.access_token)
        with self.database.begin(claims.tenant_id) as connection:
            row = sessions.find(connection, claims.tenant_id, claims.session_id)
            assert row is not None
            sessions.confirm(connection, row, claims.generation, self.clock())

    def reason(self) -> str | None:
        """Why the phone's newest session ended; None while it lives."""
        newest = select(session.c.reason).where(session.c.tenant_id == self.tenant_id)
        with self.database.begin(self.tenant_id) as connection:
            reason: str | None = connection.scalar(newest.order_by(session.c.created_at.desc()).limit(1))
            return reason


@pytest.fixture
def phone(database: Database, tokens: Tokens, tenant_id: UUID, clock: Clock) -> Phone:
    return Phone(database, tokens, tenant_id, clock)
