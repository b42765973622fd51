"""What a contender is: a server that can be started, and in it places, each empty at first, where clients write and read notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tests.bench.wire import Script

if TYPE_CHECKING:
    from tests.bench.works import Figure, Round

Address = tuple[str, int]
Since = str | None
"""Where a client has read to; None is nowhere."""

News = tuple[list[float], Since]
"""Milliseconds of each reading of a few new notes, and where the reader stands then."""


@dataclass(slots=True)
class Read:
    """What one client had acknowledged (ids), the pages that it was sent, and where it has read to."""

    acknowledged: list[str] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)
    since: Since = None


class Place(Protocol):
    """Notes of one school: several clients write there, and all of them may read all of it.

    The requests of a script are written when it is made; what it returns is said after "returns".
    """

    ids: re.Pattern[bytes]
    """Finds the ids of notes in an answer."""
    again: int
    """How often the server was too busy and asked to come again."""

    def renew(self) -> None:
        """Whatever a client needs from time to time to go on, before a script is made."""

    def push(self, client: int, first: int, count: int) -> Script[int]:
        """Write notes `first` to `first + count - 1` in the largest batches that the server takes; returns how many it took."""

    def pull(self, client: int) -> Script[int]:
        """Read everything there is, from nothing, in the largest pages that there are; returns how many notes came."""

    def pairs(self, client: int, first: int, count: int) -> Script[Read]:
        """Write one note and read what is new, so many times."""

    def onward(self, client: int, read: Read) -> Script[Read]:
        """Go on reading to where nothing is new."""

    def caught_up(self, client: int) -> Script[Since]:
        """Read to the end; returns where that is, in the server's own words."""

    def nothing(self, client: int, since: Since, count: int) -> Script[int]:
        """Ask so many times what is new; returns how often there was nothing."""

    def news(self, client: int, since: Since, first: int, times: int, few: int) -> Script[News]:
        """Write `few` notes and read them, so many times."""

    def fill(self, first: int, count: int) -> None:
        """Put notes there by the shortest way, unmeasured."""

    def stored(self) -> int:
        """How many notes the server's own tables hold."""


class Contender(Protocol):
    """A server on the bench."""

    name: str
    address: Address
    slow: int
    """1; for a server that takes minutes, by how much W1 is made smaller."""

    def start(self) -> None:
        """Up, and answering."""

    def stop(self) -> None:
        """Down, with all its processes."""

    @property
    def pids(self) -> Sequence[int]:
        """The processes at the top of its trees."""

    def place(self, clients: int) -> Place:
        """A new and empty place with so many clients."""

    def also(self, work: str, doing: Round) -> Iterator[Figure]:
        """More lines of this work, of what only this server has."""


def ids_in(pattern: re.Pattern[bytes], pages: Iterable[bytes]) -> set[str]:
    """The ids that the pages hold."""
    return {found.decode() for page in pages for found in pattern.findall(page)}


def skipped(reads: Sequence[Read], pattern: re.Pattern[bytes]) -> set[str]:
    """Acknowledged notes that at least one reader, who has read to the end, was never sent."""
    acknowledged = {note for read in reads for note in read.acknowledged}
    return set().union(*(acknowledged - ids_in(pattern, read.pages) for read in reads))


def slices(first: int, count: int, most: int) -> Iterator[tuple[int, int]]:
    """`count` numbers from `first` in slices of at most `most`: (first, count) of each."""
    for start in range(first, first + count, most):
        yield start, min(most, first + count - start)
