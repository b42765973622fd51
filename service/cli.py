"""`comewatch`: what an operator does at a shell. Each command explains itself with --help.

What is asked for comes out on stdout, as words or, with --json, for a machine; what went wrong is one line on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import orjson

from schemas.records.people import ROLES

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
        from service.migrations.roles import RolesError
        from service.settings import SettingsError

        try:
            return super().invoke(ctx)
        except (DirectoryError, RolesError, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except Refused as error:
            raise click.ClickException(_told(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"PostgreSQL does not answer: {_first_line(error.orig)}") from error
        except ProgrammingError as error:
            hint = "Is the database upgraded? See: comewatch db upgrade --help"
            raise click.ClickException(f"{_first_line(error.orig)}. {hint}") from error


@click.group(cls=OneLine)
@click.version_option(package_name="comewatch")
def main() -> None:
    """Run Come Watch for a district.

    Every command reads its settings from the environment (docs/settings.md), or from the instance that `make run` has
    running in this directory.

    \b
    From nothing to a first teacher:
      comewatch db upgrade
      comewatch tenant create riverbend --name "Riverbend School District"
      comewatch person create ana@riverbend.example --tenant riverbend --name "Ana Ruiz" --role admin
    """


@main.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Make or renew the roles, tables and walls.

    Uses DATABASE_OWNER_URL. Safe to repeat, to run twice at once, and to run while people work.

    \b
    Example:
      comewatch db upgrade
    """
    from service.migrations import upgrade as run

    run(_settings().database_owner_url)
    click.echo("The database is up to date.")


@db.command("after-restore")
@click.option("--tenant", "slug", help="The slug of one tenant; otherwise all of them.")
@as_json
def after_restore(slug: str | None, as_json: bool) -> None:
    """Begin a new life after the database was restored from a backup.

    Run it before phones are let in again. They are then told to read everything anew, and send again what they hold: so what
    was acknowledged after the backup was made comes back, as far as any phone still has it. Running it twice does no harm,
    but costs every phone another reading.

    \b
    Examples:
      comewatch db after-restore
      comewatch db after-restore --tenant riverbend
    """
    from service.accounts import directory
    from sync.clock import system_now
    from sync.server.restore import begin_new_life

    said = []
    with _database() as database:
        with database.begin_reference() as connection:
            found = {row.slug: row.id for row in directory.tenants(connection)}
            chosen = [directory.tenant_by_slug(connection, slug)] if slug else list(found.values())
        for name in sorted(name for name, tenant_id in found.items() if tenant_id in chosen):
            with database.begin(found[name]) as connection:
                life = begin_new_life(connection, found[name], system_now())
            said.append({"slug": name, "epoch": life.epoch, "seq": life.seq})
    words = "\n".join(
        f"{one['slug']}: epoch {one['epoch']}, the clock starts at {one['seq']}" for one in said
    )
    _say(said, as_json, words or "There is no tenant yet.")


@main.group()
def tenant() -> None:
    """Districts, or schools on their own. No row of one is ever seen from another."""


@tenant.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="What its people call it.")
@as_json
def create_tenant(slug: str, name: str, as_json: bool) -> None:
    """Make a tenant. SLUG is its short name: small letters, digits and hyphens.

    \b
    Example:
      comewatch tenant create riverbend --name "Riverbend School District"
    """
    from service.accounts import directory
    from sync.clock import system_now

    with _database() as database, database.begin_reference() as connection:
        tenant_id = directory.create_tenant(connection, slug, name, system_now())
    _say({"id": str(tenant_id), "slug": slug, "name": name}, as_json, f"Tenant {slug} is made: {tenant_id}")


@tenant.command("list")
@as_json
def list_tenants(as_json: bool) -> None:
    """List all tenants, by slug.

    \b
    Example:
      comewatch tenant list --json
    """
    from service.accounts import directory

    with _database() as database, database.begin_reference() as connection:
        rows = directory.tenants(connection)
    found = [{"id": str(row.id), "slug": row.slug, "name": row.name} for row in rows]
    _say(
        found,
        as_json,
        "\n".join(f"{row.slug}\t{row.id}\t{row.name}" for row in rows) or "There is no tenant yet.",
    )


@main.group()
def person() -> None:
    """People, and how they get in."""


@person.command("create")
@click.argument("address")
@click.option("--tenant", "slug", required=True, help="The slug of her tenant.")
@click.option("--name", required=True, help="What her colleagues read.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), default=["teacher"], show_default=True
)
@as_json
def create_person(address: str, slug: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Make a person who signs in by ADDRESS, and print her invitation code. --role may be given several times.

    \b
    Examples:
      comewatch person create ana@riverbend.example --tenant riverbend --name "Ana Ruiz"
      comewatch person create bo@riverbend.example --tenant riverbend --name "Bo Lind" --role principal --role admin
    """
    from service.accounts import directory
    from service.accounts.enrolment import enrol
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    with _database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            person_id, code = enrol(connection, Door(KINDS), tenant_id, address, name, roles, system_now())
    _say({"person_id": person_id, "code": code}, as_json, f"{name} is in. Her code, for seven days: {code}")


@person.command("code")
@click.argument("address")
@as_json
def make_code(address: str, as_json: bool) -> None:
    """Print a new invitation code for the person at ADDRESS. Codes that she has not used yet stop working.

    \b
    Example:
      comewatch person code ana@riverbend.example
    """
    from service.accounts import directory, sign_in
    from sync.clock import system_now

    with _database() as database:
        with database.begin_reference() as connection:
            tenant_id, person_id = directory.person_by_address(connection, address)
        with database.begin(tenant_id) as connection:
            code = sign_in.make_code(connection, tenant_id, person_id, system_now())
    _say({"person_id": person_id, "code": code}, as_json, code)


@main.command()
@click.argument("address")
@click.option("--device", default="shell", show_default=True, help="The name of the device that it is for.")
@as_json
def token(address: str, device: str, as_json: bool) -> None:
    """Print an access token. In development only.

    It is for the person at ADDRESS and good for ten minutes.

    \b
    Example:
      curl -H "Authorization: Bearer $(comewatch token ana@riverbend.example)" http://127.0.0.1:8080/v1/me
    """
    from service.accounts import directory, sessions
    from service.accounts.tokens import Tokens
    from sync.clock import system_now

    settings = _settings()
    if not settings.development:
        raise click.ClickException(
            "Tokens are given out in development only; see: comewatch person code --help"
        )
    with _database(settings) as database:
        with database.begin_reference() as connection:
            tenant_id, person_id = directory.person_by_address(connection, address)
        with database.begin(tenant_id) as connection:
            # a device of its own each time: one call must not end the session of another
            hers = (f"shell-{uuid4().hex[:16]}", device)
            pair = sessions.open_on(connection, Tokens(settings), tenant_id, person_id, hers, system_now())
    _say({"access_token": pair.access_token, "refresh_token": pair.refresh_token}, as_json, pair.access_token)


def _settings() -> Settings:
    from service.settings import Settings

    return Settings.from_environment()


@contextmanager
def _database(settings: Settings | None = None) -> Iterator[Database]:
    from service.database import Database
    from service.hints import Hints

    settings = settings or _settings()
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


def _say(answer: Any, as_json: bool, words: str) -> None:
    click.echo(orjson.dumps(answer).decode() if as_json else words)


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or [""])[0]


def _told(error: Any) -> str:
    faults = [f"{place.strip('/')}: {' '.join(messages)}" for place, messages in error.errors.items()]
    return "; ".join([error.detail or error.problem.value.title, *faults])
