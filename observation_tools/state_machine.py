"""The machinery of states: which moves are legal, by which way, and which of two states has come further.

The machines themselves are data, in `states`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, product

from observation_tools.errors import StateMachineError, UnknownStateError, nearest

Move = tuple[str, str]
Path = tuple[Move, ...]


def always(move: Move) -> bool:
    """Every move is allowed: the actor nobody asks."""
    return True


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The states of one kind of thing and the legal moves between them.

    `edges` are the moves in the order of their declaration, `entry` the states in which a record may be born.
    What follows from them is computed once: `moves` (the same edges as a set) and `states` (in declaration
    order). Every method raises `UnknownStateError` for a state that the machine does not have.
    """

    name: str
    edges: Path
    entry: tuple[str, ...]
    moves: frozenset[Move] = field(init=False, repr=False, compare=False)
    states: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _paths: Mapping[str, Mapping[str, Path]] = field(init=False, repr=False, compare=False)
    _depths: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        states = tuple(dict.fromkeys(state for move in self.edges for state in move))
        derived = {
            "moves": frozenset(self.edges),
            "states": states,
            "_paths": {state: _explore(self.edges, [state]) for state in states},
            "_depths": {state: len(path) for state, path in _explore(self.edges, _roots(self.edges)).items()},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        self._known(*self.entry)

    @property
    def initial(self) -> str:
        """The state declared first."""
        return self.states[0]

    def may_move(self, a: str, b: str) -> bool:
        """Whether `b` is one legal move from `a`, or `a` itself."""
        self._known(a, b)
        return a == b or (a, b) in self.moves

    def path(self, a: str, b: str, allowed: Callable[[Move], bool] = always) -> Path | None:
        """The shortest legal way from `a` to `b`: `()` when they are equal, None when there is no way.

        A phone that was offline sends only the last of several moves, so a jump is legal when each step of
        some way is. `allowed` says which moves the actor may make; of equally short ways the one declared
        first is taken.
        """
        self._known(a, b)
        paths = self._paths[a] if allowed is always else _explore(self.edges, [a], allowed)
        return paths.get(b)

    def depth(self, state: str) -> int:
        """How many moves `state` is from a beginning.

        A beginning is the initial state, or one that is declared as the head of a line before any move leads
        to it (a waitlisted seat).
        """
        self._known(state)
        return self._depths[state]

    def furthest(self, a: str, b: str) -> str:
        """Which of two conflicting states holds, `a` being the one that stands and `b` the one that arrives.

        The one that can be reached from the other; where both can (a loop), the deeper; else `a` stays.
        """
        self._known(a, b)
        onward, back = b in self._paths[a], a in self._paths[b]
        if onward and back:
            return b if self._depths[b] > self._depths[a] else a
        return b if onward else a

    def _known(self, *states: str) -> None:
        for state in states:
            if state not in self._depths:
                raise UnknownStateError(
                    f"no state {state!r}", where=self.name, remedy=nearest(state, self.states)
                )


def machine(name: str, *lines: str, entry: str = "") -> StateMachine:
    """A machine from lines such as `"draft > open > full"` and `"open|full > cancelled"`.

    `>` is a move, `|` separates alternatives. `entry` lists the states of birth in the same way; without it,
    the first state. Raises `StateMachineError` for a line without a move or with a nameless state.

    >>> door = machine("door", "shut > open > shut", "open | shut > locked")
    >>> door.path("open", "locked"), door.path("locked", "open"), door.entry
    ((('open', 'locked'),), None, ('shut',))
    """
    if not lines:
        raise StateMachineError(
            "no lines", where=name, remedy="write at least one move, such as 'draft > open'"
        )
    edges = tuple(dict.fromkeys(move for line in lines for move in _moves(name, line)))
    return StateMachine(name, edges, _alternatives(entry) if entry else (edges[0][0],))


def _moves(name: str, line: str) -> list[Move]:
    groups = [_alternatives(group) for group in line.split(">")]
    if len(groups) < 2 or not all(state for group in groups for state in group):
        raise StateMachineError(
            f"cannot read {line!r}", where=name, remedy="write it as 'draft > open | closed'"
        )
    return [move for before, after in pairwise(groups) for move in product(before, after)]


def _alternatives(group: str) -> tuple[str, ...]:
    return tuple(state.strip() for state in group.split("|"))


def _roots(edges: Path) -> list[str]:
    seen: set[str] = set()
    roots = []
    for before, after in edges:
        if before not in seen:
            roots.append(before)
        seen |= {before, after}
    return roots


def _explore(edges: Path, starts: Iterable[str], allowed: Callable[[Move], bool] = always) -> dict[str, Path]:
    """The shortest path to each state that can be reached from `starts`."""
    paths: dict[str, Path] = dict.fromkeys(starts, ())
    frontier = deque(paths)
    while frontier:
        here = frontier.popleft()
        for move in edges:
            if move[0] == here and move[1] not in paths and allowed(move):
                paths[move[1]] = (*paths[here], move)
                frontier.append(move[1])
    return paths
