"""What will go says so: in the document, and with each of its answers."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.problems import Problem, Refused
from service import app as serving
from service.api import guard, headers
from service.api.smorest import Blueprint
from service.api.terms import Deprecated, Policy
from tests.builders import services_of

GOING = Deprecated(date(2027, 2, 1), date(2028, 2, 1), "/v1/new")
SAID = {
    "Deprecation": "@1801440000",
    "Sunset": "Tue, 01 Feb 2028 00:00:00 GMT",
    "Link": '</v1/new>; rel="successor-version"',
}


@pytest.fixture
def going(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[FlaskClient, Flask]:
    """An app in which one endpoint will go, and one stays."""
    blueprint = Blueprint("going", "going", url_prefix="/v1")

    @blueprint.route("/old", policy=Policy.PUBLIC, deprecated=GOING)
    @blueprint.gives(200)
    def old() -> dict[str, str]:
        """The old way."""
        return {}

    @blueprint.route("/old", methods=("POST",), policy=Policy.PUBLIC, deprecated=GOING, name="refuse_old")
    @blueprint.gives(200)
    def refuse_old() -> dict[str, str]:
        """The old way, refused."""
        raise Refused(Problem.NOT_FOUND)

    @blueprint.route("/old/mine", policy=Policy.SIGNED_IN, deprecated=GOING)
    @blueprint.gives(200)
    def mine() -> dict[str, str]:
        """One's own."""
        return {}

    @blueprint.route("/new", policy=Policy.PUBLIC)
    @blueprint.gives(200)
    def new() -> dict[str, str]:
        """The new way."""
        return {}

    monkeypatch.setattr(serving, "BLUEPRINTS", (blueprint,))
    bare = Flask("going", static_folder=None)
    services_of(app).serve(bare)
    headers.register(bare)
    guard.register(bare)
    bare.extensions["document"] = serving.make_api(bare).document()
    return bare.test_client(), bare


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/old", 200),
        ("POST", "/v1/old", 404),
        ("GET", "/v1/old/mine", 401),
        ("GET", "/v1/old?a=1", 422),
    ],
)
def test_each_answer_says_it_whatever_it_is(
    going: tuple[FlaskClient, Flask], method: str, path: str, status: int
) -> None:
    answer = going[0].open(path, method=method)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SAID} == SAID


def test_what_stays_does_not(going: tuple[FlaskClient, Flask]) -> None:
    answer = going[0].get("/v1/new")
    assert answer.status_code == 200
    assert set(SAID).isdisjoint(dict(answer.headers))


def test_the_document_says_it(going: tuple[FlaskClient, Flask]) -> None:
    paths = going[1].extensions["document"]["paths"]
    assert paths["/v1/old"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/v1/new"]["get"]


def test_a_notice_of_less_than_a_year_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="365 days before"):
        Deprecated(date(2027, 2, 1), date(2028, 1, 31), "/v1/new")
