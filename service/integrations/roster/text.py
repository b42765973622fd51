"""The text of a file, however it was saved: UTF-8, UTF-16 or Windows-1252, lines ended as on any system."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import TextIOWrapper
from typing import IO

from service.integrations.roster.findings import Fault, Findings, RosterError

Opener = Callable[[], AbstractContextManager[IO[bytes]]]
LONGEST_LINE = 2**20
_PIECE = 2**18
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NAMES = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}


def encoding(open_: Opener, file: str, findings: Findings) -> str:
    """How the file was saved: by its first bytes, else UTF-8 unless some byte of it cannot be that."""
    with open_() as stream:
        start = stream.read(_PIECE)
        found = _marked(start) or ("utf-8" if _is_utf8(start, stream) else "cp1252")
    if found in _NAMES:
        findings.repair(file, f"read as {_NAMES[found]}: UTF-8 is what is asked for")
    return found


def _marked(start: bytes) -> str | None:
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    head = start[:100]
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) // 4 else None


def _is_utf8(piece: bytes, stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece:
            decoder.decode(piece)
            piece = stream.read(_PIECE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def lines(stream: IO[bytes], encoding: str, file: str) -> Iterator[str]:
    """The lines with their ends; RosterError for one without an end in sight."""
    text = TextIOWrapper(stream, encoding, errors="replace", newline="")
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise RosterError(
                Fault(file, 0, "", "A line has more than a million characters: is it a CSV file?")
            )
        yield line
    text.detach()
