"""`comewatch roster`: schools and staff from the district's own files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from service.cli.shell import as_json, open_database, say

if TYPE_CHECKING:
    from service.database import Database
    from service.integrations.roster.findings import Findings
    from service.integrations.roster.plan import Plan

MOST_NAMED = 20
_file = click.argument("file", metavar="ZIP", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_tenant = click.option("--tenant", "slug", required=True, help="The slug of the tenant.")
_dates = click.option(
    "--dates", "order", type=click.Choice(["d/m/Y", "m/d/Y"]), help="How to read 01/02/2026."
)


@click.group()
def roster() -> None:
    """Schools and staff from OneRoster files (CSV, 1.1 or 1.2). Students are never taken in."""


@roster.command()
@_file
@_tenant
@_dates
@as_json
def preview(file: Path, slug: str, order: str | None, as_json: bool) -> None:
    """Say what ZIP would change, and change nothing.

    \b
    Example:
      comewatch roster preview oneroster.zip --tenant riverbend
    """
    from service.integrations.roster.telling import document

    with open_database() as database:
        _, plan, findings = _planned(database, slug, file, order)
    say(document(plan, findings), as_json, _words(plan, findings))


@roster.command()
@_file
@_tenant
@_dates
@click.option("--yes", is_flag=True, help="Also when many people would go.")
@as_json
def apply(file: Path, slug: str, order: str | None, yes: bool, as_json: bool) -> None:
    """Do what `preview` says. The same ZIP again changes nothing.

    \b
    Example:
      comewatch roster apply oneroster.zip --tenant riverbend
    """
    from service.accounts import roster_doors
    from service.audit import note
    from service.integrations.roster import applying
    from service.integrations.roster.telling import document
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    with open_database() as database:
        tenant_id, plan, findings = _planned(database, slug, file, order)
        if not findings.is_sound:
            raise click.ClickException("Nothing was changed.\n" + _words(plan, findings))
        if plan.ends_many and not yes:
            said = f"{plan.counts['people']['ended']} of {plan.people_before} people would go. Look at the preview; if it is meant: --yes"
            raise click.ClickException(said)
        applied = applying.apply(database, Door(KINDS), roster_doors, tenant_id, plan, _progress)
        with database.begin(tenant_id) as connection:
            about: dict[str, str | int] = {"by": "operator", "count": applied.done}
            note(connection, tenant_id, None, "roster_applied", about, system_now())
    told = document(plan, findings) | {"done": applied.done, "refused": applied.refused}
    say(told, as_json, "\n".join([f"Done: {applied.done} changes.", *applied.refused]))
    if applied.refused:
        raise click.ClickException(f"{len(applied.refused)} changes were refused; the rest is done.")


def _progress(done: int, all_: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {all_}", nl=done == all_, err=True)


def _planned(database: Database, slug: str, file: Path, order: str | None) -> tuple[UUID, Plan, Findings]:
    from service.accounts import directory, roster_doors
    from service.integrations.roster import plan as planning
    from service.integrations.roster import previews
    from service.integrations.roster.reading import read
    from sync.clock import system_now

    with database.begin_reference() as connection:
        tenant_id = directory.tenant_by_slug(connection, slug)
    with database.begin(tenant_id) as connection:
        known = previews.known(connection, tenant_id)
    with file.open("rb") as opened:
        found, findings = read(opened, known, system_now().date(), order)
    if not findings.is_sound:
        return tenant_id, planning.Plan(), findings
    with database.begin(tenant_id) as connection:
        return tenant_id, planning.make(connection, tenant_id, found, roster_doors, findings), findings


def _words(plan: Plan, findings: Findings) -> str:
    lines = [f"  {fault}" for fault in findings.faults]
    if lines:
        more = [f"  and {findings.more} more"] if findings.more else []
        lines = ["Faults; nothing is taken before they are mended:", *lines, *more]
    lines += [f"Repaired: {said} ({times} times)" for said, times in findings.repairs.items()]
    lines += [f"Without powers: {said}" for said in plan.without_powers]
    lines += [f"Left out: {rows} rows of {what}" for what, rows in sorted(findings.left_out.items())]
    for collection, counts in plan.counts.items():
        lines.append(f"{collection}: " + ", ".join(f"{number} {act}" for act, number in counts.items()))
        named = [step for step in plan.steps if step.collection == collection]
        lines += [f"  {step.act:8}{step.name}" for step in named[:MOST_NAMED]]
        lines += [f"  and {len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    lines += [f"role {role}: {number} people" for role, number in plan.grants.items()]
    lines += [f"Kept: {name} is an administrator here; a person decides." for name in plan.kept]
    return "\n".join(lines) or "Nothing would change."
