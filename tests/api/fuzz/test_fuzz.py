"""A short run over every operation, the same each time; `python -m tests.api.fuzz` makes long ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response

from service.api.terms import Policy, Terms, declare
from service.settings import Settings
from tests.api.fuzz.askers import ASKERS
from tests.api.fuzz.run import Fuzz, operations
from tests.conftest import environment
from tests.rights.school import School
from tests.servers import Answer


@pytest.fixture(scope="module")
def settings(session_database_url: str, token_key: str, s3: Answer) -> Settings:
    """With a store: without one, what asks for media is answered 503."""
    return Settings.from_environment(environment(session_database_url, token_key, s3))


@pytest.fixture(scope="module")
def school(app: Flask) -> School:
    return School(app)


def test_no_request_that_was_made_up_breaks_the_document(app: Flask, school: School) -> None:
    found = Fuzz(app, school, examples=2, brief=True).run(ASKERS)
    print("\n".join(found.lines()))
    assert found.faults == {}
    assert len(found.operations) == len(operations(app)) > 200
    assert set(found.asked) == set(ASKERS)
    assert {200, 201, 400, 401, 403, 404, 422} <= set(found.answered)


BROKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "a field that is missing": (lambda: {"state": "ok"}, "JsonSchemaError"),
    "a status that is not named": (lambda: ("", 206), "206 is not among"),
    "another type": (lambda: Response("ok", mimetype="text/plain"), "UndefinedContentType"),
    "a fault of ours": (lambda: {"status": 1 // 0}, "ServerError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_document_is_found(
    app: Flask, school: School, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    view, fault = BROKEN[name]
    declare(view, Terms(Policy.PUBLIC))
    monkeypatch.setitem(app.view_functions, "health.health", view)
    found = Fuzz(app, school, 1, only="/health").run(ASKERS[:1])
    assert [what for what in found.faults if fault in what]
