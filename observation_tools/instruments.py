"""Instruments: what observers look with. A version never changes once it is published; a change is a new
version.

Three come with the craft, one file each in `catalogue/`: open notes, a short list of look-fors, and FILL+.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from observation_tools.errors import InstrumentError, UnknownCodeError, nearest


class InstrumentKind(StrEnum):
    """How an instrument is used."""

    OPEN_NOTES = "open_notes"
    LOOK_FORS = "look_fors"
    TALLY = "tally"
    INTERVAL_CODES = "interval_codes"
    TIMELINE_CODES = "timeline_codes"
    ORDINAL_ITEMS = "ordinal_items"


@dataclass(frozen=True, slots=True)
class Code:
    """One thing to notice: a short `code`, its `name`, and what counts as it. An `edge` is not time of the
    lesson."""

    code: str
    name: str
    description: str = ""
    edge: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of one instrument; `slug` and `version` (1, 2 ...) name it for ever.

    Raises `InstrumentError` for a version below 1 and for a code that stands there twice.
    """

    slug: str
    version: int
    kind: InstrumentKind
    title: str
    source: str
    codes: tuple[Code, ...]

    def __post_init__(self) -> None:
        if self.version < 1:
            raise InstrumentError(f"version {self.version}", where=self.slug, remedy="count versions from 1")
        words = [code.code for code in self.codes]
        for word in words:
            if words.count(word) > 1:
                raise InstrumentError(
                    f"code {word!r} stands there twice", where=self.key, remedy="rename one"
                )

    @property
    def key(self) -> str:
        """Its name in a catalogue, such as `fill-plus@1`."""
        return f"{self.slug}@{self.version}"

    def code(self, word: str) -> Code:
        """The code written `word`. Raises `UnknownCodeError` that names the nearest ones.

        >>> load_catalogue()["fill-plus@1"].code("LQ").name
        'Lecturer question'
        """
        found = next((code for code in self.codes if code.code == word), None)
        if found is None:
            raise UnknownCodeError(f"no code {word!r}", where=self.key, remedy=self._advice(word))
        return found

    def _advice(self, word: str) -> str:
        words = [code.code for code in self.codes]
        return nearest(word, words) if words else "it has no codes: write a note instead"


def read_instrument(text: str, where: str = "instrument") -> Instrument:
    """An instrument from its JSON text; `where` is named in errors.

    Raises `InstrumentError` when the text is not JSON, or a word in it is missing or unknown.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        codes = tuple(Code(**code) for code in data.pop("codes"))
        return Instrument(kind=InstrumentKind(data.pop("kind")), codes=codes, **data)
    except InstrumentError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InstrumentError(
            f"cannot be read ({error})", where=where, remedy="compare it with a file of the catalogue"
        ) from error


@cache
def load_catalogue() -> Mapping[str, Instrument]:
    """The instruments that come with the craft, by `key`, oldest version first; read once, and read only.

    >>> list(load_catalogue())
    ['fill-plus@1', 'look-fors@1', 'open-notes@1']
    """
    shelf = files(__package__).joinpath("catalogue")
    found = (read_instrument(file.read_text("utf-8"), file.name) for file in shelf.iterdir())
    ordered = sorted(found, key=lambda instrument: (instrument.slug, instrument.version))
    return MappingProxyType({instrument.key: instrument for instrument in ordered})


def latest(slug: str, catalogue: Iterable[Instrument] | None = None) -> Instrument:
    """The newest version of `slug`. Raises `InstrumentError` that names the nearest slugs.

    >>> latest("open-notes").key
    'open-notes@1'
    """
    instruments = list(load_catalogue().values() if catalogue is None else catalogue)
    versions = [instrument for instrument in instruments if instrument.slug == slug]
    if not versions:
        known = dict.fromkeys(instrument.slug for instrument in instruments)
        raise InstrumentError(f"no instrument {slug!r}", where="catalogue", remedy=nearest(slug, known))
    return max(versions, key=lambda instrument: instrument.version)
