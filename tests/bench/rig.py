"""What the contenders share: one PostgreSQL that waits for the disk, a database for each, and ports."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg

from service.dev.postgres import PostgreSQL


class Rig:
    """The PostgreSQL of a run, under `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.postgres = PostgreSQL(home / "postgres", log=home / "logs" / "postgres.log")

    def start(self) -> None:
        """Up, as `make run` starts it: fsync on."""
        self.postgres.start()
        with self.admin() as connection:
            (fsync,) = connection.execute("SHOW fsync").fetchone() or ("?",)
        assert fsync == "on", "the bench measures a database that keeps its word"

    def stop(self) -> None:
        """Down."""
        self.postgres.stop()

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser."""
        return psycopg.connect(self.postgres.conninfo(database), autocommit=True)

    def fresh(self, database: str) -> None:
        """An empty database of this name; what was in an older one is gone."""
        with closing(self.admin()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {database}".encode())

    def count(self, database: str, table: str, where: str, *values: object) -> int:
        """How many rows a server's own table holds."""
        with self.admin(database) as connection:
            found = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}".encode(), values)
            (number,) = found.fetchone() or (0,)
        assert isinstance(number, int)
        return number

    @property
    def pid(self) -> int:
        """The postmaster."""
        assert self.postgres.process is not None
        return self.postgres.process.pid
