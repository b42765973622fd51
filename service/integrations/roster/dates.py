"""Dates as districts write them: 2026-08-17, with a time behind it, or with slashes in one of two orders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ].*)?", re.ASCII)
_SLASHED = re.compile(r"(\d\d?)[/.](\d\d?)[/.](\d{4})(?: .*)?", re.ASCII)
DAY_FIRST, MONTH_FIRST = "d/m/Y", "m/d/Y"
ORDERS = (DAY_FIRST, MONTH_FIRST)


def order(written: Iterable[str]) -> str | None:
    """The order that the dates of one file are written in, told by those that can be read in one way only.

    >>> order(["17/08/2026", "01/02/2026"])
    'd/m/Y'
    >>> order(["01/02/2026"]) is None
    True
    """
    found = {one for text in written if (match := _SLASHED.fullmatch(text)) for one in _orders(match)}
    return found.pop() if len(found) == 1 else None


def _orders(match: re.Match[str]) -> list[str]:
    first, second = int(match[1]), int(match[2])
    return [DAY_FIRST] if first > 12 else [MONTH_FIRST] if second > 12 else []


def read(text: str, order: str | None) -> date | None:
    """The date; None when there is none in the text, or it could be one of two.

    >>> read("2026-08-17T00:00:00.000Z", None), read("17/08/2026", "d/m/Y"), read("soon", None)
    (datetime.date(2026, 8, 17), datetime.date(2026, 8, 17), None)
    """
    if match := _ISO.fullmatch(text):
        return _date(match[1], match[2], match[3])
    match = _SLASHED.fullmatch(text)
    if match is None or (order is None and match[1] != match[2]):
        return None
    day, month = (match[1], match[2]) if order == DAY_FIRST else (match[2], match[1])
    return _date(match[3], month, day)


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
