"""What an annotation is about: each target, and the piece of the recording that it selects."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from observation_tools.errors import AnnotationError, FragmentError
from observation_tools.media_fragments import read_time
from observation_tools.web_annotation.words import CLOCK, MEDIA_FRAGMENTS, words

Time = tuple[int | None, int | None]
_NEVER: Time = (None, None)
_OFFSET = re.compile(re.escape(CLOCK) + r"(-?\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """From and to in milliseconds, the moment of the day and how far off its clock was, and whether it selects a piece
    that has no time.
    """

    from_ms: int | None
    to_ms: int | None
    at: str | None = None
    untimed: bool = False
    clock_offset_ms: int | None = None


def read_targets(annotation: dict[str, Any], at: str) -> tuple[Target, ...]:
    """The targets of the annotation that stands at the JSON pointer `at`: it is about each of them.

    Of several selectors, or one that refines another, the first that gives a time counts. Raises `AnnotationError`.

    >>> read_targets({"target": "https://example.org/lesson.mp4#t=5,7.5"}, "")
    (Target(from_ms=5000, to_ms=7500, at=None, untimed=False, clock_offset_ms=None),)
    """
    found = tuple(_targets(annotation.get("target"), f"{at}/target"))
    if not found:
        raise AnnotationError("no target", where=f"{at}/target", remedy="say what the annotation is about")
    return found


def _targets(target: Any, at: str) -> Iterator[Target]:
    if isinstance(target, list):
        for place, one in enumerate(target):
            yield from _targets(one, f"{at}/{place}")
    elif isinstance(target, dict) and isinstance(target.get("items"), list):
        yield from _targets(target["items"], f"{at}/items")
    elif target is not None:
        yield _target(target, at)


def _target(target: Any, at: str) -> Target:
    if isinstance(target, str):
        return Target(*_in_address(target, at))
    source = target.get("source", target.get("id")) if isinstance(target, dict) else None
    address = source.get("id") if isinstance(source, dict) else source
    if not isinstance(address, str):
        raise AnnotationError(
            "a target without an address",
            where=at,
            remedy="name it in source, or in id, or by its address alone",
        )
    selector = target.get("selector")
    time = _selected(selector, f"{at}/selector")
    if time == _NEVER:
        time = _in_address(address, at)
    state = target.get("state")
    untimed = selector is not None and time == _NEVER
    return Target(*time, _moment(state, f"{at}/state"), untimed, _clock_offset(state))


def _selected(selector: Any, at: str) -> Time:
    """The time that a selector gives, or what refines it, or one of several."""
    if isinstance(selector, list):
        times = (_selected(one, f"{at}/{place}") for place, one in enumerate(selector))
        return next((time for time in times if time != _NEVER), _NEVER)
    if not isinstance(selector, dict):
        return _in_address(selector, at) if isinstance(selector, str) else _NEVER
    time = _NEVER
    if "FragmentSelector" in words(selector.get("type")) and _is_media(selector.get("conformsTo")):
        time = _fragment(selector.get("value"), f"{at}/value")
    return _selected(selector.get("refinedBy"), f"{at}/refinedBy") if time == _NEVER else time


def _is_media(standard: Any) -> bool:
    said = str(standard).replace("https:", "http:").rstrip("/")
    return standard is None or said == MEDIA_FRAGMENTS.rstrip("/")


def _in_address(address: str, at: str) -> Time:
    return _fragment(address.partition("#")[2], at)


def _fragment(said: Any, at: str) -> Time:
    if not isinstance(said, str):
        raise AnnotationError("a fragment that is no text", where=at, remedy="write it as t=12.5,17")
    try:
        return read_time(said)
    except FragmentError as error:
        raise AnnotationError(error.what, where=at, remedy=error.remedy) from None


def _moment(state: Any, at: str) -> str | None:
    """When the target was as it is meant, where one moment is named."""
    states = state if isinstance(state, list) else [state]
    moments = [one["sourceDate"] for one in states if isinstance(one, dict) and "sourceDate" in one]
    if moments and not isinstance(moments[0], str):
        raise AnnotationError("a sourceDate that is no text", where=at, remedy="name one moment")
    return moments[0] if moments else None


def _clock_offset(state: Any) -> int | None:
    """How far off the clock was by which the target is dated, where one of our states says it."""
    states = state if isinstance(state, list) else [state]
    names = [str(one.get("id", "")) for one in states if isinstance(one, dict)]
    found = [match for name in names if (match := _OFFSET.fullmatch(name))]
    return int(found[0][1]) if found else None
