"""Reading a timeline from text: lines of `time,code[,Comments]`, as the coders of FILL+ write them.

Spreadsheets have had these files in their hands, so a byte order mark, CRLF, blank lines and empty columns at
the end are read past; whatever could hide a mistake is not.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from observation_tools.errors import TimelineError, nearest
from observation_tools.timeline import END, Moment, Timeline

HEADER = ("time", "code", "comments")
_TIME = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9])")


def parse_timeline(source: str | Iterable[str], codes: Collection[str] | None = None) -> Timeline:
    r"""A timeline from the text, or the lines, of a CSV file with the header `time,code[,Comments]`.

    Times are HH:MM:SS from the start of the recording and become milliseconds. With `codes` (those of an
    instrument) every code must be one of them. Raises `TimelineError` that names line and column and says
    what to do, also when the last code is not END: how long it lasted would be a guess.

    >>> parse_timeline("time,code\n00:00:00,NA\n00:01:08,LT\n00:54:41,END\n").moments[1]
    Moment(at_ms=68000, code='LT', comment='')
    """
    lines = io.StringIO(source, newline="") if isinstance(source, str) else source
    rows = _rows(lines)
    line, header = next(rows, (1, []))
    _check_header(line, header)
    moments: list[Moment] = []
    for line, cells in rows:
        moments.append(_moment(line, cells, codes))
        _check_line(line, moments)
    _check_end(line, moments)
    return Timeline(tuple(moments))


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that says anything, without empty cells at its end."""
    reader = csv.reader(line.removeprefix("\ufeff") for line in lines)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise TimelineError(
            f"not readable as CSV ({error})",
            where=f"line {reader.line_num}",
            remedy="save the file as CSV again",
        ) from error


def _check_header(line: int, cells: Sequence[str]) -> None:
    if tuple(cell.casefold() for cell in cells) not in (HEADER[:2], HEADER):
        raise TimelineError(
            f"the header is {','.join(cells)!r}",
            where=f"line {line}",
            remedy="make the first line 'time,code' or 'time,code,Comments'",
        )


def _moment(line: int, cells: Sequence[str], codes: Collection[str] | None) -> Moment:
    time, code, comment, *rest = [*cells, *[""] * (3 - len(cells))]
    if rest:
        raise TimelineError(
            f"{rest[0]!r} stands in no column",
            where=f"line {line}, column 4",
            remedy="put a comment that has commas in double quotes",
        )
    return Moment(_milliseconds(time, line), _code(code, line, codes), comment)


def _milliseconds(time: str, line: int) -> int:
    match = _TIME.fullmatch(time)
    if match is None:
        raise TimelineError(
            f"{time!r} is not a time",
            where=f"line {line}, column 1",
            remedy="write it as HH:MM:SS from the start of the recording",
        )
    hours, minutes, seconds = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000


def _code(code: str, line: int, codes: Collection[str] | None) -> str:
    if not code:
        raise TimelineError("no code", where=f"line {line}, column 2", remedy="write what began at that time")
    if codes is not None and code not in codes:
        raise TimelineError(f"no code {code!r}", where=f"line {line}, column 2", remedy=nearest(code, codes))
    return code


def _check_line(line: int, moments: Sequence[Moment]) -> None:
    try:
        Timeline(tuple(moments[-2:]))
    except TimelineError as error:
        raise TimelineError(error.what, where=f"line {line}", remedy=error.remedy) from None


def _check_end(line: int, moments: Sequence[Moment]) -> None:
    if not moments or moments[-1].code != END:
        raise TimelineError(
            f"no {END}", where=f"after line {line}", remedy=f"add a line with the time of the end and {END}"
        )
