"""Everything of a person's as one zip: her records as JSON, her media, her notes as WebVTT, and a list with checksums.

manifest.json              what this is, and each file's size and SHA-256
records/<kind>.json        hers, as the API gives them
around/<kind>.json         what hers names and she may see: so that it can be read, and taken in elsewhere
media/<id>/<rendition>     the files of her recordings and photos, as they are shown
notes/<visit id>.vtt       the notes of each visit, as a text track that can be imported without loss
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Self
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson

from service.database import Database
from service.insights import timelines
from service.media.record import READY, prefix
from service.media.store import AbsentError, Store
from service.portability.belongings import Belongings
from sync.changes import Record
from sync.clock import stamp
from sync.server.kind import Kinds

FORMAT, VERSION = "comewatch-export", 1
MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Archive:
    """A zip that keeps books of what is in it; one that could not be written to its end is not left lying."""

    def __init__(self, path: Path) -> None:
        self._path, self._zip, self.files = path, ZipFile(path, "w"), dict[str, dict[str, Any]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        self._zip.close()
        if kind is not None:
            self._path.unlink()

    def add(self, name: str, pieces: Iterable[bytes], compression: int = ZIP_DEFLATED) -> None:
        """Add one file, however large."""
        info = ZipInfo(name, _EPOCH)
        info.compress_type = compression
        size, checksum = 0, hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                checksum.update(piece)
                size += len(piece)
        self.files[name] = {"bytes": size, "sha256": checksum.hexdigest()}

    def list(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Write the list of what is in it, the last of its files; returns it."""
        manifest = {**about, "files": self.files}
        said = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
        self._zip.writestr(ZipInfo(MANIFEST, _EPOCH), said)
        return manifest


def export(
    database: Database, kinds: Kinds, store: Store, whose: tuple[UUID, str], path: Path, now: datetime
) -> dict[str, Any]:
    """Write everything of the person (tenant id, person id) to a zip at `path`; returns its manifest.

    The records are those of one moment. A file that the store does not have (any more) is named under `left_out`.
    """
    tenant_id, person_id = whose
    with database.begin(tenant_id) as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '60s'")
        belongings = Belongings(connection, kinds, tenant_id, person_id)
        hers = belongings.seen()
        around = belongings.around(hers)
    with Archive(path) as archive:
        for place, records in (("records", hers), ("around", around)):
            for name, some in records.items():
                archive.add(f"{place}/{name}.json", [orjson.dumps(some, option=orjson.OPT_INDENT_2)])
        for visit_id, notes in _by_visit(hers["notes"]).items():
            archive.add(f"notes/{visit_id}.vtt", [timelines.metadata(notes).encode()])
        about = {
            "format": FORMAT,
            "version": VERSION,
            "made_at": stamp(now),
            "person_id": person_id,
            "records": {name: len(some) for name, some in hers.items()},
            "left_out": _add_media(archive, store, tenant_id, hers["media"]),
        }
        return archive.list(about)


def _by_visit(notes: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for note in notes:
        found[note["visit_id"]].append(note)
    return found


def _add_media(archive: Archive, store: Store, tenant_id: UUID, media: Iterable[Record]) -> list[str]:
    """The files of what is ready; returns those that could not be had."""
    left_out = []
    for record in media:
        if record["state"] != READY or record["consent_withdrawn_at"]:
            continue
        for key in _keys(store, tenant_id, record["id"]):
            name = f"media/{key.removeprefix(f'{tenant_id}/')}"
            pieces = store.read(key)
            try:
                first = next(pieces, b"")
            except AbsentError:
                left_out.append(name)
            else:
                archive.add(name, chain([first], pieces), ZIP_STORED)
    return left_out


def _keys(store: Store, tenant_id: UUID, media_id: str) -> list[str]:
    below = prefix(tenant_id, media_id)
    found = [listed.key for page in store.pages(below) for listed in page]
    return [key for key in found if not key.endswith("/raw")]
