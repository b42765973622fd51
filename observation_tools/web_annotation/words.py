"""The words that both writing and reading need: names on the web, and what each kind of note is called there."""

from typing import Any
from urllib.parse import quote, unquote

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_FRAGMENTS = "http://www.w3.org/TR/media-frags/"
NOTE, PERSON, INSTRUMENT, CLOCK = (
    f"urn:comewatch:{what}:" for what in ("note", "person", "instrument", "clock-offset-ms")
)
MOTIVATIONS = {
    "noticing": "commenting",
    "wondering": "questioning",
    "quote": "highlighting",
    "tally": "tagging",
    "code": "classifying",
    "next_step": "editing",
}
PURPOSES = MOTIVATIONS | {"quote": "describing", "tally": "commenting", "code": "commenting"}
TAGS = frozenset({"tagging", "classifying"})


def iri(family: str, name: str) -> str:
    """The name of one of ours on the web.

    >>> iri(NOTE, "note one")
    'urn:comewatch:note:note%20one'
    """
    return family + quote(name, safe="")


def name_of(family: str, said: str) -> str:
    """What we call it, if it is one of ours; else the IRI itself.

    >>> name_of(NOTE, "urn:comewatch:note:note%20one"), name_of(NOTE, "https://example.org/1")
    ('note one', 'https://example.org/1')
    """
    return unquote(said.removeprefix(family)) if said.startswith(family) else said


def words(said: Any) -> tuple[str, ...]:
    """One word of the vocabulary or several, without the vocabulary's own name.

    >>> words(["oa:tagging", "http://www.w3.org/ns/oa#commenting"]), words(None)
    (('tagging', 'commenting'), ())
    """
    several = said if isinstance(said, list) else [said]
    return tuple(word.rpartition("#")[2].rpartition(":")[2] for word in several if isinstance(word, str))
