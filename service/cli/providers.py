"""`comewatch provider`: schools' own sign-ins."""

from __future__ import annotations

from typing import IO
from uuid import UUID

import click

from service.cli.shell import as_json, open_database, say, settings_of_this_shell


@click.group()
def provider() -> None:
    """Schools' own sign-ins (OpenID Connect); see docs/sign-in.md."""


@provider.command("add")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option("--name", required=True, help="What people read on the button.")
@click.option("--issuer", required=True, help="The provider's address, exactly as its tokens say it.")
@click.option("--client-id", required=True, help="What the provider calls this service.")
@click.option(
    "--client-secret-file", type=click.File(), help="A file with the client secret; - for the standard input."
)
@click.option("--domain", "domains", multiple=True, help="Addresses at this domain are the tenant's people.")
@click.option(
    "--links-by-verified-address",
    "links",
    is_flag=True,
    help="Once, let in whoever has a verified address of somebody here: only for a provider that you trust with it.",
)
@as_json
def add(
    slug: str,
    name: str,
    issuer: str,
    client_id: str,
    client_secret_file: IO[str] | None,
    domains: tuple[str, ...],
    links: bool,
    as_json: bool,
) -> None:
    """Add a provider, once it has answered as it should; prints the address that must be registered with it.

    --domain may be given several times; a domain belongs to one tenant.

    \b
    Example:
      comewatch provider add --tenant riverbend --name "Riverbend" --issuer https://login.riverbend.example \\
        --client-id comewatch --client-secret-file secret.txt --domain riverbend.example
    """
    from service.accounts import directory
    from service.accounts.oidc import providers
    from service.accounts.oidc.attempt import redirect_uri
    from service.accounts.oidc.discovery import Discovery
    from service.accounts.seal import Seal
    from service.audit import note
    from service.outbound import Outbound
    from sync.clock import system_now

    settings = settings_of_this_shell()
    secret = client_secret_file.read().strip() if client_secret_file else None
    new = providers.NewProvider(name, issuer, client_id, secret, domains, links)
    Discovery(Outbound(settings.development), system_now).endpoints(issuer)
    with open_database(settings) as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            providers.bind_domains(connection, tenant_id, domains)
            made = providers.add(connection, Seal(settings.secret_key), tenant_id, new, system_now())
            about = {"provider_id": str(made), "way": "added", "by": "operator"}
            note(connection, tenant_id, None, "provider_changed", about, system_now())
    back = redirect_uri(settings.public_url, made)
    say(
        {"id": str(made), "redirect_uri": back}, as_json, f"{name} is added: {made}\nRegister with it: {back}"
    )


@provider.command("list")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@as_json
def list_providers(slug: str, as_json: bool) -> None:
    """List the tenant's providers, by name.

    \b
    Example:
      comewatch provider list --tenant riverbend
    """
    from service.accounts import directory
    from service.accounts.oidc import providers

    with open_database() as database, database.begin_reference() as connection:
        rows = providers.of_tenant(connection, directory.tenant_by_slug(connection, slug))
    names = ("name", "issuer", "client_id", "domains", "links_by_verified_address")
    found = [{"id": str(row.id)} | {name: row._mapping[name] for name in names} for row in rows]
    lines = [f"{row.id}\t{row.name}\t{row.issuer}\t{','.join(row.domains)}" for row in rows]
    say(found, as_json, "\n".join(lines) or "There is no provider yet.")


@provider.command("remove")
@click.argument("provider_id", type=click.UUID)
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@as_json
def remove(provider_id: UUID, slug: str, as_json: bool) -> None:
    """Ask the provider PROVIDER_ID no more. Whoever is signed in stays so.

    \b
    Example:
      comewatch provider remove 6f1c0c52-8a53-4c1e-9b0e-0d6a1b0f7c11 --tenant riverbend
    """
    from service.accounts import directory
    from service.accounts.oidc import providers
    from service.audit import note
    from sync.clock import system_now

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            if not providers.remove(connection, tenant_id, provider_id):
                raise directory.DirectoryError(
                    f"{slug} has no provider {provider_id}; see: comewatch provider list"
                )
            about = {"provider_id": str(provider_id), "way": "removed", "by": "operator"}
            note(connection, tenant_id, None, "provider_changed", about, system_now())
    say({"id": str(provider_id)}, as_json, f"{provider_id} is removed.")
