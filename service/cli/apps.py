"""`comewatch app`: others' apps, and what each tenant lets them do."""

from __future__ import annotations

import click

from service.cli.shell import as_json, open_database, say


@click.group()
def app() -> None:
    """Apps that others make, and that act for people here (docs/apps.md)."""


@app.command("create")
@click.argument("name")
@click.option("--redirect", "redirects", multiple=True, help="An address that people are sent back to.")
@click.option("--scope", "scopes", multiple=True, required=True, help="One that it may ask for.")
@click.option("--public", is_flag=True, help="It runs on people's devices, and so keeps no secret.")
@as_json
def create_app(
    name: str, redirects: tuple[str, ...], scopes: tuple[str, ...], public: bool, as_json: bool
) -> None:
    """Register an app, and print its id and its secret. NAME is what people read when they are asked.

    \b
    Example:
      comewatch app create "Lesson Box" --redirect https://box.example/back --scope notes:read --scope profile
    """
    from service.accounts.apps import registry
    from sync.clock import system_now

    wish = registry.Wish(name, redirects, scopes, public)
    with open_database() as database, database.begin_reference() as connection:
        made = registry.register(connection, wish, None, system_now())
    told = {"client_id": made.client_id, "client_secret": made.client_secret}
    say(told, as_json, f"{made.client_id}\t{made.client_secret or '(public, no secret)'}")


@app.command("list")
@as_json
def list_apps(as_json: bool) -> None:
    """List all apps, the newest first.

    \b
    Example:
      comewatch app list --json
    """
    from service.accounts.apps import registry

    with open_database() as database, database.begin_reference() as connection:
        rows = registry.all_apps(connection)
    found = [
        {
            "client_id": row.client_id,
            "name": row.name,
            "scopes": row.scopes,
            "redirect_uris": row.redirect_uris,
        }
        for row in rows
    ]
    lines = [f"{row.client_id}\t{row.name}\t{' '.join(row.scopes)}" for row in rows]
    say(found, as_json, "\n".join(lines) or "There is no app yet.")


@app.command("approve")
@click.argument("client_id")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="One that people there may let it have."
)
@as_json
def approve_app(client_id: str, slug: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Let people of a tenant use an app, for these scopes at most.

    \b
    Example:
      comewatch app approve app-0123456789abcdef01234567 --tenant riverbend --scope notes:read --scope profile
    """
    from service.accounts import directory
    from service.accounts.apps import registry
    from sync.clock import system_now

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            registry.approve(connection, tenant_id, client_id, scopes, None, system_now())
    say({"client_id": client_id, "scopes": sorted(scopes)}, as_json, f"{client_id} is approved in {slug}.")


@app.command("revoke")
@click.argument("client_id")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@as_json
def revoke_app(client_id: str, slug: str, as_json: bool) -> None:
    """Let nobody in a tenant use an app any more, at once.

    \b
    Example:
      comewatch app revoke app-0123456789abcdef01234567 --tenant riverbend
    """
    from service.accounts import directory
    from service.accounts.apps import registry
    from sync.clock import system_now

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            gone = registry.withdraw(connection, tenant_id, client_id, None, system_now())
    if not gone:
        raise click.ClickException(f"{slug} has not approved {client_id}; see: comewatch app list")
    say({"client_id": client_id, "revoked": True}, as_json, f"{client_id} is out of {slug}, everywhere.")
