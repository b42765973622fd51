"""Request bodies: JSON as RFC 8259 has it, bounded, with one meaning only; and plain text.

The parser is the standard library's, as it alone tells of duplicate keys; everything it lets through that a database,
another parser or a stack could stumble over is refused here, with a JSON pointer to the place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from flask import Request

from schemas.problems import Problem, Refused

JSON = "application/json"
DEPTH = 32
_INTEGERS = range(-(2**63), 2**63)


class Doubled(dict[str, Any]):
    """An object that said one of its keys twice."""


class UnsoundError(Exception):
    """What is wrong with a JSON value, and where in it."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.path: list[str | int] = []

    def refused(self) -> Refused:
        """The refusal of the whole body."""
        return Refused(self.problem, errors={pointer(self.path): [self.message]})


def read(request: Request, *types: str) -> Any:
    """The JSON body of a request (which may be of other `types` of JSON too), checked throughout. Raises Refused."""
    return sound(parse(_body(request, JSON, *types)))


def read_loosely(request: Request) -> Any:
    """The JSON body of a request, its parts not yet checked: the sync door judges row by row. Raises Refused."""
    return parse(_body(request, JSON))


def read_text(request: Request, *types: str) -> str:
    """The body of a request that is text of one of these types, in UTF-8. Raises Refused."""
    body = _body(request, *types)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        said = "The bytes are not UTF-8: save the file as UTF-8."
        raise Refused(Problem.INVALID_REQUEST, errors={f"line {line}": [said]}) from None


def read_bytes(request: Request, *types: str) -> bytes:
    """The body of a request that is a file of one of these types. Raises Refused."""
    return _body(request, *types)


def _body(request: Request, *types: str) -> bytes:
    if request.mimetype not in types:
        raise Refused(Problem.UNSUPPORTED_MEDIA_TYPE)
    body, limit = request.get_data(cache=True), request.max_content_length
    # Where no length was said, werkzeug reads up to the limit and no further.
    if request.content_length is None and limit is not None and len(body) >= limit:
        raise Refused(Problem.TOO_LARGE)
    return body


def parse(body: bytes) -> Any:
    """The value that a body says, without `check`. Raises Refused(INVALID_JSON)."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(Problem.INVALID_JSON, _told(error)) from None


def sound(value: Any) -> Any:
    """The value itself, checked throughout. Raises Refused."""
    try:
        check(value)
    except UnsoundError as fault:
        raise fault.refused() from None
    return value


def check(value: Any, depth: int = 0) -> None:
    """Raise UnsoundError for nesting, doubled keys, characters or numbers that go too far."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        if isinstance(value, Doubled):
            raise UnsoundError(Problem.INVALID_JSON, "A key stands here twice.")
        _check_inside(value.items(), depth)
    elif isinstance(value, list):
        _check_inside(enumerate(value), depth)
    elif isinstance(value, int):
        if value not in _INTEGERS:
            raise UnsoundError(Problem.INVALID_REQUEST, "A whole number has at most 64 bits.")
    elif isinstance(value, float) and not math.isfinite(value):
        raise UnsoundError(Problem.INVALID_REQUEST, "This number is too large.")


def is_plain(said: Any) -> bool:
    """Whether an object surely passes `check`: all but a few do, and this costs a tenth of it."""
    if type(said) is not dict:
        return False
    for value in said.values():
        if type(value) is str:
            if "\0" in value or not value.isascii():
                return False
        elif not (value is None or type(value) is bool or (type(value) is int and value in _INTEGERS)):
            return False
    keys = "".join(said)
    return keys.isascii() and "\0" not in keys


def pointer(path: Iterable[str | int]) -> str:
    """A path as a JSON pointer (RFC 6901), in text that every encoder can write.

    >>> pointer(["fields", "a/b", 0])
    '/fields/a~1b/0'
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    text = "".join(f"/{step}" for step in steps).replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def _check_inside(members: Iterable[tuple[str | int, Any]], depth: int) -> None:
    if depth >= DEPTH:
        raise UnsoundError(Problem.INVALID_JSON, f"Nested deeper than {DEPTH} levels.")
    for key, value in members:
        try:
            if isinstance(key, str):
                _check_text(key)
            check(value, depth + 1)
        except UnsoundError as fault:
            fault.path.insert(0, key)
            raise


def _check_text(text: str) -> None:
    if "\0" in text:
        raise UnsoundError(Problem.INVALID_REQUEST, "A NUL character is not text.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UnsoundError(Problem.INVALID_REQUEST, "A lone surrogate is not text.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Doubled(members)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


def _told(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"Line {error.lineno}, column {error.colno}: {error.msg}."
    if isinstance(error, UnicodeDecodeError):
        return "The bytes are not UTF-8."
    return "Nested too deeply." if isinstance(error, RecursionError) else str(error)
