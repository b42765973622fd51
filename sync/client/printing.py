"""What the command line says: lines for a person, or one JSON document for a program."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
import orjson

from sync.changes import Record
from sync.client.outbox import Queued, RefusedChange, Standing
from sync.client.reports import Comparison, SyncReport

STANDINGS = {
    Standing.TO_SEND: "to send",
    Standing.SENT: "sent, not answered",
    Standing.HELD: "waits for its parent",
}


def print_json(document: object) -> None:
    """One JSON document, for programs."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def print_record(record: Record, standing: Standing | None) -> None:
    """Every field of a record that says something, one a line."""
    said = {name: value for name, value in record.items() if value is not None}
    width = max(map(len, said))
    for name, value in said.items():
        click.echo(f"{name:<{width}}  {plain(value)}")
    if standing:
        click.echo(f"({STANDINGS[standing]})")


def print_records(records: Sequence[Record]) -> None:
    """One line for each record, cut to the width of the terminal."""
    width = shutil.get_terminal_size((110, 24)).columns
    for record in records:
        said = (
            f"{name}={plain(value)}" for name, value in record.items() if name != "id" and value is not None
        )
        click.echo(shortened(f"{record['id']}  {'  '.join(said)}", width))


def print_counts(counts: Mapping[str, int]) -> None:
    """How many records each collection shows."""
    for name, count in counts.items():
        click.echo(f"{count:>8,}  {name}")


def print_report(report: SyncReport) -> None:
    """What a sync did, in words; then each change that was not taken as it was typed."""
    click.echo(f"{report.pushed} sent, {report.pulled} read.")
    told = {
        "merged with others' edits": report.merged,
        "waiting for a parent": report.held,
        "not accepted": report.rejected,
    }
    for words, count in told.items():
        if count:
            click.echo(f"{count} {words}.")
    for notice in report.notices:
        click.echo(f"! {notice.collection} {notice.id}: {notice.slug}. {notice.detail}".rstrip())


def print_queue(queue: Iterable[Queued]) -> None:
    """The changes that wait."""
    for change in queue:
        click.echo(f"  {change.collection} {change.id}  {STANDINGS[change.standing]}  {_typed(change)}")


def print_refused(refused: Iterable[RefusedChange]) -> None:
    """What the server did not take, why, and every word of it."""
    for one in refused:
        click.echo(f"{one.op_id}  {one.collection} {one.id}  {one.at}")
        click.echo(f"  {one.slug}: {one.problem.get('detail') or one.problem.get('title') or ''}".rstrip())
        click.echo(f"  {_typed(one)}")


def print_comparisons(comparisons: Iterable[Comparison]) -> None:
    """Each collection here and on the server."""
    for one in comparisons:
        told = "equal" if one.equal else f"DIFFERS: {one.here[0]} here, {one.there[0]} there"
        click.echo(f"  {one.collection:<20} {told}")


def as_document(thing: Any) -> Any:
    """A dataclass of this package as JSON values."""
    return asdict(thing)


def _typed(change: Queued | RefusedChange) -> str:
    return (
        "deleted"
        if change.deleted
        else "  ".join(f"{name}={plain(value)}" for name, value in change.fields.items())
    )


def plain(value: object) -> str:
    """A value on one line."""
    return value.replace("\n", " ⏎ ") if isinstance(value, str) else orjson.dumps(value).decode()


def shortened(text: str, width: int) -> str:
    """The text, or its beginning where it is longer than `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"
