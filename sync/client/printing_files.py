"""How far files are, in words: a bar that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from sync.client.files import MIB
from sync.client.uploads import Stage, Upload

BAR = 24
STEP = 0.1
"""Of a file, between two plain lines."""
STAGES = {
    Stage.WAITING: "waits",
    Stage.SENT: "sent, being checked",
    Stage.DONE: "done",
    Stage.ENDED: "NOT SENT",
}


def print_uploads(uploads: Iterable[Upload]) -> None:
    """One line for each file; a second one tells what hinders it."""
    for one in uploads:
        wifi = ", for Wi-Fi only" if one.wifi_only and one.stage is Stage.WAITING else ""
        click.echo(f"{one.media_id}  {one.path.name}  {_amount(one)}  {STAGES[one.stage]}{wifi}")
        if one.reason:
            click.echo(f"  {one.reason}: {one.detail or ''}".rstrip(" :"))


def teller(terminal: bool) -> Callable[[Upload], None]:
    """What is told of a file on its way."""
    return _Bar() if terminal else _Lines()


class _Bar:
    """One line that is written over, and kept once a file is through."""

    def __call__(self, upload: Upload) -> None:
        filled = round(BAR * upload.fraction)
        bar = "█" * filled + "░" * (BAR - filled)
        moving = upload.stage is Stage.WAITING and not upload.reason
        end = "" if moving else f"  {STAGES[upload.stage]}\n"
        click.echo(f"\r\x1b[K{upload.path.name}  {bar}  {_amount(upload)}{end}", nl=False)


class _Lines:
    """A line for each tenth of a file, and one when it is through."""

    def __init__(self) -> None:
        self._told: tuple[str, int] = ("", 0)

    def __call__(self, upload: Upload) -> None:
        moving = upload.stage is Stage.WAITING and not upload.reason
        now = (upload.media_id, int(upload.fraction / STEP))
        if not moving:
            click.echo(f"{upload.path.name}: {STAGES[upload.stage]}")
        elif now != self._told and now[1]:
            click.echo(f"{upload.path.name}: {_amount(upload)}")
        self._told = now


def _amount(upload: Upload) -> str:
    return f"{100 * upload.fraction:.0f} % of {upload.size / MIB:,.1f} MiB"
