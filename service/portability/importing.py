"""A person's export taken in elsewhere: her records with their words, times and makers, her media, whoever is named in them.

Records go through the one door, each as of the moment in which it was made. Said again, nothing is made twice. What is
there already under the same id is left as it is. What a server alone writes (`conflicts`, `rejected_writes`,
`read_events`) is hers to read in the file and is not written into another history; nor are powers (`role_grants`, `pauses`).
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import orjson
from sqlalchemy import Connection, select

from schemas.base import SERVER_OWNED
from schemas.fields import ID_PATTERN
from schemas.records.seats import seat_id
from service.database import Database
from service.media.record import prefix
from service.media.store import Store
from service.portability import ExportError
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
TEACHER = "teacher"
_OF_MEDIA = re.compile(r"media(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
NOT_TAKEN = frozenset({"conflicts", "rejected_writes", "read_events", "role_grants", "pauses"})


@dataclass
class TakenIn:
    """What became of an export: numbers of records by kind, and each refusal in words."""

    made: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    files: int = 0
    refused: list[str] = field(default_factory=list)


class Export:
    """A file that `exporting.export` wrote, held against its own list before anything of it is used."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._zip = ZipFile(path)
        except (BadZipFile, OSError, ValueError, NotImplementedError) as fault:
            raise ExportError(f"{self._name} is no zip that can be read: {fault}") from fault
        manifest = self._json(MANIFEST)
        try:
            known = (manifest["format"], manifest["version"]) == (FORMAT, VERSION)
            self.files: Mapping[str, tuple[int, str]] = {
                name: (said["bytes"], said["sha256"]) for name, said in manifest["files"].items()
            }
            self.person_id = str(manifest["person_id"])
        except (KeyError, TypeError, AttributeError) as fault:
            self._zip.close()
            raise ExportError(
                f"{self._name} is no export of a person: its list is of another form."
            ) from fault
        if not known:
            self._zip.close()
            raise ExportError(f"{self._name} was not written by this version of Come Watch: export it anew.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._zip.close()

    def check(self) -> None:
        """Raise ExportError unless every file is there as the list says."""
        for name, listed in self.files.items():
            self._demand_plain(name)
            size, checksum = 0, hashlib.sha256()
            for piece in self.pieces(name):
                size += len(piece)
                checksum.update(piece)
                if size > listed[0]:
                    break
            if (size, checksum.hexdigest()) != listed:
                raise ExportError(f"{name} was changed since it was exported, or was damaged on its way.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one file."""
        try:
            with self._zip.open(name) as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (KeyError, BadZipFile, OSError, EOFError, RuntimeError, zlib.error) as fault:
            raise ExportError(f"{name} is missing, or cannot be read: {fault}") from fault

    def records(self, place: str, kind: str) -> list[Record]:
        """The records of one kind; none where it has no file."""
        name = f"{place}/{kind}.json"
        found = self._json(name) if name in self.files else []
        try:
            for record in found:
                _ = str(record["created_by"]), moment(record["created_at"])
                if not re.fullmatch(ID_PATTERN, record["id"]):
                    raise ValueError("an id is 8 to 64 letters, digits, - or _")
        except (KeyError, TypeError, ValueError) as fault:
            raise ExportError(f"{name} holds what is no record: {fault}") from fault
        return list(found)

    def of_media(self, media_id: str) -> Iterator[tuple[str, str]]:
        """(name in the export, rendition) of each file of a recording or photo."""
        below = f"media/{media_id}/"
        return ((name, name.removeprefix(below)) for name in sorted(self.files) if name.startswith(below))

    def _demand_plain(self, name: str) -> None:
        """Files of media lie in an export as they are, and lead nowhere else: few bytes become no full disk."""
        if not name.startswith("media/"):
            return
        entry = self._zip.NameToInfo.get(name)
        packed = entry is not None and entry.compress_type != ZIP_STORED
        if packed or not _OF_MEDIA.fullmatch(name):
            raise ExportError(f"{name} is no file that an export has.")

    def _json(self, name: str) -> Any:
        content = bytearray()
        for piece in self.pieces(name):
            content += piece
            if len(content) > LARGEST_LIST:
                raise ExportError(f"{name} is larger than {LARGEST_LIST >> 20} MiB.")
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as fault:
            raise ExportError(f"{name} is no JSON: {fault}") from fault


class Arrival:
    """One export on its way into one tenant, as the person `becomes` (her id here)."""

    def __init__(
        self, database: Database, kinds: Kinds, store: Store, export: Export, where: tuple[UUID, str]
    ) -> None:
        self.database, self.kinds, self.store, self.export = database, kinds, store, export
        self.tenant_id, self.becomes = where
        self.told = TakenIn()

    def take_in(self) -> TakenIn:
        """All of it, parents first."""
        for name in self.kinds:
            for place in ("around", "records") if name not in NOT_TAKEN else ():
                records = [self._renamed(name, record) for record in self.export.records(place, name)]
                for start in range(0, len(records), BATCH):
                    self._put(name, records[start : start + BATCH])
        return self.told

    def _put(self, kind: str, records: Sequence[Record]) -> None:
        """Those that are not here yet; the files of media first, so that no record claims one that is not there."""
        with self.database.begin(self.tenant_id) as connection:
            there = self._there(connection, kind, [record["id"] for record in records])
        new = [record for record in records if record["id"] not in there]
        self.told.there[kind] += len(there)
        if kind == "media":
            for record in new:
                self._put_files(record["id"])
        with self.database.begin(self.tenant_id) as connection:
            for record in new:
                self._push(connection, kind, record)

    def _push(self, connection: Connection, kind: str, record: Record) -> None:
        """As its maker, at the time it was made, with the service's own leave."""
        maker = Actor(self.tenant_id, record["created_by"], "import", frozenset({SYSTEM}))
        door = Door(self.kinds, lambda: moment(record["created_at"]))
        said = {name: value for name, value in record.items() if name not in (*SERVER_OWNED, "id")}
        if kind == "people":
            # what she is, as a studio is led by a teacher; powers are given here, by people, not brought along
            said |= {"roles": [role for role in said["roles"] or () if role == TEACHER], "evaluator_ids": []}
        change = Change(f"import-{kind}-{record['id']}", kind, record["id"], said)
        (outcome,) = door.push(connection, maker, [change])
        if outcome.status in (Status.APPLIED, Status.MERGED):
            self.told.made[kind] += 1
        else:
            why = (outcome.problem or {}).get("detail") or outcome.status.value
            self.told.refused.append(f"{kind} {record['id']}: {why}")

    def _there(self, connection: Connection, kind: str, ids: Sequence[str]) -> set[str]:
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

    def _put_files(self, media_id: str) -> None:
        for name, rendition in self.export.of_media(media_id):
            with tempfile.NamedTemporaryFile() as file:
                for piece in self.export.pieces(name):
                    file.write(piece)
                file.flush()
                self.store.put_file(prefix(self.tenant_id, media_id) + rendition, Path(file.name), STORED_AS)
            self.told.files += 1


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, list):
        return [new if one == old else one for one in value]
    return new if value == old else value
