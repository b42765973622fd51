"""`comewatch db`: the database."""

from __future__ import annotations

import click

from service.cli.shell import as_json, open_database, say, settings_of_this_shell


@click.group()
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

    run(settings_of_this_shell().database_owner_url)
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
    with open_database() as database:
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
    say(said, as_json, words or "There is no tenant yet.")
