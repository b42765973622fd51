"""Walking the history: one transaction a step, short locks, and two upgraders never in each other's way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from service.migrations import roles

VERSIONS = Path(__file__).parent / "versions"
VERSION_TABLE = "alembic_version"
PATIENCE = 300
"""Tries before an upgrade gives up on a lock: some two minutes, as each waits 200 ms and pauses as long."""
PAUSE = 0.2
_STEP = f"SET LOCAL ROLE {roles.OWNER}; SET LOCAL lock_timeout = '200ms'"
# Whoever sets up the same cluster at the same moment may win any of these races: look again at what is there.
_RACES = (errors.UniqueViolation, errors.DuplicateObject, errors.DuplicateTable, errors.InternalError_)
_LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)


def upgrade(owner_url: str) -> None:
    """Bring the database at `owner_url` (a login that may make roles and tables) to the newest step; safe to repeat."""
    with opened(owner_url) as engine:
        _patiently(lambda: _prepare(engine), _RACES + _LOCKED)
        while _patiently(lambda: _take_step(engine), _LOCKED):
            pass


@contextmanager
def opened(owner_url: str) -> Iterator[Engine]:
    """An engine for DDL: made for this upgrade, gone after it."""
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file; `env.py` finds the connection in its attributes."""
    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent))
    config.set_main_option("version_locations", _escaped(VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s")
    config.attributes["connection"] = connection
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def revisions() -> list[str]:
    """Every step of the history, first to last."""
    script = ScriptDirectory.from_config(configuration())
    return [step.revision for step in script.walk_revisions()][::-1]


def _prepare(engine: Engine) -> None:
    """The roles, and the table that says where this database stands."""
    with engine.begin() as connection:
        roles.ensure(connection)
        connection.exec_driver_sql(f"SET LOCAL ROLE {roles.OWNER}")
        MigrationContext.configure(connection)._ensure_version_table()


def _take_step(engine: Engine) -> bool:
    """Take the next step, in a transaction of its own; False when there is none."""
    with engine.connect() as connection:
        done = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        steps = revisions()
        following = steps[steps.index(done) + 1 :] if done else steps
        if following:
            event.listen(connection, "begin", _begin_step)
            command.upgrade(configuration(connection), following[0])
        return bool(following)


def _begin_step(connection: Connection) -> None:
    connection.exec_driver_sql(_STEP)
    # Another upgrader waits here, and then reads that the step is taken.
    connection.exec_driver_sql(f"LOCK TABLE {VERSION_TABLE} IN SHARE ROW EXCLUSIVE MODE")


def _patiently(attempt: Callable[[], Any], passing: tuple[type[Exception], ...]) -> Any:
    """What `attempt` returns, tried again while its error is one that passes."""
    for _ in range(PATIENCE - 1):
        try:
            return attempt()
        except DBAPIError as error:
            if not isinstance(error.orig, passing):
                raise
            time.sleep(PAUSE)
    return attempt()
