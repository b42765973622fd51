"""The fields that records are made of: bounded, normalised, and strict where JSON is loose.

Each can also say whether a value `is_plain`: within its bounds, and written just as the wire writes it, so that loading
it would change nothing. All but a few values are; they are taken as they are (`schemas.base`), at a tenth of the cost.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{7,63}\Z"
MAX_INTEGER = 2**31 - 1
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
_PLAIN_MOMENT = re.compile(r"(?:19|20|21)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_PLAIN_ID = re.compile(ID_PATTERN, re.ASCII)


def clean_text(text: str) -> str:
    """The text in normal form C; ValidationError for what no database or screen can hold (NUL, lone surrogates)."""
    if "\0" in text:
        raise ValidationError("A NUL character is not text.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValidationError("A lone surrogate is not text.") from None
    return unicodedata.normalize("NFC", text)


def _is_clean(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return unicodedata.is_normalized("NFC", text)


class Words(fields.String):
    """Text of at most `longest` characters."""

    def __init__(self, longest: int = 200, *, shortest: int = 0, **options: Any) -> None:
        super().__init__(validate=validate.Length(min=shortest, max=longest), **options)
        self._shortest, self._longest = shortest, longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        return clean_text(super()._deserialize(value, attr, data, **options))

    def is_plain(self, value: Any) -> bool:
        """Text within bounds that `clean_text` would leave as it is."""
        return (
            type(value) is str
            and self._shortest <= len(value) <= self._longest
            and "\0" not in value
            and (value.isascii() or _is_clean(value))
        )


class Id(fields.String):
    """An id that the client made: 8 to 64 letters, digits, hyphens or underscores."""

    pattern = ID_PATTERN

    def __init__(self, **options: Any) -> None:
        super().__init__(
            validate=validate.Regexp(self.pattern, error="An id is 8 to 64 letters, digits, - or _."),
            **options,
        )

    def is_plain(self, value: Any) -> bool:
        """An id is never normalised."""
        return type(value) is str and _PLAIN_ID.match(value) is not None


class Author(Id):
    """Who made a record: a person's id, or `system`, which is the service itself."""

    pattern = ID_PATTERN.replace("^", "^(?:system|", 1).replace("\\Z", ")\\Z")


class Ids(fields.List[str]):
    """A set of ids: order means nothing, each stands once."""

    def __init__(self, longest: int = 200, **options: Any) -> None:
        super().__init__(Id(), validate=validate.Length(max=longest), **options)
        self._longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        return sorted(set(super()._deserialize(value, attr, data, **options)))

    def is_plain(self, value: Any) -> bool:
        """Ids that stand in their order, each once."""
        return (
            type(value) is list
            and len(value) <= self._longest
            and all(type(one) is str and _PLAIN_ID.match(one) for one in value)
            and all(value[place] < value[place + 1] for place in range(len(value) - 1))
        )


class Whole(fields.Integer):
    """A whole number in range; 4.0 is one, "4" and true are not."""

    def __init__(self, least: int = 0, most: int = MAX_INTEGER, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **options)
        self._least, self._most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value != value
            or value in (float("inf"), float("-inf"))
        ):
            raise self.make_error("invalid", input=value)
        if value != int(value):
            raise self.make_error("invalid", input=value)
        return int(value)

    def is_plain(self, value: Any) -> bool:
        """An integer of Python's: no boolean, no 4.0."""
        return type(value) is int and self._least <= value <= self._most


class Offset(Whole):
    """What must be added to a device's clock, in milliseconds, for the true time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(-MAX_INTEGER, MAX_INTEGER, **options)


class Flag(fields.Boolean):
    """true or false, nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value

    def is_plain(self, value: Any) -> bool:
        """true or false."""
        return type(value) is bool


class Moment(fields.Field[datetime]):
    """A moment with its offset (RFC 3339), kept in UTC to the millisecond."""

    def __init__(self, **options: Any) -> None:
        message: dict[str, Any] = {"invalid": "Not a moment such as 2026-11-21T09:30:00Z."}
        super().__init__(error_messages=message, **options)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **options: Any) -> str | None:
        return (
            None
            if value is None
            else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.match(value):
            raise self.make_error("invalid")
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.make_error("invalid") from None
        if not 1900 <= moment.year <= 2200:
            raise ValidationError("A moment lies between 1900 and 2200.")
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def is_plain(self, value: Any) -> bool:
        """UTC, to the millisecond."""
        if type(value) is not str or not _PLAIN_MOMENT.fullmatch(value):
            return False
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True


class Choice(fields.String):
    """One word out of a closed list."""

    def __init__(self, *words: str, **options: Any) -> None:
        super().__init__(validate=validate.OneOf(words, error="One of: {choices}."), **options)
        self._words = frozenset(words)

    def is_plain(self, value: Any) -> bool:
        """One of the words."""
        return type(value) is str and value in self._words
