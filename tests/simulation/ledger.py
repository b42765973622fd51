"""Every word that somebody typed, and what its typist may expect of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.oracle import Key
from tests.simulation.truth import Truth
from tests.simulation.violation import demand


@dataclass(frozen=True)
class Typed:
    """Where a word was typed; `merges`: in a text that several phones write, where none may vanish in silence."""

    key: Key
    merges: bool


@dataclass
class Ledger:
    """`removed` were taken out by somebody who saw them: history must know them. `given_up` are nobody's any more:
    typed over before they were sent, lost with a phone that was restored, or dead with a draft that was never shared."""

    typed: dict[str, Typed] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)

    def give_up_record(self, key: Key) -> None:
        """Whatever was typed into this record may vanish."""
        self.given_up |= {word for word, typed in self.typed.items() if typed.key == key}

    def check(self, truth: Truth, waiting: set[str], when: str) -> None:
        """Each word is on its way, in its record, in a conflict or a rejected write; or in history, where that is enough."""
        absent = set(self.typed) - self.given_up - truth.words_now - waiting
        lost = sorted(absent - truth.words_before)
        demand(not lost, "a word is lost", f"{when}: {[(word, self.typed[word].key) for word in lost]}")
        silent = sorted(word for word in absent - self.removed if self._is_missed(word, truth))
        where = [(word, self.typed[word].key) for word in silent]
        demand(not silent, "a word was overwritten in silence", f"{when}: {where}")

    def _is_missed(self, word: str, truth: Truth) -> bool:
        typed = self.typed[word]
        return typed.merges and typed.key not in truth.dead
