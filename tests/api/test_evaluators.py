"""Somebody becomes a host's evaluator: what was shared leaves him by every door, until she says otherwise."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.api.conftest import HANA, OLGA
from tests.builders import Caller, caller, make_person, put, services_of

ADA = "ada-administers"
SHARED = {
    "visits": "visit-one",
    "notes": "note-other",
    "debriefs": "debrief-one",
    "next_steps": "step-one",
    "media": "film-one",
    "comments": "comment-one",
}


@pytest.fixture
def ada(app: Flask, tenant_id: UUID) -> Caller:
    """An administrator."""
    return caller(app, tenant_id, make_person(services_of(app), tenant_id, ADA, "admin"))


@pytest.fixture
def shared(app: Flask, tenant_id: UUID) -> dict[str, str]:
    """What Olga, who observed, reads of Hana's visit."""
    said: dict[str, dict[str, Any]] = {
        "visits": {"host_id": HANA, "observer_ids": [OLGA], "state": "shared", "released_people_ids": [OLGA]},
        "notes": {"visit_id": "visit-one", "note_kind": "noticing", "text": "Three.", "state": "released"},
        "debriefs": {"visit_id": "visit-one"},
        "next_steps": {"visit_id": "visit-one", "text": "Wait."},
        "media": {"visit_id": "visit-one", "state": "ready", "renditions": ["small"]},
        "comments": {"media_id": "film-one", "text": "Here."},
    }
    for collection, fields in said.items():
        put(services_of(app), tenant_id, collection, SHARED[collection], **fields)
    return SHARED


def becomes_evaluator(ada: Caller) -> None:
    said = {"id": "olga-evaluates", "person_id": OLGA, "role": "evaluator", "host_id": HANA}
    assert ada.post("/v1/role_grants", said).status_code == 201


def native(asker: Caller, cursor: str | None = None) -> tuple[dict[str, bool], str]:
    """Whether each shared record that a pull names is deleted, and where it ends."""
    told = asker.post("/v1/sync/pull", {"cursor": cursor, "limit": 500}).json
    assert told is not None
    found = {one["id"]: one["deleted"] for one in told["changes"] if one["id"] in SHARED.values()}
    return found, told["cursor"]


def rxdb(asker: Caller, collection: str, seq: int = 0, boot: int = 0, epoch: int = 0) -> Any:
    path = f"/v1/sync/rxdb/{collection}/pull?seq={seq}&boot={boot}&epoch={epoch}&limit=100"
    return asker.get(path).json


def watermelon(asker: Caller, since: int | None = None) -> Any:
    at = "null" if since is None else since
    return asker.get(f"/v1/sync/watermelon?last_pulled_at={at}&schema_version=1&migration=null").json


def test_by_the_native_door(shared: dict[str, str], olga: Caller, ada: Caller) -> None:
    before, cursor = native(olga)
    assert before == dict.fromkeys(shared.values(), False)
    becomes_evaluator(ada)
    assert native(olga, cursor)[0] == dict.fromkeys(shared.values(), True)
    assert native(olga)[0] == {}


@pytest.mark.parametrize("collection", SHARED)
def test_by_the_door_of_rxdb(shared: dict[str, str], olga: Caller, ada: Caller, collection: str) -> None:
    before = rxdb(olga, collection)
    assert [one["_deleted"] for one in before["documents"]] == [False]
    becomes_evaluator(ada)
    after = rxdb(olga, collection, **before["checkpoint"])
    assert [(one["id"], one["_deleted"]) for one in after["documents"]] == [(shared[collection], True)]
    assert shared[collection] not in [one["id"] for one in rxdb(olga, collection)["documents"]]


def test_by_the_door_of_watermelondb(shared: dict[str, str], olga: Caller, ada: Caller) -> None:
    before = watermelon(olga)
    assert all(len(before["changes"][collection]["updated"]) == 1 for collection in shared)
    becomes_evaluator(ada)
    after = watermelon(olga, before["timestamp"])
    assert {name: after["changes"][name]["deleted"] for name in shared} == {n: [i] for n, i in shared.items()}


def test_by_rest_and_by_links(shared: dict[str, str], olga: Caller, hana: Caller, ada: Caller) -> None:
    paths = [f"/v1/{collection}/{one}" for collection, one in shared.items()]
    paths += [f"{path}/history" for path in paths]
    paths += ["/v1/media/film-one/link", "/v1/visits/visit-one/notes.vtt", "/v1/visits/visit-one/annotations"]
    opened = {path: olga.get(path).status_code for path in paths if "/link" not in path}
    assert set(opened.values()) == {200}, opened
    becomes_evaluator(ada)
    for path in paths:
        absent = olga.get(path.replace("-one", "-none").replace("-other", "-none"))
        refused = olga.get(path)
        assert (refused.status_code, refused.data) == (404, absent.data), path
        if "/link" not in path:
            assert hana.get(path).status_code == 200, path
    assert olga.post("/v1/media/film-one/play").status_code == 404
    assert [olga.get(f"/v1/{collection}").json for collection in shared] == [
        {"items": [], "cursor": None}
    ] * 6


def test_the_host_is_asked_and_lets_her_see_again(
    shared: dict[str, str], olga: Caller, hana: Caller, ada: Caller
) -> None:
    becomes_evaluator(ada)
    listed = hana.get("/v1/pauses").json
    assert listed is not None
    (pause,) = listed["items"]
    assert (pause["state"], pause["evaluator_id"]) == ("asked", OLGA)
    for other in (olga, ada):
        assert other.get("/v1/pauses").json == {"items": [], "cursor": None}
        assert other.patch(f"/v1/pauses/{pause['id']}", {"state": "lifted"}).status_code == 404
    assert hana.patch(f"/v1/pauses/{pause['id']}", {"state": "lifted"}).status_code == 200
    assert olga.get("/v1/visits/visit-one").status_code == 200
