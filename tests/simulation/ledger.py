"""Every word that somebody typed, and what its typist may expect of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.simulation.oracle import Key
from tests.simulation.truth import Truth
from tests.simulation.violation import demand


@dataclass(frozen=True)
class Typed:
    """Where a word was typed, on which phone by whom; `merges`: in a text that several phones write, where none may
    vanish in silence."""

    key: Key
    merges: bool
    phone: str
    person: str


@dataclass
class Ledger:
    """`removed` were taken out by somebody who saw them: history must know them. `given_up` are nobody's any more:
    typed over before they were sent, lost with a phone that was restored, or dead with a draft that was never shared.
    `owed` were lost by the server with its database, and lie on a phone that has still to bring them back: {word: phone}."""

    typed: dict[str, Typed] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    owed: dict[str, str] = field(default_factory=dict)

    def give_up_record(self, key: Key) -> None:
        """Whatever was typed into this record may vanish."""
        self.given_up |= {word for word, typed in self.typed.items() if typed.key == key}

    def absent(self, truth: Truth, waiting: set[str]) -> set[str]:
        """The words that stand in no live record and are not on their way, though somebody expects them."""
        return set(self.typed) - self.given_up - self._forgotten(truth) - truth.words_now - waiting

    def _forgotten(self, truth: Truth) -> set[str]:
        """What was said of a file that was deleted: history forgets it with the file."""
        return {
            word for word, typed in self.typed.items() if typed.key[0] == "media" and typed.key in truth.dead
        }

    def server_restored(self, truth: Truth, waiting: set[str], held: Mapping[str, Iterable[str]]) -> int:
        """The server went back to `truth`: what is left only on the phone where it was typed must come back from there,
        and what is nowhere any more is lost. `held` are the words in each phone's records. How many words are owed."""
        lost = self.absent(truth, waiting) - truth.words_before
        self.owed = {
            word: self.typed[word].phone for word in lost if word in held.get(self.typed[word].phone, ())
        }
        self.given_up |= lost - self.owed.keys()
        return len(self.owed)

    def paid(self, phone: str, truth: Truth) -> None:
        """The phone has synced since: the server has its words again, or they are lost; but those that were typed over
        before it synced stood only in the history of the server's lost life."""
        typed_over = {word for word, owes in self.owed.items() if owes == phone and word in self.removed}
        self.given_up |= typed_over - truth.words_now
        self.owed = {word: owes for word, owes in self.owed.items() if owes != phone}

    def cannot_pay(self, phone: str, held: set[str]) -> None:
        """The phone holds only these words any more."""
        gone = {word for word, owes in self.owed.items() if owes == phone and word not in held}
        self.given_up |= gone
        self.owed = {word: owes for word, owes in self.owed.items() if word not in gone}

    def check(self, truth: Truth, waiting: set[str], when: str) -> None:
        """Each word is on its way, in its record, in a conflict or a rejected write; or in history, where that is enough."""
        absent = self.absent(truth, waiting) - self.owed.keys()
        lost = sorted(absent - truth.words_before)
        demand(not lost, "a word is lost", f"{when}: {[(word, self.typed[word].key) for word in lost]}")
        silent = sorted(word for word in absent - self.removed if self._is_missed(word, truth))
        where = [(word, self.typed[word].key) for word in silent]
        demand(not silent, "a word was overwritten in silence", f"{when}: {where}")

    def _is_missed(self, word: str, truth: Truth) -> bool:
        typed = self.typed[word]
        return typed.merges and typed.key not in truth.dead
