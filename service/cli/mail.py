"""`comewatch mail`: what waits to be sent, and what no server took."""

from __future__ import annotations

from uuid import UUID

import click

from service.cli.shell import as_json, open_database, say

_tenant = click.option("--tenant", "slug", required=True, help="The slug of the tenant.")


@click.group()
def mail() -> None:
    """Mails that the service sends."""


@mail.command("list")
@_tenant
@click.option(
    "--state", type=click.Choice(["waiting", "sent", "failed"]), default="failed", show_default=True
)
@as_json
def list_(slug: str, state: str, as_json: bool) -> None:
    """List mails by their state, with the reason why they are not sent: never their words.

    \b
    Example:
      comewatch mail list --tenant riverbend --state waiting
    """
    from service.accounts import directory
    from service.mail import outbox

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            rows = outbox.in_state(connection, tenant_id, state)
    told = [
        {
            "id": str(row.id),
            "to": row.recipient,
            "state": row.state,
            "reason": row.reason,
            "created_at": row.created_at,
        }
        for row in rows
    ]
    lines = [f"{one['id']}\t{one['to']}\t{one['reason'] or 'not tried yet'}" for one in told]
    say(told, as_json, "\n".join(lines) or f"No mail is {state}.")


@mail.command()
@click.argument("mail_id", type=click.UUID)
@_tenant
@as_json
def retry(mail_id: UUID, slug: str, as_json: bool) -> None:
    """Send the mail MAIL_ID again that failed.

    \b
    Example:
      comewatch mail retry 0198a2f0-0000-4000-8000-000000000001 --tenant riverbend
    """
    from service.accounts import directory
    from service.mail import outbox
    from sync.clock import system_now

    with open_database() as database:
        with database.begin_reference() as connection:
            tenant_id = directory.tenant_by_slug(connection, slug)
        with database.begin(tenant_id) as connection:
            again = outbox.retry(connection, tenant_id, mail_id, system_now())
    if not again:
        raise click.ClickException(f"No mail {mail_id} failed; see: comewatch mail list --tenant {slug}")
    say({"id": str(mail_id), "state": "waiting"}, as_json, f"{mail_id} waits to be sent.")
