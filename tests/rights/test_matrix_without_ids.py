"""The rest of the matrix: endpoints without an id, what is made, addresses that are their own leave; and that none is forgotten."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service.media.capability import PLAYBACK, UPLOAD
from tests import tally
from tests.rights.asking import IN_PLACE_OF, REVOKED, SHUT_OUT, Stage, refusal, told
from tests.rights.belongings import ROSTERS
from tests.rights.leave_of_apps import APP, HOLDS
from tests.rights.plain_rows import BY_LEAVE, LETTERS, LIVE, OWN, PUBLIC, RESERVED, made
from tests.rights.rules import ROWS
from tests.rights.school import ADA

CELLS = "cells of the matrix of rights"
DOCUMENTS = re.compile(r"/v1/(openapi\.json|docs/.*)$")
"""Pages that say what the service is, and nothing of anybody."""
MADE_UP = re.compile(rb'"challenge": ?"[\w-]+"')


def split(endpoint: str) -> tuple[str, str]:
    method, _, rule = endpoint.partition(" ")
    path = rule.replace("<name>", "notes").replace("<slug>", "never-heard-of")
    return method, path.replace("<provider_id>", str(UUID(int=7)))


def plain(rule: str) -> str:
    """The rule without its converters."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule)


def test_the_matrix_knows_every_endpoint(app: Flask, stage: Stage) -> None:
    named = (
        {row.endpoint for row in ROWS}
        | {*PUBLIC, *OWN, *RESERVED, *LIVE, *LETTERS, f"POST {ROSTERS}"}
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


def alike(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """An answer without the challenge in it, which is another each time."""
    return *answer[:-1], MADE_UP.sub(b"", answer[-1])


@pytest.mark.parametrize("endpoint", PUBLIC)
def test_the_matrix_of_what_is_public(stage: Stage, endpoint: str) -> None:
    status, said = PUBLIC[endpoint]
    answers = {asker: alike(told(stage.ask(asker, *split(endpoint), **said))) for asker in stage.askers}
    tally.count(CELLS, len(answers))
    assert {answer[0] for answer in answers.values()} == {status}
    assert [asker for asker, answer in answers.items() if answer != answers[SHUT_OUT_FIRST]] == []


SHUT_OUT_FIRST = next(iter(SHUT_OUT))


@pytest.mark.parametrize("endpoint", OWN)
def test_the_matrix_of_what_is_ones_own(stage: Stage, endpoint: str) -> None:
    status, said = OWN[endpoint]
    got = {asker: stage.ask(asker, *split(endpoint), **said).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    assert got == {
        asker: refusal(endpoint.replace("<name>", "notes"), asker) or status for asker in stage.askers
    }


@pytest.mark.parametrize("endpoint", RESERVED)
def test_the_matrix_of_what_is_for_administrators(stage: Stage, endpoint: str) -> None:
    status, said, otherwise = RESERVED[endpoint]
    got = {asker: stage.ask(asker, *split(endpoint), **said).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    may = {asker: status if asker in (ADA, APP) else otherwise for asker in stage.askers}
    assert got == {asker: refusal(endpoint, asker) or due for asker, due in may.items()}


@pytest.mark.parametrize("endpoint", sorted(LIVE))
def test_the_matrix_of_what_is_live(stage: Stage, endpoint: str) -> None:
    got = {asker: stage.ask(asker, *split(endpoint)).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    lost = {asker for asker, problem in SHUT_OUT.items() if problem == "session-ended"}
    assert got == {asker: (asker not in lost and refusal(endpoint, asker)) or 404 for asker in stage.askers}


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
            person_id = IN_PLACE_OF[asker] if asker in HOLDS and asker in IN_PLACE_OF else asker
            due = next((status for status, whom in who.items() if person_id in whom), 403)
            due = refusal(f"POST /v1/{name}", asker) or due
            answer = stage.ask(asker, "POST", f"/v1/{name}", json={"id": "made-now"} | words)
            tally.count(CELLS, 1)
            if answer.status_code != due:
                found.append(f"{asker} makes {name}: {answer.status_code}, not {due} {answer.data[:160]!r}")
    assert not found, "\n".join(found)
