"""The commands that send files: attach one without network, send what waits when there is one, see how far each is."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from schemas.records.media import CONSENT_BASES
from sync.client.client import Client
from sync.client.printing import as_document, print_json
from sync.client.printing_files import print_uploads, teller
from sync.client.uploads import Stage, Upload

FAILED = 4
LOOK_EVERY_S = 0.5


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--visit", required=True, metavar="ID", help="The visit that it belongs to.")
@click.option(
    "--note", metavar="ID", help="A note of yours that it belongs to: it is seen by whoever sees the note."
)
@click.option("--consent", required=True, type=click.Choice(CONSENT_BASES), help="Why this may be recorded.")
@click.option(
    "--wifi-only", is_flag=True, help="Do not send it over a network that costs money (upload --metered)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_obj
def attach(
    client: Client, file: Path, visit: str, note: str | None, consent: str, wifi_only: bool, as_json: bool
) -> None:
    """Have FILE, a photo or a recording, sent with the next upload. Needs no network; the file stays where it is.

    \b
    comewatch-client attach board.jpg --visit visit-0001 --note note-0001 --consent nobody_shown
    comewatch-client attach lesson.mp4 --visit visit-0001 --consent families_agreed --wifi-only
    """
    fields = {"visit_id": visit, "note_id": note, "consent_basis": consent}
    said = {name: value for name, value in fields.items() if value is not None}
    media_id = client.attach(file, said, wifi_only=wifi_only)
    print_json({"collection": "media", "id": media_id}) if as_json else click.echo(media_id)


@click.command()
@click.option("--forget", metavar="ID", help="Take one out of the list; its record stays.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_obj
def uploads(client: Client, forget: str | None, as_json: bool) -> None:
    """The files that were attached here, how far each is, and why one was not taken.

    \b
    comewatch-client uploads
    comewatch-client uploads --json | jq '.[] | select(.stage == "ended")'
    comewatch-client uploads --forget 0b8a7f3e-6f7e-4d55-9f0a-3a5c0f1f6a11
    """
    if forget is not None and not client.forget_upload(forget):
        raise click.ClickException(f"There is no file {forget} in the list.")
    found = client.uploads()
    print_json([as_document(one) | {"path": str(one.path)} for one in found]) if as_json else print_uploads(
        found
    )


@click.command()
@click.option("--metered", is_flag=True, help="This network costs money: files that want Wi-Fi wait.")
@click.option("--watch", is_flag=True, help="Go on until interrupted, and send what is attached meanwhile.")
@click.pass_context
def upload(ctx: click.Context, metered: bool, watch: bool) -> None:
    """Sync, then send the files that wait. Stopped at any moment, it goes on the next time where it was.

    \b
    comewatch-client upload
    comewatch-client upload --metered
    comewatch-client upload --watch
    """
    client: Client = ctx.obj
    tell = teller(sys.stdout.isatty())
    if watch:
        _watch(client, metered)
        return
    before = {one.media_id for one in client.uploads() if one.stage is Stage.ENDED}
    found = client.upload(tell, on_wifi=not metered)
    print_uploads([one for one in found if one.stage is not Stage.DONE and one.media_id not in before])
    if any(_is_new_failure(one, before) for one in found):
        ctx.exit(FAILED)


def _is_new_failure(one: Upload, before: set[str]) -> bool:
    return one.stage is Stage.ENDED and one.media_id not in before


def _watch(client: Client, metered: bool) -> None:
    """Send in a thread of its own, and say each new trouble once, until ctrl-C."""
    told: str | None = None
    with client.uploading(teller(sys.stdout.isatty()), on_wifi=lambda: not metered) as uploading:
        try:
            while not uploading.join(LOOK_EVERY_S):
                if uploading.trouble and uploading.trouble != told:
                    click.echo(uploading.trouble, err=True)
                told = uploading.trouble
        except KeyboardInterrupt:
            click.echo("Stopped. What has arrived stays there; upload sends the rest.")
            return
    raise click.ClickException(uploading.trouble or "The upload has ended.")
