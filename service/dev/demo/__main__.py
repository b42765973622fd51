"""`make demo`: live the story on a running instance, or on one that is started for it and stopped afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from service.accounts import directory
from service.database import Database
from service.dev import district
from service.dev.children import LaunchError
from service.dev.demo import lessons, report
from service.dev.demo.cast import Cast, gathered
from service.dev.demo.checks import Checks, Fault
from service.dev.demo.story import Story
from service.dev.hosting import running_instance
from service.settings import Settings, SettingsError
from sync.server.tables import history, receipt


def main() -> int:
    """Run the demo; 0 when nothing was lost, leaked or different."""
    console = Console()
    try:
        with running_instance(console.print) as settings:
            return _play(settings, console)
    except (LaunchError, SettingsError, FileNotFoundError) as error:
        console.print(str(error), style="red")
        return 1


def _play(settings: Settings, console: Console) -> int:
    database, checks, told = Database(settings.database_url, pool_size=2), Checks(), []
    real = lessons.load()
    if real[0].name == lessons.GENERATED:
        console.print(
            f"No lessons lie in {lessons.DATA}/{lessons.FOLDER} (COMEWATCH_DATA names another place): one lesson is generated."
        )
    try:
        with (
            TemporaryDirectory(prefix="comewatch-demo-") as folder,
            gathered(settings.public_url, database, Path(folder)) as cast,
            _progress(console) as bar,
        ):
            before = _ledger(database, cast)
            for number, lesson in enumerate(bar.track(real, description="lessons")):
                story = Story(lesson, number, cast, checks)
                story.live()
                told.append(story)
            _settle(database, cast, checks, before, told)
            changes = sum(player.sent for player in cast.values())
            losses = cast["observer"].network.losses
    finally:
        database.dispose()
    report.show(console, told, checks, losses)
    counts = f"{checks.count(Fault.LOST)} lost, {checks.count(Fault.LEAKED)} leaked, {checks.count(Fault.DIFFERENT)} differences"
    console.print(f"{len(told)} lessons, {changes} changes, {counts}", style="bold", highlight=False)
    return 1 if checks.faults else 0


def _settle(
    database: Database, cast: Cast, checks: Checks, before: dict[str, int], told: list[Story]
) -> None:
    """At the end every phone holds what the server says it should, and the server applied each change once."""
    for player in cast.values():
        player.sync()
        for pair in player.phone.digest_check():
            checks.equal(f"{player.role}'s {pair.collection}", pair.here, pair.there)
    after = _ledger(database, cast)
    for role, player in cast.items():
        checks.equal(f"receipts of {role}", after[role] - before[role], player.sent + _acts(role, told))
    for story in told:
        versions = _versions(database, story)
        checks.equal("times that a note was changed after it was made", set(versions.values()), {2})


def _acts(role: str, told: list[Story]) -> int:
    """Changes that were made by an act of the API, not by the phone: sharing and releasing touch each note and the visit."""
    return sum(len(story.notes) + 1 for story in told) if role in ("host", "observer") else 0


def _ledger(database: Database, cast: Cast) -> dict[str, int]:
    """Receipts of each player: one for each change that the server answered."""
    return {role: _receipts(database, role) for role in cast}


def _receipts(database: Database, role: str) -> int:
    one = district.account(role)
    with database.begin_reference() as connection:
        tenant_id = directory.tenant_by_slug(connection, one.tenant)
    hers = select(func.count()).where(receipt.c.tenant_id == tenant_id, receipt.c.person_id == one.person_id)
    with database.begin(tenant_id) as connection:
        return connection.execute(hers).scalar_one()


def _versions(database: Database, story: Story) -> dict[str, int]:
    with database.begin_reference() as connection:
        tenant_id = directory.tenant_by_slug(connection, "riverbend")
    replaced = (
        select(history.c.record_id, func.count())
        .where(
            history.c.tenant_id == tenant_id,
            history.c.collection == "notes",
            history.c.record_id.in_(list(story.notes)),
        )
        .group_by(history.c.record_id)
    )
    with database.begin(tenant_id) as connection:
        return {row[0]: row[1] for row in connection.execute(replaced)}


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


if __name__ == "__main__":
    sys.exit(main())
