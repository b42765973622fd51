"""What must hold when all has come to rest: asked of the tables as their owner, and compared with what was told over the wire.

Numbers (design: one clock row per tenant): every number after the one at which the storm began was given
    to one write of a record     its creation (`fields["*"]` of the document; where that is deleted, the receipt's) or a
                                 later write (the history's number),
    to one block                 (base, base + len + 1] of a membership that changed, or
    to one place in a scope      an entry that moved without a write of its record (a refiling).
A number that was given to nothing is a gap; one given to two writes, or to a write and a block, was given twice.
Each write is an op's of somebody, but for the role grants, which follow the person that the office enrols: one for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from tests.chaos.site import Connection
from tests.chaos.wire import Acknowledged

Key = tuple[str, str]
SHOWN = 5
GRANTS = "role_grants"


@dataclass(frozen=True)
class Tables:
    """What the database holds of one tenant, in one snapshot."""

    clock: int
    documents: Mapping[Key, tuple[int, bool, Mapping[str, Any] | None]]
    notes: Mapping[str, tuple[str, str]]
    writes: Counter[int]
    granted: Mapping[int, str]
    blocks: Counter[int]
    places: frozenset[int]
    receipts: Mapping[str, Mapping[str, Any]]
    earlier: Mapping[Key, list[Mapping[str, Any]]]


@dataclass
class Broken:
    """What broke, as lines for a person; empty when everything held."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)

    def told(self) -> list[str]:
        """A line for each, the first few of a kind."""
        return [f"{name}: {line}" for name, lines in vars(self).items() for line in _first_few(lines)]


def read(connection: Connection, tenant_id: UUID) -> Tables:
    """All that the promises ask about."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

        def rows(columns: str, table: str) -> list[tuple[Any, ...]]:
            statement = f"SELECT {columns} FROM {table} WHERE tenant_id = %s"
            return connection.execute(statement.encode(), [tenant_id]).fetchall()

        documents = rows("collection, record_id, seq, deleted, body, fields", "sync_document")
        history = rows("collection, record_id, seq, body", "sync_history")
        members = rows("base, len", "sync_membership")
        receipts = {op_id: orjson.loads(outcome) for op_id, outcome in rows("op_id, outcome", "sync_receipt")}
        first = _first_receipts(receipts)
        created = [first[row[:2]] if row[3] else int(orjson.loads(row[5])["*"][0]) for row in documents]
        earlier: dict[Key, list[Mapping[str, Any]]] = {}
        for collection, record_id, _, body in sorted(history, key=lambda row: row[2]):
            earlier.setdefault((collection, record_id), []).append(orjson.loads(body or "{}"))
        return Tables(
            clock=rows("seq", "sync_clock")[0][0],
            documents={
                (c, i): (seq, gone, body and orjson.loads(body)) for c, i, seq, gone, body, _ in documents
            },
            notes={i: (words, state) for i, words, state in rows("id, text, state", "notes")},
            writes=Counter([*created, *(row[2] for row in history)]),
            granted=_granted([(row[0], seq, row[4]) for row, seq in zip(documents, created, strict=True)])
            | _granted([(name, seq, body) for name, _, seq, body in history]),
            blocks=Counter(n for base, length in members for n in range(base + 1, base + length + 2)),
            places=frozenset(row[0] for row in rows("seq", "sync_entry")),
            receipts=receipts,
            earlier=earlier,
        )


def _first_receipts(receipts: Mapping[str, Mapping[str, Any]]) -> dict[Key, int]:
    """The lowest number that each record was ever given."""
    found: dict[Key, int] = {}
    for said in receipts.values():
        if seq := int(said.get("seq") or 0):
            key = (said["collection"], said["id"])
            found[key] = min(seq, found.get(key, seq))
    return found


def _granted(writes: list[tuple[str, int, bytes | None]]) -> dict[int, str]:
    """Whose role each write of a grant is about, by its number."""
    return {
        seq: orjson.loads(body or "{}").get("person_id", "") for name, seq, body in writes if name == GRANTS
    }


def check(tables: Tables, acknowledged: Iterable[Acknowledged], since: int, debrief: Key) -> Broken:
    """Compare the tables with all that was acknowledged; `since` is where the clock stood before the storm."""
    broken, told = Broken(), list(acknowledged)
    broken.refused = [
        f"{one.op_id} of {one.phone} was {one.status}"
        for one in told
        if one.status not in ("applied", "merged")
    ]
    _stored(broken, tables, told, since)
    _in_the_chain(broken, tables, [one for one in told if (one.collection, one.id) == debrief], debrief)
    _once(broken, tables, told, since)
    _dense(broken, tables, since)
    return broken


def _stored(broken: Broken, tables: Tables, told: list[Acknowledged], since: int) -> None:
    """A phone's own notes stand as the last thing it said of them, in the document and in their table; and no others."""
    expected: dict[str, dict[str, Any] | None] = {}
    for one in told:
        if one.collection == "notes":
            expected[one.id] = None if one.deleted else {**(expected.get(one.id) or {}), **one.fields}
    for note_id, fields in expected.items():
        _, gone, body = tables.documents.get(("notes", note_id), (0, True, None))
        if fields is None:
            if not gone or note_id in tables.notes:
                broken.lost.append(f"note {note_id} was deleted and is still there")
        elif body is None or any(body.get(name) != value for name, value in fields.items()):
            broken.lost.append(f"note {note_id} should say {fields}; it says {body}")
        elif tables.notes.get(note_id) != (fields["text"], fields["state"]):
            broken.lost.append(f"note {note_id}: its table says {tables.notes.get(note_id)}")
    here = {
        i for (collection, i), (seq, *_) in tables.documents.items() if collection == "notes" and seq > since
    }
    broken.twice += [f"note {note_id} was typed by nobody" for note_id in sorted(here - expected.keys())]


def _in_the_chain(broken: Broken, tables: Tables, told: list[Acknowledged], debrief: Key) -> None:
    """What several phones write by turns: each acknowledged word stood there once, whoever wrote over it later."""
    versions = [*tables.earlier.get(debrief, []), tables.documents[debrief][2] or {}]
    words = [version.get("protocol") for version in versions]
    stood = Counter(word for word, before in zip(words, [None, *words], strict=False) if word != before)
    for one in told:
        word = one.fields.get("protocol")
        if word and not stood[word]:
            broken.lost.append(f"{word!r} never stood in the debrief")
        elif stood[word] > 1:
            broken.twice.append(f"{word!r} was written into the debrief {stood[word]} times")


def _once(broken: Broken, tables: Tables, told: list[Acknowledged], since: int) -> None:
    """Each op has its receipt, and each write of the storm belongs to exactly one."""
    broken.lost += [f"{one.op_id} has no receipt" for one in told if one.op_id not in tables.receipts]
    seqs = Counter(
        int(r.get("seq") or 0) for r in tables.receipts.values() if r["status"] in ("applied", "merged")
    )
    writes = [number for number in tables.writes if number > since]
    due = {n: 0 if n in tables.granted else 1 for n in writes}
    broken.twice += [f"number {n} was taken by {seqs[n]} ops" for n in writes if seqs[n] != due[n]]
    _follow(broken, tables, since)


def _follow(broken: Broken, tables: Tables, since: int) -> None:
    """Who was enrolled in the storm was granted her role once, and nobody else."""
    here = {i for (name, i), (seq, *_) in tables.documents.items() if name == "people" and seq > since}
    granted = Counter(person_id for number, person_id in tables.granted.items() if number > since)
    broken.lost += [f"{person_id} has no role" for person_id in sorted(here - granted.keys())]
    broken.twice += [
        f"{person_id} was granted {count} roles"
        for person_id, count in granted.items()
        if count > 1 or person_id not in here
    ]


def _dense(broken: Broken, tables: Tables, since: int) -> None:
    taken = tables.writes.keys() | tables.blocks.keys() | tables.places
    missing = [n for n in range(since + 1, tables.clock + 1) if n not in taken]
    broken.gaps += [f"number {n} was given to nothing" for n in missing]
    beyond = [n for n in taken if n > tables.clock]
    broken.gaps += [f"number {n} is beyond the clock at {tables.clock}" for n in beyond]
    both = tables.writes + tables.blocks
    broken.twice += [
        f"number {n} was given {count} times" for n, count in both.items() if n > since and count > 1
    ]


def _first_few(lines: list[str]) -> list[str]:
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return lines[:SHOWN] + more
