"""Everybody by every endpoint: what the table of rights says, and of what is hidden nothing, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from service.accounts.apps.scopes import SCOPES
from sync.server.actor import SYSTEM
from tests import tally
from tests.rights.asking import ELSEWHERE, IN_PLACE_OF, SHUT_OUT, Stage, refusal, told
from tests.rights.leave_of_apps import ALL, HOLDS, hides
from tests.rights.readers import READERS, of
from tests.rights.rules import ROWS, Row
from tests.rights.school import PEOPLE

UNKNOWN, FAR = "never-heard-of", "far"
NUMBERED = ("webhooks", "push_subscriptions", "identities", "identity_providers", "roster_previews")
ABSENT = dict.fromkeys(NUMBERED, str(UUID(int=7)))
"""An id that could be one and is none, where ids are UUIDs."""
IN_BOTH = {"people/host", "role_grants/hana-hosts", "role_grants/eva-evaluates", "pauses/eva-evaluates"}
"""She has the same id in both tenants, and so has what follows from what stands on her record."""
COLLECTIONS = sorted({row.of for row in ROWS})


def address(row: Row, record_id: str) -> tuple[str, str]:
    """The method and the path of the endpoint, with this id in it."""
    method, _, rule = row.endpoint.partition(" ")
    path = rule.replace("<number>", "1").replace("<language>", "de")
    return method, re.sub(r"<\w+>", record_id, path)


def targets(stage: Stage, collection: str) -> Iterator[tuple[str, str]]:
    """(name, id) of what is there, of what was deleted, and of what the other tenant hides most and least."""
    names = of(collection)
    yield from ((name, stage.near.ids[name]) for name in names)
    yield from ((f"{FAR} {name}", stage.far.ids[name]) for name in {names[0], names[-1]} - IN_BOTH)
    if collection in stage.near.gone:
        yield "gone", stage.near.gone[collection]


def expected(row: Row, asker: str, name: str) -> int:
    """The status that the table names, or that of nothing for what is not hers to read."""
    tenant, _, plain = name.rpartition(" ")
    person_id = IN_PLACE_OF.get(asker, asker)
    here = plain in IN_BOTH or (tenant == FAR) == (asker == ELSEWHERE)
    hers = here and not READERS.get(plain, frozenset()).isdisjoint({asker, person_id})
    seen = hers and not hides(row.of, asker)
    return row.expected(person_id, plain) if seen and is_open(row, asker) else of_nothing(row, asker)


def is_open(row: Row, asker: str) -> bool:
    """Whether she may ask at all."""
    return refusal(row.endpoint, asker) is None and (row.only is None or asker in row.only)


def of_nothing(row: Row, asker: str) -> int:
    """The status of what is not there, and so of what is not hers to read."""
    return refusal(row.endpoint, asker) or (404 if is_open(row, asker) else 403)


def differences(stage: Stage, row: Row, asker: str) -> Iterator[str]:
    """Where this endpoint answers her otherwise than the table says."""
    nothing = told(stage.ask(asker, *address(row, ABSENT.get(row.of, UNKNOWN)), **row.said))
    if nothing[0] != of_nothing(row, asker):
        yield f"{asker} {row.endpoint} of nothing: {nothing[0]}"
    for name, record_id in targets(stage, row.of):
        due = expected(row, asker, name)
        answer = stage.ask(asker, *address(row, record_id), stays=due >= 400, **row.said)
        tally.count("cells of the matrix of rights", 1)
        if answer.status_code != due:
            yield f"{asker} {row.endpoint} {name}: {answer.status_code}, not {due} {answer.data[:200]!r}"
        elif (due in (401, 404) or not is_open(row, asker)) and told(answer) != nothing:
            yield f"{asker} {row.endpoint} {name}: another {due} than of nothing: {told(answer)} {nothing}"


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_matrix_of(stage: Stage, collection: str) -> None:
    rows = [row for row in ROWS if row.of == collection]
    found = [it for row in rows for asker in stage.askers for it in differences(stage, row, asker)]
    assert not found, "\n".join(found)


def test_the_matrix_knows_everybody_and_everything(stage: Stage) -> None:
    assert set(stage.askers) == {*PEOPLE, ELSEWHERE, *SHUT_OUT, *HOLDS}
    assert SYSTEM in SHUT_OUT
    assert set(SCOPES) == ALL
    assert set(stage.near.ids) == set(stage.far.ids) == set(READERS)
    assert {name.partition("/")[0] for name in READERS} == set(COLLECTIONS)


@pytest.mark.parametrize("asker", SHUT_OUT)
def test_the_matrix_of_who_is_shut_out(stage: Stage, asker: str) -> None:
    answer = stage.ask(asker, "GET", "/v1/me")
    assert answer.json["type"] == f"/problems/{SHUT_OUT[asker]}"
