"""`comewatch-client`: the phone on the command line. Everything but sign-in, sync, upload and --check works without network."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import click
import orjson

from sync.client import cli_arrival, cli_files
from sync.client.client import Client
from sync.client.errors import ClientError
from sync.client.printing import (
    as_document,
    print_comparisons,
    print_counts,
    print_json,
    print_queue,
    print_record,
    print_records,
    print_refused,
    print_report,
)
from sync.client.reports import SyncReport

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class Commands(click.Group):
    """A group whose faults are one line for a person."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (ClientError, OSError, sqlite3.Error) as fault:
            raise click.ClickException(str(fault)) from fault


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="COMEWATCH_CLIENT_HOME",
    default=lambda: Path(click.get_app_dir("comewatch-client")),
    help="Where this phone keeps its records (or COMEWATCH_CLIENT_HOME).",
)
@click.option(
    "--server",
    envvar="COMEWATCH_SERVER",
    help="The server's URL; remembered after sign-in (or COMEWATCH_SERVER).",
)
@click.version_option(package_name="comewatch")
@click.pass_context
def main(ctx: click.Context, home: Path, server: str | None) -> None:
    """Come Watch without a phone: read and write offline, sync when there is a network.

    \b
    comewatch-client --server https://school.example sign-in K7PM-QX2D
    comewatch-client sync
    comewatch-client list invitations --where state=open
    comewatch-client put notes visit_id=... note_kind=noticing text="Four tables argue."
    comewatch-client sync
    comewatch-client attach lesson.mp4 --visit ... --consent families_agreed --wifi-only
    comewatch-client upload
    """
    ctx.obj = ctx.with_resource(Client(home, server))


@main.command("sign-in")
@click.argument("code", required=False)
@click.option(
    "--school", metavar="ADDRESS", help="Without a code: at your school's own sign-in, in a browser."
)
@click.option("--mail", metavar="ADDRESS", help="Without a code: by a link that is mailed to this address.")
@click.option("--name", default="", help="What this device is called in the list of your devices.")
@click.pass_obj
def sign_in(client: Client, code: str | None, school: str | None, mail: str | None, name: str) -> None:
    """Sign in with the CODE that you were given, at your school, or by a link in a mail.

    \b
    comewatch-client --server https://school.example sign-in K7PM-QX2D --name "Staff room laptop"
    comewatch-client --server https://school.example sign-in --school ana@school.example
    comewatch-client --server https://school.example sign-in --mail ana@school.example
    """
    if [code, school, mail].count(None) != 2:
        raise click.UsageError("Say one of CODE, --school and --mail.")
    if school is not None:
        person = cli_arrival.at_school(client, school, name)
    elif mail is not None:
        person = cli_arrival.by_mail(client, mail, name)
    else:
        person = client.sign_in(code or "", name)
    click.echo(f"Signed in as {person}. Now: comewatch-client sync")


@main.command("sign-out")
@click.option("--discard-unsent", is_flag=True, help="Also when changes were never sent: they are gone then.")
@click.pass_obj
def sign_out(client: Client, discard_unsent: bool) -> None:
    """End the session and erase your records from this device."""
    client.sign_out(discard_unsent=discard_unsent)
    click.echo("Signed out. Your records were erased here.")


@main.command()
@as_json
@click.pass_obj
def sync(client: Client, as_json: bool) -> None:
    """Send what was typed here, and read what is new.

    \b
    comewatch-client sync
    comewatch-client sync --json | jq .pending
    """
    report = client.sync(_quiet if as_json or not sys.stderr.isatty() else _tell)
    if as_json:
        print_json(as_document(report))
    else:
        print_report(report)


def _quiet(report: SyncReport) -> None:
    pass


def _tell(report: SyncReport) -> None:
    click.echo(f"\r{report.pushed:,} sent, {report.pulled:,} read ...\r", nl=False, err=True)


@main.command("list")
@click.argument("collection", required=False)
@click.option(
    "--where", multiple=True, metavar="FIELD=VALUE", help="Only records with this value; may be repeated."
)
@as_json
@click.pass_obj
def list_(client: Client, collection: str | None, where: tuple[str, ...], as_json: bool) -> None:
    """List the records of a COLLECTION, or the collections.

    \b
    comewatch-client list
    comewatch-client list notes --where visit_id=visit-0001 --where state=draft --json
    """
    if collection is None:
        counts = client.collections()
        print_json(counts) if as_json else print_counts(counts)
        return
    records = client.list(collection, parse(where))
    print_json(records) if as_json else print_records(records)


@main.command()
@click.argument("collection")
@click.argument("record_id", metavar="ID")
@as_json
@click.pass_obj
def show(client: Client, collection: str, record_id: str, as_json: bool) -> None:
    """Show one record whole.

    \b
    comewatch-client show notes 0b8a7f3e-6f7e-4d55-9f0a-3a5c0f1f6a11
    """
    record = client.get(collection, record_id)
    if record is None:
        raise click.ClickException(f"There is no {record_id} in {collection}.")
    print_json(record) if as_json else print_record(record, client.standing(collection, record_id))


@main.command()
@click.argument("collection")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@click.option(
    "--id", "record_id", help="The record to change, or the id of a new one; without it a new id is made."
)
@as_json
@click.pass_obj
def put(
    client: Client, collection: str, fields: tuple[str, ...], record_id: str | None, as_json: bool
) -> None:
    """Make a record or change fields of one; saved here at once, sent with the next sync.

    FIELD=VALUE is text; FIELD:=VALUE is JSON: numbers, true, null, lists.

    \b
    comewatch-client put notes visit_id=visit-0001 note_kind=quote text="Why not?" at_ms:=754000
    comewatch-client put invitations --id invitation-0001 seats:=3 place:=null
    """
    record_id = client.put(collection, record_id, parse(fields))
    print_json({"collection": collection, "id": record_id}) if as_json else click.echo(record_id)


@main.command()
@click.argument("collection")
@click.argument("record_id", metavar="ID")
@click.pass_obj
def delete(client: Client, collection: str, record_id: str) -> None:
    """Delete a record: hidden here at once, deleted for others with the next sync.

    \b
    comewatch-client delete notes 0b8a7f3e-6f7e-4d55-9f0a-3a5c0f1f6a11
    """
    if not client.delete(collection, record_id):
        raise click.ClickException(f"There is no {record_id} in {collection}.")
    click.echo("Deleted here; sent with the next sync.")


@main.command()
@click.option("--forget", metavar="OP_ID", help="Throw one of them away.")
@as_json
@click.pass_obj
def refused(client: Client, forget: str | None, as_json: bool) -> None:
    """What the server did not accept, with the reason and every word of it.

    \b
    comewatch-client refused
    comewatch-client refused --forget 7c6f0d52-9a0e-4a1c-8d3e-2f1b7a4c9e10
    """
    if forget is not None and not client.forget(forget):
        raise click.ClickException(f"There is no refused change {forget}.")
    kept = client.refused()
    print_json([as_document(one) for one in kept]) if as_json else print_refused(kept)


@main.command()
@click.option("--check", is_flag=True, help="Compare each collection with the server's (needs the network).")
@as_json
@click.pass_obj
def status(client: Client, check: bool, as_json: bool) -> None:
    """Who is signed in, what waits, and whether this device holds what it should.

    \b
    comewatch-client status --check
    """
    about = {
        "person": client.person_id,
        "device": client.device_id,
        "server": client.server,
        "home": str(client.home),
    }
    if client.person_id is None:
        print_json(about) if as_json else click.echo("Nobody is signed in on this device.")
        return
    comparisons = client.digest_check() if check else []
    if as_json:
        lists = {"queue": client.queue(), "refused": client.refused(), "comparisons": comparisons}
        print_json(about | {name: [as_document(one) for one in each] for name, each in lists.items()})
    else:
        for name, value in about.items():
            click.echo(f"{name:<8} {value}")
        click.echo(f"{client.pending()} to send, {len(client.refused())} not accepted.")
        print_queue(client.queue())
        print_comparisons(comparisons)
    if not all(one.equal for one in comparisons):
        click.get_current_context().exit(3)


@main.command()
@click.option("--collection", multiple=True, help="Only this collection; may be repeated.")
@click.option("--lines", is_flag=True, help="One JSON object a line instead of one document.")
@click.argument("file", type=click.File("wb", atomic=True), default="-")
@click.pass_obj
def export(client: Client, collection: tuple[str, ...], lines: bool, file: IO[bytes]) -> None:
    """Write everything that this device holds to FILE (standard output by default), unsent typing included.

    \b
    comewatch-client export mine.json
    comewatch-client export --lines --collection notes | grep noticing
    """
    names = collection or tuple(client.collections())
    if not lines:
        document = {
            "records": {name: client.list(name) for name in names},
            "refused": [as_document(one) for one in client.refused()],
        }
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    for name in names:
        for record in client.list(name):
            file.write(orjson.dumps({"collection": name, "record": record}, option=orjson.OPT_APPEND_NEWLINE))
    for one in client.refused():
        file.write(orjson.dumps({"refused": as_document(one)}, option=orjson.OPT_APPEND_NEWLINE))


def parse(pairs: tuple[str, ...]) -> Mapping[str, Any]:
    """`name=text` and `name:=JSON` as fields; UsageError for anything else."""
    fields: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.rstrip(":"):
            raise click.UsageError(f"{pair!r} is not FIELD=VALUE.")
        try:
            fields[name.removesuffix(":")] = orjson.loads(value) if name.endswith(":") else value
        except orjson.JSONDecodeError:
            raise click.UsageError(f"{pair!r}: what follows := must be JSON.") from None
    return fields


for _command in (cli_files.attach, cli_files.uploads, cli_files.upload):
    main.add_command(_command)


if __name__ == "__main__":
    main()
