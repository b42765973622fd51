"""Drafts of steps, from the tables that the rooms declare.

`python -m service.migrations.draft` writes the first steps anew. Only until the first release: after it a step is never
edited, and a change is a new step. `python -m service.migrations.draft "add the door's colour"` begins one, from what
the rooms declare and the upgraded database at DATABASE_OWNER_URL lacks. Read it: locks, and phones in the field, are old.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from alembic import command
from alembic.autogenerate import render_python_code
from alembic.operations import ops
from sqlalchemy import Connection, Table

from service.migrations.history import VERSIONS, configuration, opened, revisions
from service.migrations.rooms import first_steps
from service.settings import Settings

HEAD = '''"""{words}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tenancy import {walls}

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
    {body}
'''


def main(words: str = "") -> None:
    """Begin a step with these words; without words, write every first step."""
    if words:
        with opened(Settings.from_environment().database_owner_url) as engine, engine.connect() as connection:
            begin(connection, words)
    else:
        write_first_steps()


def begin(connection: Connection, words: str) -> None:
    """A new step after the last, with what the database lacks."""
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    name = f"{len(revisions()) + 1:04}_{slug}"
    command.revision(configuration(connection), words.capitalize(), autogenerate=True, rev_id=name)


def write_first_steps() -> None:
    """All of them, over what is there."""
    before: str | None = None
    for revision, made in first_steps().items():
        if not revision.endswith("_jobs"):
            (VERSIONS / f"{revision}.py").write_text(step(revision, before, made))
        before = revision


def step(revision: str, before: str | None, tables: list[Table]) -> str:
    """The text of one step that makes these tables and raises their walls."""
    walls = sorted({wall(table) for table in tables})
    return HEAD.format(
        words=f"Make the tables of {revision.partition('_')[2]}",
        walls=", ".join(walls),
        revision=revision,
        before=f'"{before}"' if before else None,
        body="\n    ".join(lines(tables)),
    )


def lines(tables: Iterable[Table]) -> list[str]:
    """The statements: per table its columns and keys, its indexes, its wall."""
    found: list[str] = []
    for table in tables:
        found += python(ops.CreateTableOp.from_table(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            found += python(ops.CreateIndexOp.from_index(index))
        found.append(f'{wall(table)}("{table.name}")')
    return found


def python(operation: ops.MigrateOperation) -> list[str]:
    """One operation as lines of a migration file."""
    code = render_python_code(ops.UpgradeOps([operation]), render_as_batch=False)
    code = code.replace(", autoincrement=False", "")
    return [line.removeprefix("    ") for line in code.splitlines() if not line.lstrip().startswith("#")]


def wall(table: Table) -> str:
    """The helper that opens a table of this spread, or with rights of its own."""
    return f"{table.info.get('wall', table.info['dist'])}_table"


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
