"""Who learns what by whichever door: lists, counts, the three sync doors, and what is said live. Each is held against one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.live import news
from service.live.news import Stand
from service.records import KINDS
from sync.server import sequence
from sync.server.dialects.rxdb import START  # what an empty collection says there
from tests import tally
from tests.rights.asking import ELSEWHERE, IN_PLACE_OF, Stage, refusal
from tests.rights.leave_of_apps import APP, ITSELF, NARROW
from tests.rights.readers import READERS, of
from tests.rights.rules import CHANGED
from tests.rights.school import PEOPLE, School

READING = (*PEOPLE, ELSEWHERE, APP, NARROW, ITSELF)
KEPT = {"conflicts": {"kept": "Other words."}, "rejected_writes": {"payload": "Other words."}}
Record = dict[str, Any]


def due(stage: Stage, asker: str, collection: str) -> set[str]:
    """The ids that the table lets her read."""
    school = stage.far if asker == ELSEWHERE else stage.near
    person_id = IN_PLACE_OF.get(asker, asker)
    named = {school.ids[name] for name in of(collection) if person_id in READERS[name]}
    return named | {"people": set(PEOPLE), "role_grants": school.grants}.get(collection, set())


def open_to(asker: str) -> list[str]:
    """The kinds of which she may ask: all, unless she is an app without the scope."""
    return [name for name in KINDS if refusal(f"GET /v1/{name}", asker) is None]


def listed(stage: Stage, asker: str, collection: str, **query: str) -> list[Record]:
    """By REST, three at a time."""
    items, cursor = [], {}
    while True:
        page = stage.ask(
            asker, "GET", f"/v1/{collection}", query_string={"limit": "3", **query, **cursor}
        ).json
        items += page["items"]
        if page["cursor"] is None:
            return items
        cursor = {"cursor": page["cursor"]}


def pulled(stage: Stage, asker: str, collection: str) -> list[Record]:
    """By the native door."""
    said: Record = {"collections": [collection], "limit": 3}
    found: list[Record] = []
    while True:
        page = stage.ask(asker, "POST", "/v1/sync/pull", stays=True, json=said).json
        found += [change["record"] or {"id": change["id"], "deleted": True} for change in page["changes"]]
        if not page["more"]:
            return found
        said["cursor"] = page["cursor"]


def replicated(stage: Stage, asker: str, collection: str) -> list[Record]:
    """By RxDB's door."""
    found: list[Record] = []
    checkpoint: dict[str, int] = {}
    while True:
        path = f"/v1/sync/rxdb/{collection}/pull"
        page = stage.ask(asker, "GET", path, query_string={"limit": 3, **checkpoint}).json
        found += page["documents"]
        checkpoint = page["checkpoint"]
        if len(page["documents"]) < 3:
            return found


def synchronized(stage: Stage, asker: str, collection: str) -> list[Record]:
    """By WatermelonDB's door."""
    query = {"last_pulled_at": "null", "collections": collection}
    page = stage.ask(asker, "GET", "/v1/sync/watermelon", query_string=query).json
    assert not page["has_more"]
    rows = page["changes"].get(collection, {"created": [], "updated": [], "deleted": []})
    return [*rows["created"], *rows["updated"], *({"id": one, "deleted": True} for one in rows["deleted"])]


DOORS = {"list": listed, "native": pulled, "rxdb": replicated, "watermelon": synchronized}


@pytest.mark.parametrize("door", DOORS)
def test_the_matrix_of_doors(stage: Stage, door: str) -> None:
    for asker in READING:
        for collection in open_to(asker):
            ids = {record["id"] for record in DOORS[door](stage, asker, collection)} - {START}
            tally.count("cells of the matrix of rights", 1)
            assert (asker, sorted(ids)) == (asker, sorted(due(stage, asker, collection)))


@pytest.mark.parametrize("asker", [APP, NARROW, ITSELF])
def test_the_matrix_of_doors_that_no_scope_opens(stage: Stage, asker: str) -> None:
    """Asked for by name, what is closed to an app is refused; asked for everything, it is brought the rest alone."""
    closed = set(KINDS) - set(open_to(asker))
    assert closed
    for collection in closed:
        asked = {
            "list": stage.ask(asker, "GET", f"/v1/{collection}"),
            "native": stage.ask(asker, "POST", "/v1/sync/pull", json={"collections": [collection]}),
            "rxdb": stage.ask(asker, "GET", f"/v1/sync/rxdb/{collection}/pull"),
            "watermelon": stage.ask(
                asker, "GET", "/v1/sync/watermelon", query_string={"collections": collection}
            ),
            "counts": stage.ask(asker, "GET", "/v1/sync/digest", query_string={"collection": collection}),
        }
        tally.count("cells of the matrix of rights", len(asked))
        told = {door: (answer.status_code, answer.json["type"]) for door, answer in asked.items()}
        assert told == dict.fromkeys(asked, (403, "/problems/scope-required")), collection
    if open_to(asker):
        everything = stage.ask(asker, "POST", "/v1/sync/pull", stays=True, json={"limit": 2000}).json
        assert not everything["more"]
        assert {change["collection"] for change in everything["changes"]} <= set(open_to(asker))


def test_the_matrix_of_counts(stage: Stage) -> None:
    for asker in READING:
        for collection in open_to(asker):
            told = stage.ask(asker, "GET", "/v1/sync/digest", query_string={"collection": collection}).json
            tally.count("cells of the matrix of rights", 1)
            assert (asker, collection, told["count"]) == (
                asker,
                collection,
                len(due(stage, asker, collection)),
            )


def test_the_matrix_of_the_board(stage: Stage) -> None:
    for asker in READING:
        if refusal("GET /v1/board", asker):
            continue
        shown = {door["invitation"]["id"] for door in stage.ask(asker, "GET", "/v1/board").json["items"]}
        drafts = {school.ids["invitations/draft"] for school in (stage.near, stage.far)}
        assert (asker, shown) == (asker, due(stage, asker, "invitations") - drafts)


@pytest.mark.parametrize("collection", ["notes", "debriefs", "next_steps", "media"])
def test_filters_find_only_what_is_hers(stage: Stage, collection: str) -> None:
    for asker in (one for one in READING if collection in open_to(one)):
        for stage_of_visit in ("drafted", "shared", "released"):
            visit_id = stage.near.ids[f"visits/{stage_of_visit}"]
            found = {record["id"] for record in listed(stage, asker, collection, visit_id=visit_id)}
            assert found <= due(stage, asker, collection)
            assert found == {
                one["id"] for one in listed(stage, asker, collection) if one["visit_id"] == visit_id
            }


def moved(school: School, name: str) -> set[str]:
    """Who hears that the collection moved when the service changes something of this record."""
    collection = name.partition("/")[0]
    everybody = [*PEOPLE, "people-who-left", "system"]
    with school.services.database.begin(school.tenant_id) as connection:
        clock = sequence.read(connection, school.tenant_id)
    school.put(name, **(KEPT.get(collection) or CHANGED[collection][0]))
    with school.services.database.begin(school.tenant_id) as connection:
        heard = news.since(connection, school.tenant_id, everybody, Stand(clock.seq, clock.epoch))
    return {person_id for person_id, names in heard.by_person.items() if collection in names}


def of_records() -> Iterator[str]:
    return (name for name in READERS if name.partition("/")[0] in KINDS)


def test_the_matrix_of_who_hears(stage: Stage) -> None:
    """Last in this file: here it is written, and stays."""
    for name in of_records():
        tally.count("cells of the matrix of rights", len(PEOPLE))
        assert (name, moved(stage.near, name)) == (name, set(READERS[name]))
