"""What is hidden shows in nothing else either: not in what a refusal says, nor in how much PostgreSQL is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from sync.server import statement
from tests.rights.asking import Stage
from tests.rights.rules import ROWS
from tests.rights.school import HANA, PAUL, PETRA
from tests.rights.test_matrix import address

ABSENT = "never-heard-of"
NAMING = {
    "a visit": ("notes", {"note_kind": "noticing", "text": "New."}, "visit_id", "visits/drafted", PETRA),
    "a debrief": ("next_steps", {"text": "New."}, "debrief_id", "debriefs/drafted", PETRA),
    "a recording": ("comments", {"text": "New."}, "media_id", "media/drafted", PAUL),
    "an invitation": ("seats", {"person_id": PETRA}, "invitation_id", "invitations/draft", PETRA),
    "the invitation of a visit": ("visits", {"host_id": PETRA}, "invitation_id", "invitations/draft", PETRA),
    "a group": ("memberships", {"person_id": PETRA}, "group_id", "groups/team", PETRA),
    "a group to invite": ("invitations", {"host_id": PETRA}, "group_ids", "groups/team", PETRA),
    "a note": ("media", {}, "note_id", "notes/draft", HANA),
    "a clip's recording": ("media", {"from_ms": 0, "until_ms": 5000}, "clip_of", "media/drafted", HANA),
    "a comment": ("comments", {"text": "New."}, "reply_to", "comments/drafted", HANA),
}
"""A new record that names what its writer may not see."""


def said_of(stage: Stage, what: str, named: str) -> str:
    """What is answered when a new record names this id, which stands for itself wherever it is repeated."""
    collection, words, name, _, asker = NAMING[what]
    beside = {"media": {"visit_id": "visits/shared"}, "comments": {"media_id": "media/shared"}}.get(
        collection, {}
    )
    known = {one: stage.near.ids[record] for one, record in beside.items()} | {"id": "names-something"}
    body = known | words | {name: [named] if name.endswith("_ids") else named}
    answer = stage.ask(asker, "POST", f"/v1/{collection}", json=body)
    assert answer.status_code >= 400, answer.data
    return f"{answer.status_code} {answer.get_data(as_text=True)}".replace(named, "it")


@pytest.mark.parametrize("what", NAMING)
def test_a_refusal_does_not_tell_hidden_from_absent(stage: Stage, what: str) -> None:
    hidden = stage.near.ids[NAMING[what][3]]
    absent = said_of(stage, what, ABSENT)
    assert said_of(stage, what, hidden) == absent
    assert said_of(stage, what, stage.far.ids[NAMING[what][3]]) == absent


def test_to_release_to_a_group_does_not_tell_that_it_is_there(stage: Stage) -> None:
    path = f"/v1/visits/{stage.near.ids['visits/shared']}/release"

    def said(group_id: str) -> str:
        answer = stage.ask(HANA, "POST", path, json={"group_ids": [group_id]})
        return f"{answer.status_code} {answer.get_data(as_text=True)}".replace(group_id, "it")

    assert said(stage.near.ids["groups/team"]) == said(ABSENT)


@contextmanager
def statements(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What PostgreSQL is asked meanwhile, without the values."""
    asked: list[str] = []
    converse = statement.converse

    def heard(driver: Any, known: Any, parts: Any) -> Any:
        asked.extend(part.split("'")[0] if isinstance(part, str) else str(id(part[0])) for part in parts)
        return converse(driver, known, parts)

    def noted(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        asked.append(text)

    engine = stage.near.services.database.engine
    event.listen(engine, "before_cursor_execute", noted)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(statement, "converse", heard)
            yield asked
    finally:
        event.remove(engine, "before_cursor_execute", noted)


@pytest.mark.parametrize("collection", ["notes", "visits", "media", "invitations", "groups"])
def test_hidden_costs_what_absent_costs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, collection: str
) -> None:
    """The same statements, as many of them: no clock could tell the two apart by more than chance."""
    hidden = stage.near.ids[
        {"notes": "notes/draft", "invitations": "invitations/draft", "groups": "groups/team"}.get(
            collection, f"{collection}/drafted"
        )
    ]
    for row in (row for row in ROWS if row.of == collection):
        told = []
        for record_id in (ABSENT, hidden):
            with statements(stage, monkeypatch) as asked:
                status = stage.ask(PAUL, *address(row, record_id), stays=True, **row.said).status_code
            told.append((status, asked))
        assert told[0][0] == 404
        assert len(told[0][1]) > 1
        assert told[0] == told[1], row.endpoint
