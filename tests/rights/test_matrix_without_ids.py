"""The rest of the matrix: endpoints without an id, what is made, addresses that are their own leave; and that none is forgotten."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.media.capability import PLAYBACK, UPLOAD
from tests import tally
from tests.rights.asking import REVOKED, SHUT_OUT, Stage, told
from tests.rights.plain_rows import BY_LEAVE, LIVE, OWN, PUBLIC, made
from tests.rights.rules import ROWS

CELLS = "cells of the matrix of rights"
DOCUMENTS = re.compile(r"/v1/(openapi\.json|docs/.*)$")
"""Pages that say what the service is, and nothing of anybody."""


def split(endpoint: str) -> tuple[str, str]:
    method, _, rule = endpoint.partition(" ")
    return method, rule.replace("<name>", "notes").replace("<slug>", "never-heard-of")


def plain(rule: str) -> str:
    """The rule without its converters."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule)


def test_the_matrix_knows_every_endpoint(app: Flask, stage: Stage) -> None:
    named = (
        {row.endpoint for row in ROWS}
        | {*PUBLIC, *OWN, *LIVE}
        | {f"POST /v1/{name}" for name in made(stage.near)}
    )
    by_leave = {it.replace("/poster", "/<name>").replace("id>/1", "id>/<number>") for it in BY_LEAVE}
    served = {
        f"{method} {plain(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not DOCUMENTS.match(rule.rule)
    }
    assert served == named | by_leave


@pytest.mark.parametrize("endpoint", PUBLIC)
def test_the_matrix_of_what_is_public(stage: Stage, endpoint: str) -> None:
    status, said = PUBLIC[endpoint]
    answers = {asker: told(stage.ask(asker, *split(endpoint), **said)) for asker in stage.askers}
    tally.count(CELLS, len(answers))
    assert {answer[0] for answer in answers.values()} == {status}
    assert [asker for asker, answer in answers.items() if answer != answers[SHUT_OUT_FIRST]] == []


SHUT_OUT_FIRST = next(iter(SHUT_OUT))


@pytest.mark.parametrize("endpoint", OWN)
def test_the_matrix_of_what_is_ones_own(stage: Stage, endpoint: str) -> None:
    status, said = OWN[endpoint]
    got = {asker: stage.ask(asker, *split(endpoint), **said).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    assert got == {asker: 401 if asker in SHUT_OUT else status for asker in stage.askers}


@pytest.mark.parametrize("endpoint", sorted(LIVE))
def test_the_matrix_of_what_is_live(stage: Stage, endpoint: str) -> None:
    got = {asker: stage.ask(asker, *split(endpoint)).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    outside = {asker for asker, problem in SHUT_OUT.items() if problem == "sign-in-required"}
    assert got == {asker: 401 if asker in outside else 404 for asker in stage.askers}


LEAVES = {
    "good": 0,
    "of another purpose": 404,
    "of who signed out": 404,
    "of what is gone": 404,
    "forged": 404,
}


@pytest.mark.parametrize("endpoint", BY_LEAVE)
def test_the_matrix_of_leaves(stage: Stage, endpoint: str) -> None:
    """The address is the leave: it does not matter who asks, only what it was given for, and to whom."""
    status, said = BY_LEAVE[endpoint]
    method, rule = split(endpoint)
    purpose = PLAYBACK if "/play/" in rule else UPLOAD

    def asked(asker: str, token: str) -> TestResponse:
        key, upload_id = stage.uploading()
        query = {"query_string": {"key": key}} if "<upload_id>" in rule else {}
        return stage.ask(
            asker, method, rule.replace("<token>", token).replace("<upload_id>", upload_id), **query, **said
        )

    forged = told(asked(REVOKED, "forged"))
    for leave, due in LEAVES.items():
        token = stage.leave(purpose, leave)
        answers = {asker: asked(asker, token) for asker in stage.askers}
        tally.count(CELLS, len(answers))
        assert {answer.status_code for answer in answers.values()} == {due or status}, (leave, answers)
        assert due == 0 or all(told(answer) == forged for answer in answers.values()), leave


def test_the_matrix_of_what_is_made(stage: Stage) -> None:
    found = []
    for name, (words, who) in made(stage.near).items():
        for asker in stage.askers:
            due = next((status for status, whom in who.items() if asker in whom), 403)
            if asker in SHUT_OUT:
                due = 401
            answer = stage.ask(asker, "POST", f"/v1/{name}", json={"id": "made-now"} | words)
            tally.count(CELLS, 1)
            if answer.status_code != due:
                found.append(f"{asker} makes {name}: {answer.status_code}, not {due} {answer.data[:160]!r}")
    assert not found, "\n".join(found)
