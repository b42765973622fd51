"""Logs as JSON lines on stderr. Only the fields named here leave the process.

What teachers write, and who visits whom, must not end up in a log: so a field is let out by name, a
library's message goes without its arguments, and an exception without its message (PostgreSQL's quote
the row). What was left out is told by name, never by value.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import orjson
import structlog

FIELDS = frozenset({
    "at", "level", "source", "event", "exception", "frames", "left_out",
    "request_id", "method", "route", "status", "duration_ms", "problem",
    "tenant_id", "person_id", "device_id", "app_id", "session_id",
    "collection", "record_id", "op_id", "count", "bytes", "attempt",
    "job", "job_id", "queue", "media_id", "pid", "version", "setting", "signature",
})  # fmt: skip
LONGEST = 200

Event = MutableMapping[str, Any]


def configure(level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers through the allow-list; called once a process."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="at"),
            _exception_without_message,
            _allowed_only,
            structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    # Libraries tell their faults, not their doings: at INFO some of them log addresses and statements.
    logging.basicConfig(level=logging.WARNING, handlers=[_Foreign()], force=True)


@contextmanager
def silent() -> Iterator[None]:
    """Log nothing meanwhile: for a command whose answer is read by a machine, and whose faults are told in one line."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose events are constant words: `log.info("push answered", count=3)`."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(source=name))


class _Foreign(logging.Handler):
    """Carries a library's record over, without the values that would be formatted into it."""

    def emit(self, record: logging.LogRecord) -> None:
        known = {"source": record.name, "exc_info": record.exc_info}
        structlog.get_logger().log(record.levelno, str(record.msg)[:LONGEST], **known)


def _exception_without_message(_: Any, __: str, event: Event) -> Event:
    fault = event.pop("exc_info", None)
    error = sys.exception() if fault is True else fault[1] if isinstance(fault, tuple) else fault
    if isinstance(error, BaseException):
        event["exception"] = f"{type(error).__module__}.{type(error).__qualname__}"
        stack = traceback.extract_tb(error.__traceback__)
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack]
    return event


def _allowed_only(_: Any, __: str, event: Event) -> Event:
    allowed = {name: _plain(value) for name, value in event.items() if name in FIELDS}
    left_out = sorted(set(event) - FIELDS)
    return allowed | ({"left_out": left_out} if left_out else {})


def _plain(value: Any) -> Any:
    """Numbers and identifiers as they are, words cut to a length, anything else by its type alone."""
    match value:
        case bool() | int() | float() | None | UUID():
            return value
        case str():
            return value[:LONGEST]
        case list():
            return [_plain(item) for item in value]
        case _:
            return f"<{type(value).__name__}>"
