"""A person's export taken in elsewhere: her records with their words, times and makers, her media, whoever is named in them.

Records go through the one door, each as of the moment in which it was made. Said again, nothing is made twice. What is
there already under the same id is left as it is. What a server alone writes (`conflicts`, `rejected_writes`,
`read_events`) is hers to read in the file and is not written into another history; nor are powers (`role_grants`, `pauses`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import orjson
from sqlalchemy import Connection, select

from schemas.base import SERVER_OWNED
from schemas.records.seats import seat_id
from service.database import Database
from service.media.record import prefix
from service.media.store import Store
from service.portability.exporting import FORMAT, MANIFEST, VERSION
from sync.changes import Change, Record, Status
from sync.clock import moment
from sync.server.actor import SYSTEM, Actor
from sync.server.kind import Kinds
from sync.server.push import Door
from sync.server.tables import document

LARGEST_LIST = 256 << 20
"""Bytes of one JSON file, unpacked."""
CHUNK = 1 << 20
STORED_AS = "application/octet-stream"
"""Whatever it is: whoever fetches it is given the true type by its address."""
BATCH = 200
NOT_TAKEN = frozenset({"conflicts", "rejected_writes", "read_events", "role_grants", "pauses"})


class ExportError(Exception):
    """This is no export that can be taken in: one line that says why."""


@dataclass
class TakenIn:
    """What became of an export: numbers of records by kind, and each refusal in words."""

    made: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    files: int = 0
    refused: list[str] = field(default_factory=list)


class Export:
    """A file that `exporting.export` wrote, held against its own list before anything of it is used."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = ZipFile(path)
            self.manifest: dict[str, Any] = orjson.loads(self._read(MANIFEST, LARGEST_LIST))
            known = self.manifest["format"] == FORMAT and self.manifest["version"] == VERSION
            self.files: Mapping[str, Mapping[str, Any]] = dict(self.manifest["files"])
            self.person_id = str(self.manifest["person_id"])
        except (BadZipFile, OSError, KeyError, TypeError, orjson.JSONDecodeError) as fault:
            raise ExportError(f"{path.name} is no export of a person: {fault}") from fault
        if not known:
            raise ExportError(f"{path.name} was written by a newer version of Come Watch than this one.")

    def check(self) -> None:
        """Raise ExportError unless every file is there as the list says."""
        for name, said in self.files.items():
            size, checksum = 0, hashlib.sha256()
            for piece in self.pieces(name):
                size += len(piece)
                checksum.update(piece)
                if size > said["bytes"]:
                    break
            if size != said["bytes"] or checksum.hexdigest() != said["sha256"]:
                raise ExportError(f"{name} was changed since it was exported, or was damaged on its way.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one file."""
        try:
            with self._zip.open(name) as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (KeyError, BadZipFile, OSError) as fault:
            raise ExportError(f"{name} is missing, or cannot be read: {fault}") from fault

    def records(self, place: str, kind: str) -> list[Record]:
        """The records of one kind; none where it has no file."""
        name = f"{place}/{kind}.json"
        found: list[Record] = orjson.loads(self._read(name, LARGEST_LIST)) if name in self.files else []
        return found

    def below(self, place: str) -> list[str]:
        """The names of files in a folder."""
        return sorted(name for name in self.files if name.startswith(f"{place}/"))

    def _read(self, name: str, most: int) -> bytes:
        if self._zip.getinfo(name).file_size > most:
            raise ExportError(f"{name} is larger than {most >> 20} MiB.")
        return self._zip.read(name)


class Arrival:
    """One export on its way into one tenant, as the person `becomes` (her id here)."""

    def __init__(
        self, database: Database, kinds: Kinds, store: Store, export: Export, where: tuple[UUID, str]
    ) -> None:
        self.database, self.kinds, self.store, self.export = database, kinds, store, export
        self.tenant_id, self.becomes = where
        self.told = TakenIn()

    def take_in(self) -> TakenIn:
        """All of it: files first, so that no record ever claims one that is not there."""
        self._put_files()
        for name in self.kinds:
            if name in NOT_TAKEN:
                continue
            for place in ("around", "records"):
                self._put(name, self.export.records(place, name))
        return self.told

    def _put(self, kind: str, records: Iterable[Record]) -> None:
        renamed = [self._renamed(kind, record) for record in records]
        for start in range(0, len(renamed), BATCH):
            some = renamed[start : start + BATCH]
            with self.database.begin(self.tenant_id) as connection:
                there = self._there(connection, kind, [record["id"] for record in some])
                self._count(self.told.there, kind, len(there))
                for record in some:
                    if record["id"] not in there:
                        self._push(connection, kind, record)

    def _push(self, connection: Connection, kind: str, record: Record) -> None:
        """As its maker, at the time it was made, with the service's own leave."""
        maker = Actor(self.tenant_id, record["created_by"], "import", frozenset({SYSTEM}))
        door = Door(self.kinds, lambda: moment(record["created_at"]))
        said = {name: value for name, value in record.items() if name not in (*SERVER_OWNED, "id")}
        if kind == "people":
            said |= {"roles": [], "evaluator_ids": []}  # powers are given here, by people, not brought along
        change = Change(f"import-{kind}-{record['id']}", kind, record["id"], said)
        (outcome,) = door.push(connection, maker, [change])
        if outcome.status in (Status.APPLIED, Status.MERGED):
            self._count(self.told.made, kind, 1)
        else:
            why = (outcome.problem or {}).get("detail") or outcome.status.value
            self.told.refused.append(f"{kind} {record['id']}: {why}")

    def _there(self, connection: Connection, kind: str, ids: list[str]) -> set[str]:
        found = select(document.c.record_id).where(
            document.c.tenant_id == self.tenant_id,
            document.c.collection == kind,
            document.c.record_id.in_(ids),
        )
        return set(connection.execute(found).scalars())

    def _renamed(self, kind: str, record: Record) -> Record:
        """The record with her id here in place of the one that she had there."""
        old, new = self.export.person_id, self.becomes
        said = {name: _replaced(value, old, new) for name, value in record.items()}
        if kind == "seats":  # a seat's id says whose it is
            said["id"] = seat_id(said["invitation_id"], said["person_id"])
        return said

    def _put_files(self) -> None:
        for name in self.export.below("media"):
            _, media_id, rendition = name.split("/", 2)
            with tempfile.NamedTemporaryFile() as file:
                for piece in self.export.pieces(name):
                    file.write(piece)
                file.flush()
                self.store.put_file(prefix(self.tenant_id, media_id) + rendition, Path(file.name), STORED_AS)
            self.told.files += 1

    @staticmethod
    def _count(where: dict[str, int], kind: str, number: int) -> None:
        if number:
            where[kind] = where.get(kind, 0) + number


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, list):
        return [new if one == old else one for one in value]
    return new if value == old else value
