"""`comewatch tenant`, `person` and `token`: who is let in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import click

from schemas.records.people import ROLES
from service.cli.shell import as_json, open_database, say, settings_of_this_shell


@click.group()
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

    with open_database() as database, database.begin_reference() as connection:
        tenant_id = directory.create_tenant(connection, slug, name, system_now())
    say({"id": str(tenant_id), "slug": slug, "name": name}, as_json, f"Tenant {slug} is made: {tenant_id}")


@tenant.command("list")
@as_json
def list_tenants(as_json: bool) -> None:
    """List all tenants, by slug.

    \b
    Example:
      comewatch tenant list --json
    """
    from service.accounts import directory

    with open_database() as database, database.begin_reference() as connection:
        rows = directory.tenants(connection)
    found = [{"id": str(row.id), "slug": row.slug, "name": row.name} for row in rows]
    say(
        found,
        as_json,
        "\n".join(f"{row.slug}\t{row.id}\t{row.name}" for row in rows) or "There is no tenant yet.",
    )


@click.group()
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
    from service.accounts.apps.leave import scopes_of
    from service.accounts.enrolment import enrol
    from service.integrations.webhooks.following import Webhooks
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            door = Door(KINDS, follower=Webhooks(scopes_of))
            person_id, code = enrol(connection, door, tenant_id, address, name, roles, system_now())
    say({"person_id": person_id, "code": code}, as_json, f"{name} is in. Her code, for seven days: {code}")


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

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id, person_id = directory.person_by_address(connection, address)
        with database.begin(tenant_id) as connection:
            code = sign_in.make_code(connection, tenant_id, person_id, system_now())
    say({"person_id": person_id, "code": code}, as_json, code)


@person.command("grant")
@click.argument("address")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--from", "from_at", type=click.DateTime(), help="The first moment, in UTC; otherwise now.")
@click.option(
    "--until", "until_at", type=click.DateTime(), help="The end, in UTC; otherwise until it is ended."
)
@as_json
def grant_role(
    address: str, role: str, from_at: datetime | None, until_at: datetime | None, as_json: bool
) -> None:
    """Give the person at ADDRESS a role, if you like from one moment until another.

    \b
    Example:
      comewatch person grant bo@riverbend.example --role coach --from 2027-01-11 --until 2027-06-30
    """
    said = _write_grant(address, lambda work: work.grant(role, from_at, until_at))
    say(
        said,
        as_json,
        f"{address} is {role} from {said['from_at'] or 'now'} until {said['until_at'] or 'it is ended'}.",
    )


@person.command("end")
@click.argument("address")
@click.option("--role", required=True, type=click.Choice(ROLES))
@as_json
def end_role(address: str, role: str, as_json: bool) -> None:
    """End a role of the person at ADDRESS, now; grants of it that have not begun yet too.

    \b
    Example:
      comewatch person end bo@riverbend.example --role coach
    """
    said = _write_grant(address, lambda work: work.end(role))
    say(said, as_json, f"{address} is {role} no more.")


@person.command("roles")
@click.argument("address")
@as_json
def list_roles(address: str, as_json: bool) -> None:
    """List what the person at ADDRESS was, is and will be here, and whom she evaluates.

    \b
    Example:
      comewatch person roles bo@riverbend.example
    """
    found = _write_grant(address, lambda work: {"items": work.listed()})["items"]
    lines = [
        f"{one['role']}\t{one['from_at'] or one['created_at']}\t{one['until_at'] or '-'}\t{one['granted_by']}"
        for one in found
    ]
    say(found, as_json, "\n".join(lines) or "No role was ever granted to her.")


def _write_grant(address: str, act: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    from service.accounts import directory
    from service.accounts.role_desk import RoleDesk
    from service.records import KINDS
    from sync.server.push import Door

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id, person_id = directory.person_by_address(connection, address)
        with database.begin(tenant_id) as connection:
            return act(RoleDesk(connection, Door(KINDS), tenant_id, person_id))


@click.command()
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

    settings = settings_of_this_shell()
    if not settings.development:
        raise click.ClickException(
            "Tokens are given out in development only; see: comewatch person code --help"
        )
    with open_database(settings) as database:
        with database.begin_reference() as connection:
            tenant_id, person_id = directory.person_by_address(connection, address)
        with database.begin(tenant_id) as connection:
            # a device of its own each time: one call must not end the session of another
            hers = (f"shell-{uuid4().hex[:16]}", device)
            pair = sessions.open_on(connection, Tokens(settings), tenant_id, person_id, hers, system_now())
    say({"access_token": pair.access_token, "refresh_token": pair.refresh_token}, as_json, pair.access_token)
