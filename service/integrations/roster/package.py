"""The zip of a roster: bounded before anything of it is read, and read only as a stream, never unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from service.integrations.roster.findings import Fault, Findings, RosterError

MOST_ZIPPED = 64 * 2**20
MOST_UNZIPPED = 2**30
MOST_FILES = 100
FILES = (
    "manifest.csv",
    "orgs.csv",
    "users.csv",
    "roles.csv",
    "classes.csv",
    "academicSessions.csv",
    "enrollments.csv",
)
"""The files that are read; all others of a roster are left alone, passwords and demographics among them."""
_BY_NAME = {name.lower(): name for name in FILES}
_ENCRYPTED = 0x1
_CLUTTER = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")


class Package:
    """The files of one roster, by their names in OneRoster."""

    def __init__(self, file: IO[bytes], findings: Findings) -> None:
        self._zip = _opened(file)
        self._files = _found(self._zip.infolist(), findings)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        """The bytes of a file; RosterError where the zip is damaged there."""
        try:
            with self._zip.open(self._files[name]) as stream:
                yield stream
        except (BadZipFile, zlib.error, EOFError) as fault:
            raise _unreadable(name, "The zip is damaged here: export it again.") from fault


def _opened(file: IO[bytes]) -> ZipFile:
    size = file.seek(0, 2)
    file.seek(0)
    if size > MOST_ZIPPED:
        raise _unreadable("zip", f"It has {size:,} bytes: at most {MOST_ZIPPED:,} are taken.")
    try:
        return ZipFile(file)
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        raise _unreadable("zip", "This is no zip file: send the zip with manifest.csv in it.") from None


def _found(entries: list[ZipInfo], findings: Findings) -> dict[str, ZipInfo]:
    _demand_bounds(entries)
    files: dict[str, ZipInfo] = {}
    for entry in entries:
        name = None if entry.is_dir() or _is_clutter(entry) else _name(entry, findings)
        if name is None:
            continue
        if name in files:
            raise _unreadable(name, "It is in the zip twice: keep one of them.")
        files[name] = entry
    if not files:
        raise _unreadable("zip", "None of OneRoster's files is in it: orgs.csv and users.csv are needed.")
    return files


def _demand_bounds(entries: list[ZipInfo]) -> None:
    """What a zip says of itself holds: more than it says is never read of any entry."""
    if len(entries) > MOST_FILES:
        raise _unreadable("zip", f"It holds {len(entries):,} files: at most {MOST_FILES} are taken.")
    if sum(entry.file_size for entry in entries) > MOST_UNZIPPED:
        raise _unreadable("zip", f"Unpacked it has more than {MOST_UNZIPPED:,} bytes: export it in parts.")
    for entry in entries:
        _demand_plain(entry)


def _demand_plain(entry: ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename or len(path.parts) > 5:
        raise _unreadable("zip", "A path in it leads out of the zip: pack the files alone.")
    if entry.flag_bits & _ENCRYPTED:
        raise _unreadable("zip", "It is encrypted: pack it without a password.")
    if path.suffix.lower() in {".zip", ".gz", ".7z", ".rar", ".tar"}:
        raise _unreadable("zip", "There is an archive inside it: pack the CSV files themselves.")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _unreadable("zip", "It is packed in an unusual way: choose the plain zip (deflate).")


def _is_clutter(entry: ZipInfo) -> bool:
    return any(part.lower() in _CLUTTER for part in PurePosixPath(entry.filename).parts)


def _name(entry: ZipInfo, findings: Findings) -> str | None:
    """The file's name in OneRoster; None for one that is not read."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    name = _BY_NAME.get(path.name.lower())
    if name and path.name != name:
        findings.repair(name, "read though its name is written otherwise")
    if name and len(path.parts) > 1:
        findings.repair(name, "read though it lies in a folder")
    return name


def _unreadable(file: str, said: str) -> RosterError:
    return RosterError(Fault(file, 0, "", said))
