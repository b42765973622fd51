"""What all commands have in common: how they find their settings, answer, and fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import orjson

if TYPE_CHECKING:
    from service.database import Database
    from service.settings import Settings

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON document, for a machine."
)


class OneLine(click.Group):
    """Commands whose faults are one clear line and exit code 1, never a traceback for what the operator can mend."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from sqlalchemy.exc import OperationalError, ProgrammingError

        from schemas.problems import Refused
        from service.accounts.directory import DirectoryError
        from service.logs import silent
        from service.migrations.roles import RolesError
        from service.portability import ExportError
        from service.settings import SettingsError

        try:
            with silent():
                return super().invoke(ctx)
        except (DirectoryError, ExportError, RolesError, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except Refused as error:
            raise click.ClickException(told(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"PostgreSQL does not answer: {first_line(error.orig)}") from error
        except ProgrammingError as error:
            hint = "Is the database upgraded? See: comewatch db upgrade --help"
            raise click.ClickException(f"{first_line(error.orig)}. {hint}") from error


def settings_of_this_shell() -> Settings:
    """What the environment, or the instance that runs in this directory, says."""
    from service.settings import Settings

    return Settings.from_environment()


@contextmanager
def open_database(settings: Settings | None = None) -> Iterator[Database]:
    """The database, for one command."""
    from service.database import Database
    from service.hints import Hints

    settings = settings or settings_of_this_shell()
    database = Database(
        settings.database_url,
        prepared_statements=settings.prepared_statements,
        pool_size=1,
        told=Hints(settings.live_hint_socket),
    )
    try:
        yield database
    finally:
        database.dispose()


def say(answer: Any, as_json: bool, words: str) -> None:
    """The answer: in words, or as JSON for a machine."""
    click.echo(orjson.dumps(answer).decode() if as_json else words)


def first_line(error: BaseException | None) -> str:
    """What a person needs of a long fault."""
    return (str(error).splitlines() or [""])[0]


def told(error: Any) -> str:
    """A refusal in one line."""
    faults = [f"{place.strip('/')}: {' '.join(messages)}" for place, messages in error.errors.items()]
    return "; ".join([error.detail or error.problem.value.title, *faults])
