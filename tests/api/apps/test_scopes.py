"""An app reads and writes what its scopes say, by every door: the routes, the native sync, RxDB's and WatermelonDB's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, UUIDConverter

from service.accounts.apps.scopes import SCOPES
from service.api.terms import terms_of
from service.records import KINDS
from tests.api.apps.conftest import ANA, Browser, Maker, approve, register, tokens
from tests.builders import Caller, make_person, put, services_of

HOST, VISIT, NOTE = "person-host", "visit-one", "note-of-ana"
OTHERS = "a word that only notes hold"


@pytest.fixture
def note(app: Flask, tenant_id: UUID) -> str:
    """A note of Ana's on a visit."""
    services = services_of(app)
    make_person(services, tenant_id, HOST)
    put(services, tenant_id, "visits", VISIT, host_id=HOST, observer_ids=[ANA], state="captured")
    from tests.builders import caller

    made = caller(app, tenant_id, ANA).post(
        "/v1/notes", {"id": NOTE, "visit_id": VISIT, "note_kind": "noticing", "text": OTHERS}
    )
    assert made.status_code == 201, made.text
    return NOTE


def app_with(app: Flask, tenant_id: UUID, browser: Browser, *scopes: str) -> Caller:
    made = register(app, tenant_id, *scopes)
    approve(app, tenant_id, made.client_id, *scopes)
    maker = Maker(app, made.client_id, made.client_secret)
    return maker.caller(tokens(browser, maker, " ".join(scopes))["access_token"])


def push(caller: Caller, collection: str, record_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    change = {
        "op_id": f"op-{collection}-{record_id}",
        "collection": collection,
        "id": record_id,
        "fields": fields,
    }
    answer = caller.post("/v1/sync/push", {"changes": [change]})
    assert answer.status_code == 200, answer.text
    return dict((answer.json or {})["outcomes"][0])


def test_every_scope_that_opens_something_is_one_of_those_in_words(app: Flask) -> None:
    declared = {scope for kind in KINDS.values() for scope in kind.scopes}
    for view in app.view_functions.values():
        terms = terms_of(view)
        declared |= terms.scopes if terms else set()
    assert declared <= SCOPES.keys()
    assert SCOPES.keys() - declared <= {"trends:read", "roster:read"}
    assert not any("evaluat" in name for name in SCOPES)
    assert all(scope.en and scope.es and scope.en != scope.es for scope in SCOPES.values())


def test_what_no_app_may_see_has_no_scope() -> None:
    assert {name for name, kind in KINDS.items() if not kind.scopes} == {
        "conflicts",
        "rejected_writes",
        "read_events",
        "role_grants",
        "pauses",
    }


def test_without_its_scope_a_kind_is_not_there(
    app: Flask, tenant_id: UUID, browser: Browser, note: str
) -> None:
    only_visits = app_with(app, tenant_id, browser, "visits:read.own")
    assert only_visits.get(f"/v1/visits/{VISIT}").status_code == 200
    doors = [
        only_visits.get("/v1/notes"),
        only_visits.get(f"/v1/notes/{note}"),
        only_visits.get("/v1/notes/never-was-one"),
        only_visits.get(f"/v1/notes/{note}/history"),
        only_visits.get(f"/v1/visits/{VISIT}/notes.vtt"),
        only_visits.get(f"/v1/visits/{VISIT}/annotations"),
        only_visits.get("/v1/sync/digest?collection=notes"),
        only_visits.get("/v1/sync/rxdb/notes/pull?limit=10"),
        only_visits.post("/v1/sync/pull", {"collections": ["notes"]}),
        only_visits.get("/v1/sync/watermelon?collections=notes"),
    ]
    for answer in doors:
        assert answer.status_code == 403, answer.text
        assert (answer.json or {})["type"] == "/problems/scope-required"
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
        assert "notes:read" in answer.headers["WWW-Authenticate"]
        assert "resource_metadata=" in answer.headers["WWW-Authenticate"]
    pulled = only_visits.post("/v1/sync/pull", {})
    assert {row["collection"] for row in (pulled.json or {})["changes"]} == {"visits"}
    watermelon = only_visits.get("/v1/sync/watermelon")
    for answer in (*doors, pulled, watermelon):
        assert OTHERS not in answer.text
    assert doors[1].data == doors[2].data, "what is there and what is not are told alike"


def test_with_its_scope_it_is(app: Flask, tenant_id: UUID, browser: Browser, note: str) -> None:
    reader = app_with(app, tenant_id, browser, "notes:read")
    assert reader.get(f"/v1/notes/{note}").status_code == 200
    pulled = reader.post("/v1/sync/pull", {})
    assert {row["collection"] for row in (pulled.json or {})["changes"]} == {"notes"}
    again = reader.post("/v1/sync/pull", {"cursor": (pulled.json or {})["cursor"]})
    assert (again.json or {})["changes"] == []
    assert OTHERS in reader.get("/v1/sync/rxdb/notes/pull?limit=10").text
    assert OTHERS in reader.get("/v1/sync/watermelon").text


def test_who_may_only_read_writes_nothing(app: Flask, tenant_id: UUID, browser: Browser, note: str) -> None:
    reader = app_with(app, tenant_id, browser, "notes:read", "visits:write")
    assert reader.patch(f"/v1/notes/{note}", {"text": "changed"}).status_code == 403
    assert reader.post("/v1/notes", {"id": "note-new-one", "visit_id": VISIT}).status_code == 403
    assert reader.delete(f"/v1/notes/{note}").status_code == 403
    assert reader.post(f"/v1/visits/{VISIT}/share").status_code == 403
    outcome = push(reader, "notes", note, {"text": "changed"})
    assert (outcome["status"], outcome["problem"]["type"]) == ("rejected", "/problems/scope-required")
    row = {
        "newDocumentState": {"id": note, "visit_id": VISIT, "note_kind": "noticing", "text": "changed"},
        "assumedMasterState": None,
    }
    assert reader.post("/v1/sync/rxdb/notes/push", [row]).status_code == 200
    changes = {
        "notes": {
            "created": [],
            "updated": [{"id": note, "text": "changed", "_changed": "text"}],
            "deleted": [],
        }
    }
    reader.post("/v1/sync/watermelon?last_pulled_at=1", {"changes": changes})
    assert (reader.get(f"/v1/notes/{note}").json or {})["text"] == OTHERS


def test_a_refused_write_does_not_tell_what_stands_there(
    app: Flask, tenant_id: UUID, browser: Browser, note: str
) -> None:
    writer = app_with(app, tenant_id, browser, "visits:write")
    outcome = push(writer, "notes", note, {"text": "changed"})
    assert outcome["problem"]["type"] == "/problems/scope-required"
    assert OTHERS not in str(outcome)


def test_who_may_write_reads_and_writes_as_the_person(
    app: Flask, tenant_id: UUID, browser: Browser, note: str
) -> None:
    writer = app_with(app, tenant_id, browser, "notes:write")
    outcome = push(
        writer, "notes", "note-of-the-app", {"visit_id": VISIT, "note_kind": "noticing", "text": "by an app"}
    )
    assert outcome["status"] == "applied", outcome
    made = writer.get("/v1/notes/note-of-the-app").json or {}
    assert made["created_by"] == ANA
    with services_of(app).database.begin(tenant_id) as connection:
        fields = connection.exec_driver_sql(
            f"SELECT fields FROM sync_document WHERE tenant_id = '{tenant_id}' AND record_id = 'note-of-the-app'"
        ).scalar()
    assert '"app-' in str(fields), "the app's session is the device that wrote it"
    refused = push(writer, "people", "person-new-one", {"display_name": "Nobody"})
    assert refused["problem"]["type"] == "/problems/scope-required"


OURS_ALONE = [
    ("POST", "/v1/sign-out"),
    ("GET", "/v1/devices"),
    ("DELETE", "/v1/devices/phone-of-ana"),
    ("GET", "/v1/apps"),
    ("DELETE", "/v1/apps/app-000000000000000000000000"),
    ("GET", "/v1/admin/apps"),
    ("GET", "/v1/conflicts"),
    ("GET", "/v1/rejected_writes"),
    ("GET", "/v1/read_events"),
]


def test_what_is_for_our_own_apps_is_for_no_other(app: Flask, browser: Browser, lms: Maker) -> None:
    all_of_it = lms.caller(
        tokens(browser, lms, "profile notes:write visits:write people:read media:read")["access_token"]
    )
    for method, path in OURS_ALONE:
        answer = all_of_it.call(method, path)
        assert (path, answer.status_code) == (path, 403)


def _fits(converter: BaseConverter) -> object:
    if isinstance(converter, UUIDConverter):
        return UUID(int=1)
    return 1 if isinstance(converter, IntegerConverter) else "something-1"


def test_no_route_lets_an_app_in_unless_it_says_so(app: Flask, browser: Browser, lms: Maker) -> None:
    """Every route of the whole service, with a token that can do nothing but say its person's name."""
    only_profile = lms.caller(tokens(browser, lms, "profile")["access_token"])
    asked = 0
    for rule in app.url_map.iter_rules():
        terms = terms_of(app.view_functions[rule.endpoint])
        if terms is None or terms.policy.name == "PUBLIC" or "profile" in terms.scopes:
            continue
        values = {name: _fits(rule._converters[name]) for name in rule.arguments}
        path = app.url_map.bind("127.0.0.1").build(
            rule.endpoint, values, method=next(iter(rule.methods - {"HEAD", "OPTIONS"}))
        )
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = only_profile.call(method, path)
            assert (method, path, answer.status_code) == (method, path, 403)
            asked += 1
    assert asked > 100


# -- the person and the administrator ---------------------------------------------------------------------------------


def test_a_person_sees_and_takes_back(app: Flask, tenant_id: UUID, browser: Browser, lms: Maker) -> None:
    from tests.builders import caller

    ana, bo = caller(app, tenant_id, ANA), caller(app, tenant_id, "person-bo")
    given = tokens(browser, lms)
    (shown,) = (ana.get("/v1/apps").json or {})["items"]
    assert (shown["client_id"], shown["name"], shown["scopes"]) == (
        lms.client_id,
        "Lesson Box",
        ["notes:read", "profile"],
    )
    assert (bo.get("/v1/apps").json or {})["items"] == []
    assert bo.delete(f"/v1/apps/{lms.client_id}").data == bo.delete("/v1/apps/app-never").data
    assert [d["device_name"] for d in (ana.get("/v1/devices").json or {})["items"]].count("Lesson Box") == 0
    assert ana.delete(f"/v1/apps/{lms.client_id}").status_code == 204
    assert lms.caller(given["access_token"]).get("/v1/me").status_code == 401
    assert lms.refresh(given["refresh_token"]).status_code == 400
    assert ana.delete(f"/v1/apps/{lms.client_id}").status_code == 404


def test_an_administrator_registers_approves_and_withdraws(
    app: Flask, tenant_id: UUID, browser: Browser
) -> None:
    from tests.builders import caller

    ana, bo = caller(app, tenant_id, ANA), caller(app, tenant_id, "person-bo")
    new = {"name": "Box", "redirect_uris": ["https://box.example/back"], "scopes": ["profile", "notes:read"]}
    assert ana.post("/v1/admin/apps", new).status_code == 403
    made = bo.post("/v1/admin/apps", new)
    assert made.status_code == 201, made.text
    said = made.json or {}
    path = f"/v1/admin/apps/{said['client_id']}/approval"
    assert bo.call("PUT", path, json={"scopes": ["profile", "media:read"]}).status_code == 422
    assert ana.call("PUT", path, json={"scopes": ["profile"]}).status_code == 403
    assert bo.call("PUT", path, json={"scopes": ["profile"]}).status_code == 204
    (listed,) = (bo.get("/v1/admin/apps").json or {})["items"]
    assert listed["approved_scopes"] == ["profile"]
    assert said["client_secret"] not in str(listed)
    maker = Maker(app, said["client_id"], said["client_secret"], "https://box.example/back")
    given = tokens(browser, maker)
    assert bo.delete(path).status_code == 204
    assert maker.caller(given["access_token"]).get("/v1/me").status_code == 401
    assert bo.delete(path).status_code == 404


@pytest.mark.parametrize(
    "uri",
    [
        "http://box.example/back",
        "https://*.example/",
        "https://a@b.example/",
        "javascript:x",
        "box:/back",
        "https://b/#x",
        "",
        "https://b.example/\n",
        "https://[::1/back",
        "https://[b]/back",
        "https://b.example:99999/",
        "http://127.0.0.1:x/",
    ],
)
def test_nobody_registers_such_an_address(app: Flask, tenant_id: UUID, uri: str) -> None:
    from tests.builders import caller

    new = {"name": "Box", "redirect_uris": [uri], "scopes": ["profile"]}
    assert caller(app, tenant_id, "person-bo").post("/v1/admin/apps", new).status_code == 422


def test_leave_given_later_makes_a_pull_start_anew(
    app: Flask, tenant_id: UUID, browser: Browser, note: str
) -> None:
    """Else the app would never hear of what was there before."""
    made = register(app, tenant_id, "visits:read.own", "notes:read")
    approve(app, tenant_id, made.client_id, "visits:read.own", "notes:read")
    maker = Maker(app, made.client_id, made.client_secret)
    less = maker.caller(tokens(browser, maker, "visits:read.own")["access_token"])
    cursor = (less.post("/v1/sync/pull", {}).json or {})["cursor"]
    more = maker.caller(tokens(browser, maker, "visits:read.own notes:read")["access_token"])
    refused = more.post("/v1/sync/pull", {"cursor": cursor})
    assert (refused.json or {})["type"] == "/problems/invalid-cursor"
    assert OTHERS in more.post("/v1/sync/pull", {}).text
