"""The matrix of what people have beside records: which of it is listed to whom, and what addresses in letters open."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests import tally
from tests.rights.asking import ELSEWHERE, IN_PLACE_OF, Stage, refusal, told
from tests.rights.belongings import NO_ROSTER, ROSTERS
from tests.rights.leave_of_apps import APP
from tests.rights.plain_rows import CHALLENGE, DEVICE, LETTERS
from tests.rights.readers import READERS, of
from tests.rights.school import ADA, OLGA

CELLS = "cells of the matrix of rights"
LISTED = {
    "webhooks": "GET /v1/webhooks",
    "push_subscriptions": "GET /v1/push-subscriptions",
    "passkeys": "GET /v1/me/ways-in",
    "identities": "GET /v1/me/ways-in",
    "identity_providers": "GET /v1/identity-providers",
    "granted_apps": "GET /v1/apps",
    "apps": "GET /v1/admin/apps",
}


def shown(answer: TestResponse, collection: str) -> set[str]:
    """The ids in a list; of what was refused none."""
    said: dict[str, Any] = answer.json if answer.status_code == 200 else {}
    items = said.get(collection) or said.get("items") or []
    return {str(item.get("id") or item.get("client_id")) for item in items}


def hers(stage: Stage, asker: str, collection: str) -> set[str]:
    """The ids that the table lets her read; an app that nobody approved is on nobody's list."""
    school = stage.far if asker == ELSEWHERE else stage.near
    who = {asker, IN_PLACE_OF.get(asker, asker)}
    names = [name for name in of(collection) if who & READERS[name] and name != "apps/of-the-operator"]
    return {school.ids[name] for name in names}


@pytest.mark.parametrize("collection", LISTED)
def test_the_matrix_of_lists(stage: Stage, collection: str) -> None:
    method, path = LISTED[collection].split()
    for asker in stage.askers:
        tally.count(CELLS, 1)
        due = set() if refusal(LISTED[collection], asker) else hers(stage, asker, collection)
        assert (asker, shown(stage.ask(asker, method, path), collection)) == (asker, due)


def test_the_matrix_of_lists_shows_something(stage: Stage) -> None:
    assert all(hers(stage, OLGA, name) or hers(stage, ADA, name) for name in LISTED)
    assert hers(stage, APP, "webhooks") < hers(stage, ADA, "webhooks")


@pytest.mark.parametrize("endpoint", LETTERS)
def test_the_matrix_of_letters(stage: Stage, endpoint: str) -> None:
    """The address is the leave: whoever has a good one is told the same, whoever has another is told of nothing."""
    purpose, status = LETTERS[endpoint]
    method, _, rule = endpoint.partition(" ")
    letters = stage.belongings.letters[purpose]
    of_nothing = told(stage.ask(OLGA, method, rule.replace("<token>", "forged")))
    for which, token in letters.items():
        answers = [told(stage.ask(asker, method, rule.replace("<token>", token))) for asker in stage.askers]
        tally.count(CELLS, len(answers))
        assert (which, {answer[0] for answer in answers}) == (which, {status if which == "good" else 404})
        assert all(answer == answers[0] for answer in answers), which
        assert which == "good" or answers[0] == of_nothing, which


def test_the_matrix_of_schools_own_sign_in(stage: Stage) -> None:
    """Who begins there has said who she is to nobody yet: all are sent on alike, here to a machine that does not answer."""
    for school in (stage.near, stage.far):
        path = f"/v1/sign-in/oidc/{school.ids['identity_providers/own']}/start"
        answers = [
            told(stage.ask(asker, "GET", path, query_string=DEVICE | CHALLENGE)) for asker in stage.askers
        ]
        tally.count(CELLS, len(answers))
        assert answers[0][0] == 502
        assert all(answer == answers[0] for answer in answers)


def test_the_matrix_of_rosters(stage: Stage) -> None:
    """What is no zip is looked at, and stays."""
    for asker in stage.askers:
        answer = stage.ask(asker, "POST", ROSTERS, stays=True, **NO_ROSTER)
        tally.count(CELLS, 1)
        due = refusal(f"POST {ROSTERS}", asker) or (202 if asker == ADA else 403)
        assert (asker, answer.status_code) == (asker, due)


def test_the_matrix_of_exports(stage: Stage) -> None:
    """Last in this file: here one is asked for, and stays."""
    endpoint = "GET /v1/me/export"
    assert stage.ask(OLGA, "POST", "/v1/me/export", stays=True).status_code == 202
    got = {asker: stage.ask(asker, *endpoint.split()).status_code for asker in stage.askers}
    tally.count(CELLS, len(got))
    due = {asker: 200 if asker == OLGA else 404 for asker in stage.askers}
    assert got == {asker: refusal(endpoint, asker) or due[asker] for asker in stage.askers}
