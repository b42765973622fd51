"""`comewatch person export`, `import` and `forget`: leaving with what is hers, arriving, being forgotten."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from service.cli.shell import as_json, open_database, say, settings_of_this_shell

if TYPE_CHECKING:
    from service.database import Database


@click.command("export")
@click.argument("address")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
def export_person(address: str, file: Path, as_json: bool) -> None:
    """Write everything of the person at ADDRESS (or TENANT/ID) to FILE, a zip: records, media, notes as WebVTT.

    \b
    Example:
      comewatch person export ana@riverbend.example ana.zip
    """
    from service.media.store import Store
    from service.portability.exporting import export
    from service.records import KINDS
    from sync.clock import system_now

    settings = settings_of_this_shell()
    with open_database(settings) as database:
        whose = _whose(database, address)
        manifest = export(database, KINDS, Store(settings), whose, file, system_now())
        _note(database, whose, "export_fetched", sum(manifest["records"].values()))
    files = len(manifest["files"])
    words = [f"{file}: {sum(manifest['records'].values())} records in {files} files."]
    words += [f"Not in the store any more: {name}" for name in manifest["left_out"]]
    say(manifest, as_json, "\n".join(words))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--address", required=True, help="Of the person here whose all of it becomes: make her first.")
@as_json
def import_person(file: Path, address: str, as_json: bool) -> None:
    """Take in FILE, which `person export` wrote on another instance, as records of the person at ADDRESS here.

    Who is named in it and is not known here becomes a person without a way in. Powers are not brought along.
    The file says who wrote what: take in only one whose sender you trust. Safe to repeat: nothing is made twice.

    \b
    Example:
      comewatch person create ana@lakeside.example --tenant lakeside --name "Ana Ruiz"
      comewatch person import ana.zip --address ana@lakeside.example
    """
    from service.media.store import Store
    from service.portability.importing import Arrival, Export
    from service.records import KINDS

    settings = settings_of_this_shell()
    with open_database(settings) as database, Export(file) as export:
        export.check()
        whose = _whose(database, address)
        told = Arrival(database, KINDS, Store(settings), export, whose).take_in()
        _note(database, whose, "import_done", told.made.total())
    words = f"{told.made.total()} records made, {told.there.total()} were there, {told.files} files stored."
    say(vars(told), as_json, "\n".join([words, *told.refused]))


@click.command("forget")
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do it. Without this, only say what would go.")
@as_json
def forget_person(address: str, yes: bool, as_json: bool) -> None:
    """Forget the person at ADDRESS for good: records, words, files, ways in. It cannot be undone.

    Her lessons go with all that lies on them. Notes that she shared on others' lessons stay with those hosts, without her
    name. What is held for an incident must be released first. See docs/data-map.md. Who has left and has no address any
    more is named by tenant and id, which the app shows: riverbend/3f2a...

    \b
    Examples:
      comewatch person forget ana@riverbend.example
      comewatch person forget ana@riverbend.example --yes
    """
    from service.media.store import Store
    from service.portability import forgetting
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    settings = settings_of_this_shell()
    with open_database(settings) as database:
        whose = _whose(database, address)
        door = Door(KINDS)
        if not yes:
            kinds = Counter(kind for kind, _ in forgetting.would_go(database, door, whose))
            words = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "no records"
            say(dict(kinds), as_json, f"Would go: {words}, and every way in. Nothing was done; add --yes.")
            return
        gone = forgetting.forget(database, door, Store(settings), whose, system_now())
    say(
        {"records": gone.records, "media": gone.media},
        as_json,
        f"Forgotten: {gone.records} records, {gone.media} of them with files.",
    )


def _note(database: Database, whose: tuple[UUID, str], act: str, count: int) -> None:
    from service.audit import note
    from sync.clock import system_now

    tenant_id, person_id = whose
    about: dict[str, str | int] = {"person_id": person_id, "by": "operator", "count": count}
    with database.begin(tenant_id) as connection:
        note(connection, tenant_id, None, act, about, system_now())


def _whose(database: Database, said: str) -> tuple[UUID, str]:
    """By her address; by tenant and id where she has none any more."""
    from sqlalchemy import select

    from service.accounts import directory
    from service.accounts.directory import DirectoryError
    from service.records.people import table as people

    slug, slash, person_id = said.partition("/")
    with database.begin_reference() as connection:
        if "@" in said or not slash:
            return directory.person_by_address(connection, said)
        tenant_id = directory.tenant_by_slug(connection, slug)
    hers = select(people.c.id).where(people.c.tenant_id == tenant_id, people.c.id == person_id)
    with database.begin(tenant_id) as connection:
        if connection.scalar(hers) is None:
            raise DirectoryError(f"Nobody in {slug} has the id {person_id}.")
    return tenant_id, person_id
