"""What an act may do: read and write on one phone, choose by its own chance, and type one word that is nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeVar

from sync.client import CannotWrite, Client
from tests.simulation.ledger import Ledger, Typed
from tests.simulation.oracle import Record
from tests.simulation.phone import Phone
from tests.simulation.plan import Step
from tests.simulation.truth import WORD

T = TypeVar("T")
TEXTS = {
    "visits": "focus", "notes": "text", "debriefs": "summary", "next_steps": "text", "groups": "question",
    "invitations": "look_for", "visit_requests": "message", "seats": "message",
    "comments": "text",
}  # fmt: skip
"""The texts in which no word may be overwritten in silence."""


@dataclass(frozen=True)
class Scene:
    """One step on one phone."""

    step: Step
    phone: Phone
    ledger: Ledger
    chance: Random

    @property
    def client(self) -> Client:
        return self.phone.client

    @property
    def me(self) -> str:
        return self.phone.person

    @property
    def word(self) -> str:
        """The word of this step."""
        return f"w{self.step.number:04}"

    def new_id(self, kind: str) -> str:
        """The id of a record that this step makes."""
        return f"{kind}-{self.step.number:04}"

    def some(self, choices: Sequence[T]) -> T | None:
        """One of them, if there are any."""
        return self.chance.choice(choices) if choices else None

    def one(self, collection: str, which: Callable[[Record], Any] = lambda record: True) -> Record | None:
        """One of the records that the phone shows; the one aimed at, if it shows that."""
        shown = [record for record in self.client.list(collection) if which(record)]
        aimed = [record for record in shown if self.step.aim == f"{collection}/{record['id']}"]
        return self.some(aimed or shown)

    def any(
        self, collections: Sequence[str], which: Callable[[str, Record], Any]
    ) -> tuple[str, Record] | None:
        """One record of the first of these collections that has one, in an order drawn by chance; and its collection."""
        for name in self.chance.sample(collections, len(collections)):
            record = self.one(name, partial(which, name))
            if record is not None:
                return name, record
        return None

    def put(self, collection: str, record_id: str, /, **fields: Any) -> str | None:
        """Write on the phone; returns what was done in words, None where the phone would not."""
        name = TEXTS.get(collection)
        for word in WORD.findall(str(fields)):
            merges = word in str(fields.get(name)) if name else False
            self.ledger.typed.setdefault(
                word, Typed((collection, record_id), merges, self.phone.name, self.me)
            )
        try:
            self.client.put(collection, record_id, fields)
        except CannotWrite:
            return None
        said = ", ".join(f"{name}: {value!r}" for name, value in fields.items())
        return f"writes {collection} {record_id} {{{said}}}"

    def rewrite(self, collection: str, record: Record, name: str) -> str | None:
        """Change a text by one word, and perhaps take others out."""
        before = str(record.get(name) or "")
        after = self._edited(before)
        said = self.put(collection, record["id"], **{name: after})
        if said:
            self.ledger.removed |= set(WORD.findall(before)) - set(WORD.findall(after))
        return said

    def _edited(self, text: str) -> str:
        words = text.split()
        how = self.chance.choice(("end", "end", "front", "inside", "inside", "cut", "instead"))
        if how == "instead":
            return self.word
        if how == "cut" and words:
            words.pop(self.chance.randrange(len(words)))
        place = {"end": len(words), "front": 0}.get(how, self.chance.randint(0, len(words)))
        return " ".join([*words[:place], self.word, *words[place:]])
