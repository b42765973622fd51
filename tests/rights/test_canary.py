"""The canary finds what is told to the wrong eyes, and what a log line says."""

from __future__ import annotations

import psycopg
import pytest
import structlog
from sqlalchemy import true

from service.api import reading
from tests import canary
from tests.conftest import owner_url
from tests.rights.asking import ELSEWHERE, Stage
from tests.rights.school import HANA, OLGA, PAUL


def test_it_finds_what_the_wrong_eyes_see(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stage.ask(PAUL, "GET", "/v1/notes").json["items"] == []
    assert canary.LEAKS == []
    with monkeypatch.context() as patch:
        patch.setattr(reading, "visible", lambda *_: true())
        assert len(stage.ask(PAUL, "GET", "/v1/notes").json["items"]) == 5
    assert any(f"GET /v1/notes tells {PAUL} b'A note that is draft'" in leak for leak in canary.LEAKS)
    canary.LEAKS.clear()
    assert stage.ask(OLGA, "GET", "/v1/notes").json["items"] != []
    assert canary.LEAKS == []


def test_it_finds_what_is_told_to_the_other_tenant(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.near.say(OLGA, "notes/draft", text="A note of the near tenant alone.")
    text = b'{"items":[{"text":"A note of the near tenant alone."}],"cursor":null}'
    with monkeypatch.context() as patch:
        patch.setattr(reading, "page", lambda *_: reading.json_text(text.decode()))
        stage.ask(ELSEWHERE, "GET", "/v1/notes")
    assert [leak for leak in canary.LEAKS if "a stranger" in leak] != []
    canary.LEAKS.clear()


def test_it_hears_what_phones_send(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {
        "visit_id": stage.near.ids["visits/drafted"],
        "note_kind": "quote",
        "text": "Words that came by a phone.",
    }
    change = {"op_id": "op-of-a-phone", "collection": "notes", "id": "note-of-a-phone", "fields": fields}
    pushed = stage.ask(OLGA, "POST", "/v1/sync/push", stays=True, json={"changes": [change]})
    assert pushed.json["outcomes"][0]["status"] == "applied", pushed.json
    with monkeypatch.context() as patch:
        patch.setattr(reading, "visible", lambda *_: true())
        stage.ask(PAUL, "GET", "/v1/notes")
    assert any(f"tells {PAUL} b'Words that came by a phone" in leak for leak in canary.LEAKS)
    canary.LEAKS.clear()


def test_it_looks_again_where_the_database_was_replaced(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is cut off then, as all are; what Hana may see is no leak, and what Paul may not still is one."""
    stage.ask(HANA, "GET", "/v1/notes")
    with psycopg.connect(
        owner_url(stage.near.services.settings.database_url).replace("+psycopg", "")
    ) as owner:
        for looking in canary._LOOKING.values():
            owner.execute("SELECT pg_terminate_backend(%s)", [looking.info.backend_pid])
    stage.near.say(OLGA, "notes/draft", text="Written after the restore.")
    assert stage.ask(HANA, "GET", "/v1/notes").json["items"] != []
    assert canary.LEAKS == []
    with monkeypatch.context() as patch:
        patch.setattr(reading, "visible", lambda *_: true())
        stage.ask(PAUL, "GET", "/v1/notes")
    assert any(f"tells {PAUL}" in leak for leak in canary.LEAKS)
    canary.LEAKS.clear()


def test_it_reads_the_logs(stage: Stage) -> None:
    stage.near.say(OLGA, "notes/draft", text="Words that no log may say.")
    assert canary.said_in_logs() == []
    structlog.PrintLogger().msg('{"event": "Words that no log may say."}')
    assert canary.said_in_logs() != []
    canary.LINES.clear()
