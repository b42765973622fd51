"""Only named fields leave the process; values that a library or an exception carries do not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service import logs

CANARY = "a-teacher-wrote-this"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def configured(capsys: Captured) -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("INFO")
    yield
    structlog.reset_defaults()
    root.handlers[:], _ = before
    root.setLevel(before[1])


def test_a_named_field_is_told_and_another_only_by_its_name(capsys: Captured) -> None:
    logs.logger("sync").info("push answered", count=3, body=CANARY)
    written = capsys.readouterr().err
    line = json.loads(written)
    assert (line["event"], line["count"], line["left_out"]) == ("push answered", 3, ["body"])
    assert line["source"] == "sync"
    assert CANARY not in written


def test_an_exception_is_told_without_its_message(capsys: Captured) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logs.logger("sync").exception("push failed")
    written = capsys.readouterr().err
    line = json.loads(written)
    assert line["exception"] == "builtins.ValueError"
    assert line["frames"][0].endswith("test_an_exception_is_told_without_its_message")
    assert CANARY not in written


def test_a_library_is_heard_without_its_values(capsys: Captured) -> None:
    logging.getLogger("library").warning("cannot reach %s", CANARY)
    written = capsys.readouterr().err
    assert json.loads(written)["event"] == "cannot reach %s"
    assert CANARY not in written


def test_a_rich_value_is_told_by_its_type(capsys: Captured) -> None:
    logs.logger("sync").info("push answered", record_id={"text": CANARY})
    written = capsys.readouterr().err
    assert json.loads(written)["record_id"] == "<dict>"
    assert CANARY not in written


def test_what_is_below_the_level_is_not_written(capsys: Captured) -> None:
    logs.logger("sync").debug("push answered")
    logging.getLogger("library").info("doing well")
    assert capsys.readouterr().err == ""
