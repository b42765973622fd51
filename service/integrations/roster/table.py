"""One CSV file as rows by column name, whatever its separator and however its headers were spelt."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from service.integrations.roster import text
from service.integrations.roster.findings import Fault, Findings, RosterError
from service.integrations.roster.package import Package

SEPARATORS = ",;\t|"
ALIKE = 0.84
"""How much a header must resemble a needed column that is missing, to be read as it (difflib's ratio)."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What is read of a file: columns that it must have, and others that it may."""

    needed: tuple[str, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line, trimmed, by column; columns that the file has not got are empty."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


class Table:
    """A file of the package; it may be read several times."""

    def __init__(self, package: Package, file: str, columns: Columns, findings: Findings) -> None:
        self.file, self._columns, self._findings = file, columns, findings
        self._open = partial(package.stream, file)
        self._encoding = text.encoding(self._open, file, findings)
        self._separator = self._sniffed()
        self.places, self._width = self._header()

    def has(self, column: str) -> bool:
        """Whether the file has the column."""
        return column in self.places

    def rows(self, *, telling: bool = True) -> Iterator[Row]:
        """Every line that is not empty; those that do not fit the header are faults, told when `telling`."""
        cells_of = tuple(self.places.items())
        lines = self._records()
        next(lines, None)
        read = 0
        for line, cells in lines:
            if any(cells):
                read += 1
                if len(cells) != self._width and not self._fits(line, cells, telling=telling):
                    continue
                found = {name: cells[place].strip() for name, place in cells_of if place < len(cells)}
                yield Row(line, found)
        self._findings.rows[self.file] = read

    def _fits(self, line: int, cells: Sequence[str], *, telling: bool) -> bool:
        if any(cells[self._width :]):
            if telling:
                said = f"It has {len(cells)} cells, the header {self._width}: put quotes around cells with separators."
                self._findings.fault(self.file, line, "", said)
            return False
        if telling and len(cells) < self._width:
            self._findings.repair(self.file, "cells missing at the end of a line read as empty")
        return True

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """(number of its first line, cells) of each record, the header too; leading empty lines are passed over."""
        started = False
        with self._open() as stream:
            reader = csv.reader(
                text.lines(stream, self._encoding, self.file), delimiter=self._separator, strict=True
            )
            line = 1
            try:
                for cells in reader:
                    started = started or any(cells)
                    if started:
                        yield line, cells
                    line = reader.line_num + 1
            except csv.Error:
                said = "A quote opens here and does not close: close it, or write it twice."
                raise RosterError(Fault(self.file, line, "", said)) from None

    def _sniffed(self) -> str:
        with self._open() as stream:
            lines = text.lines(stream, self._encoding, self.file)
            header = next((line for line in lines if line.strip()), "")
        found = max(SEPARATORS, key=header.count)
        if found != ",":
            self._findings.repair(self.file, f"cells separated by {_spoken(found)} instead of a comma")
        return found

    def _header(self) -> tuple[dict[str, int], int]:
        header = next(self._records(), (1, []))[1]
        names = [name.strip() for name in header]
        places: dict[str, int] = {}
        by_key = {_key(name): name for name in chain(self._columns.needed, self._columns.others)}
        for place, written in enumerate(names):
            if (name := by_key.get(_key(written))) is not None:
                self._place(places, name, written, place)
        for name in self._columns.needed:
            if name not in places:
                self._place_alike(places, name, names)
        return places, len(header)

    def _place(self, places: dict[str, int], name: str, written: str, place: int) -> None:
        if name in places:
            self._findings.fault(self.file, 1, name, "The column is there twice: keep one of them.")
        elif written != name:
            self._findings.repair(self.file, f"read {written!r} as {name!r}")
        places.setdefault(name, place)

    def _place_alike(self, places: dict[str, int], name: str, names: Sequence[str]) -> None:
        """A misspelt header, but never one that is another column's."""
        free = {_key(written): place for place, written in enumerate(names) if place not in places.values()}
        alike = difflib.get_close_matches(_key(name), free, 1, ALIKE)
        if alike:
            place = free[alike[0]]
            self._place(places, name, names[place], place)
        else:
            said = "The column is missing: the first line must name the columns as OneRoster does."
            self._findings.fault(self.file, 1, name, said)


def _key(header: str) -> str:
    """A header without case and signs.

    >>> _key("Sourced_ID ")
    'sourcedid'
    """
    return re.sub(r"[^a-z0-9]", "", header.lower())


def _spoken(separator: str) -> str:
    return {";": "semicolons", "\t": "tabs"}.get(separator, "bars")
