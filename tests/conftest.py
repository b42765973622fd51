"""What every test may ask for: a database of its own on a real PostgreSQL, and an S3.

A fresh clone of the template takes some 25 ms and its commits are real, so races can be tested. With
`DATABASE_URL` (a superuser's) in the environment, that server is used and none is started.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from joserfc.jwk import ECKey
from sqlalchemy import make_url

from service.settings import Settings
from tests.servers import Answer, Desk, admin, ask

pytest_plugins = ["tests.tenancy_guard", "tests.tally", "tests.canary"]

CloneDatabase = Callable[[], AbstractContextManager[str]]
DESK = pytest.StashKey[Desk]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[DESK] = Desk()


def pytest_unconfigure(config: pytest.Config) -> None:
    if DESK in config.stash:
        config.stash[DESK].close()


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this xdist worker, or `main`."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def clone_database(worker: str) -> Iterator[CloneDatabase]:
    """`with clone_database() as url:` a fresh database, dropped at the end; the URL is the app's."""
    server = ask("database")
    url = make_url(server["url"])
    names = (f"cw_{server['run']}_{worker}_{number}" for number in itertools.count(1))

    @contextmanager
    def clone() -> Iterator[str]:
        name = next(names)
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {server['template']} STRATEGY file_copy")
        try:
            yield url.set(username="comewatch_rw", database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    with admin(url) as connection:
        yield clone


@pytest.fixture
def database_url(clone_database: CloneDatabase) -> Iterator[str]:
    """A database for this test alone, as the app's role."""
    with clone_database() as url:
        yield url


@pytest.fixture(scope="module")
def session_database_url(clone_database: CloneDatabase) -> Iterator[str]:
    """A database for the whole file, for tests that mostly read."""
    with clone_database() as url:
        yield url


def owner_url(url: str) -> str:
    """The same database as the superuser, whom no row-level policy binds."""
    owner = make_url(ask("database")["url"]).set(database=make_url(url).database)
    return owner.render_as_string(hide_password=False)


@pytest.fixture
def database_owner_url(database_url: str) -> str:
    return owner_url(database_url)


@pytest.fixture(scope="session")
def s3() -> Answer:
    """`endpoint`, `access_key`, `secret_key` and `bucket` of the run's S3."""
    return ask("s3")


@pytest.fixture(scope="session")
def token_key() -> str:
    return ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()


def environment(database_url: str, token_key: str, s3: Answer | None = None) -> dict[str, str]:
    """A complete environment; without `s3` its address is one where nobody answers."""
    store = s3 or {
        "endpoint": "http://127.0.0.1:9",
        "access_key": "none",
        "secret_key": "none",
        "bucket": "none",
    }
    return {
        "DATABASE_URL": database_url,
        "DATABASE_OWNER_URL": owner_url(database_url),
        "DATABASE_POOL_SIZE": "5",
        "COMEWATCH_DEVELOPMENT": "true",
        "RATE_LIMIT_PERSON": "10000000",
        "RATE_LIMIT_ADDRESS": "10000000",
        "RATE_LIMIT_SIGN_IN": "10000000",
        "SECRET_KEY": "only-for-tests-" * 3,
        "TOKEN_KEY": token_key,
        "S3_ENDPOINT": store["endpoint"],
        "S3_ACCESS_KEY": store["access_key"],
        "S3_SECRET_KEY": store["secret_key"],
        "S3_BUCKET": store["bucket"],
    }


@pytest.fixture
def settings(database_url: str, token_key: str) -> Settings:
    """Settings over this test's own database, without S3."""
    return Settings.from_environment(environment(database_url, token_key))


@pytest.fixture
def settings_with_s3(database_url: str, token_key: str, s3: Answer) -> Settings:
    """Settings over this test's own database and the run's S3."""
    return Settings.from_environment(environment(database_url, token_key, s3))


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A plain connection as the app's role."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        yield connection
