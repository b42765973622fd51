"""`comewatch audit`: who did what to rights, devices and files, and whether the log is whole."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from service.cli.shell import as_json, open_database, say

_HEAD = re.compile(r"(\d+):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """The audit log: added to, never changed."""


@audit.command("verify")
@click.option("--tenant", "slug", help="The slug of one tenant; otherwise all of them.")
@click.option("--head", help="A head that you wrote down earlier, as NUMBER:HASH; with --tenant.")
@as_json
def verify_log(slug: str | None, head: str | None, as_json: bool) -> None:
    """Look for rows that were edited, deleted, put in, moved or cut off, and say at which number.

    Write down the head that it prints, away from this machine: against it (--head) even a log that somebody wrote anew as
    a whole is found out. Exit code 2 when something is wrong.

    \b
    Examples:
      comewatch audit verify
      comewatch audit verify --tenant riverbend --head 812:5f0c...
    """
    from service.audit.verify import verify

    known = _known(slug, head)
    said, lines = [], []
    with open_database() as database:
        for name, tenant_id in _tenants(database, slug):
            with database.begin(tenant_id) as connection:
                found = verify(connection, tenant_id, known)
            said.append(
                {"slug": name, "head": f"{found.number}:{found.hash}", "at": found.at, "fault": found.fault}
            )
            wrong = f"NOT WHOLE at number {found.at}: {found.fault}; whole up to"
            lines.append(f"{name}\t{'whole' if found.is_whole else wrong}\t{found.number}:{found.hash}")
    say(said, as_json, "\n".join(lines) or "There is no tenant yet.")
    if any(one["at"] for one in said):
        sys.exit(2)


@audit.command("list")
@click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
@click.option("--after", default=0, show_default=True, help="Only what has a greater number.")
@click.option("--act", "acts", multiple=True, help="Only these acts.")
@as_json
def list_log(slug: str, after: int, acts: tuple[str, ...], as_json: bool) -> None:
    """List what was noted, in its order.

    \b
    Example:
      comewatch audit list --tenant riverbend --act role_granted --act role_ended
    """
    from service.audit.verify import rows

    with open_database() as database:
        ((_, tenant_id),) = _tenants(database, slug)
        with database.begin(tenant_id) as connection:
            found = [_told(row) for row in rows(connection, tenant_id, after) if not acts or row.act in acts]
    lines = [
        f"{one['number']}\t{one['at']}\t{one['actor_id'] or '-'}\t{one['act']}\t{_plain(one['about'])}"
        for one in found
    ]
    say(found, as_json, "\n".join(lines) or "Nothing is noted.")


def _tenants(database: Any, slug: str | None) -> list[tuple[str, Any]]:
    from service.accounts import directory

    with database.begin_reference() as connection:
        if slug:
            return [(slug, directory.tenant_by_slug(connection, slug))]
        return [(row.slug, row.id) for row in directory.tenants(connection)]


def _known(slug: str | None, head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    said = _HEAD.fullmatch(head)
    if slug is None or said is None:
        raise click.UsageError("--head is NUMBER:HASH as verify printed it, and goes with --tenant.")
    return int(said[1]), said[2]


def _told(row: Any) -> dict[str, Any]:
    import orjson

    about = orjson.loads(row.about)
    whose = {"actor_id": row.actor_id, "device_id": row.device_id}
    return {"number": row.number, "at": row.at.isoformat(), **whose, "act": row.act, "about": about}


def _plain(about: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in about.items())
