"""What an annotation says: its bodies, of whatever form the model allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from observation_tools.errors import AnnotationError
from observation_tools.web_annotation.words import INSTRUMENT, TAGS, words

_SETS = frozenset({"Choice", "Composite", "List", "Independents"})


@dataclass(frozen=True, slots=True)
class Body:
    """The words of one body, whether they are a tag, and the name that it has on the web."""

    text: str
    tag: bool = False
    name: str = ""

    @property
    def instrument(self) -> bool:
        """Whether it is the tag of an instrument."""
        return self.name.startswith(INSTRUMENT)


def read_bodies(annotation: dict[str, Any], at: str) -> tuple[Body, ...]:
    """The bodies of the annotation that stands at the JSON pointer `at`; of a choice its first.

    Text in another format than plain stays as it is written; a body elsewhere is read as its address. A body without a
    purpose has the annotation's motivation. Raises `AnnotationError` for one that says nothing.

    >>> read_bodies({"body": ["hm", {"value": "LQ", "purpose": "tagging"}]}, "")
    (Body(text='hm', tag=False, name=''), Body(text='LQ', tag=True, name=''))
    """
    inherited = words(annotation.get("motivation"))
    if annotation.get("bodyValue") is not None:
        return (_text(annotation["bodyValue"], inherited, f"{at}/bodyValue"),)
    body = annotation.get("body")
    return () if body is None else tuple(_bodies(body, inherited, f"{at}/body"))


def _bodies(body: Any, inherited: tuple[str, ...], at: str) -> Iterator[Body]:
    if isinstance(body, list):
        for place, one in enumerate(body):
            yield from _bodies(one, inherited, f"{at}/{place}")
    elif isinstance(body, dict):
        yield from _object(body, words(body.get("purpose")) or inherited, at)
    else:
        yield _text(body, inherited, at)


def _object(body: dict[str, Any], purposes: tuple[str, ...], at: str) -> Iterator[Body]:
    types = frozenset(words(body.get("type")))
    if types & _SETS and isinstance(body.get("items"), list):
        items = body["items"][:1] if "Choice" in types else body["items"]
        yield from _bodies(items, purposes, f"{at}/items")
    elif isinstance(body.get("source"), dict):
        yield from _object(body["source"], purposes, f"{at}/source")
    else:
        name = next((name for name in ("value", "source", "id") if name in body), "value")
        yield _text(body.get(name), purposes, f"{at}/{name}", str(body.get("id", "")))


def _text(said: Any, purposes: tuple[str, ...], at: str, name: str = "") -> Body:
    if not isinstance(said, str):
        raise AnnotationError(
            "a body without text", where=at, remedy="give it a value, or the address of what it is"
        )
    return Body(said, not TAGS.isdisjoint(purposes), name)
