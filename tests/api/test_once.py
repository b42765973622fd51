"""An Idempotency-Key: the same request again does nothing and is answered as before, also when two race."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select, update

from service import answers
from service.answers import kept_answer
from service.api.smorest import IDEMPOTENCY_KEY, _hears
from tests.builders import Caller, caller, make_person, services_of

KEY = {"Idempotency-Key": "once-1"}
NOTHING_MADE = {
    "/v1/digest/unsubscribe/<string(maxlength=256):token>",
    "/v1/admin/roster/previews",
    "/v1/admin/roster/previews/<uuid:preview_id>/apply",
    "/v1/sign-in/code",
    "/v1/sign-in/refresh",
    "/v1/sign-out",
    "/v1/me/export",
    "/v1/media/<media_id>/upload",
    "/v1/media/<media_id>/upload/parts/<int:number>",
    "/v1/media/<media_id>/complete",
    "/v1/media/<media_id>/play",
    "/v1/media/<media_id>/uppy",
    "/v1/me/identities",
    "/v1/me/passkeys",
    "/v1/me/passkeys/options",
    "/v1/sign-in/link",
    "/v1/sign-in/link/open",
    "/v1/sign-in/oidc",
    "/v1/sign-in/passkey",
    "/v1/sign-in/passkey/options",
    "/v1/sign-in/providers",
}
"""POSTs that may be repeated as they are: they say how to go on, or end what is ended; or hold what opens once only."""


def note(visit_id: str, record_id: str = "note-one") -> dict[str, Any]:
    return {"id": record_id, "visit_id": visit_id, "note_kind": "noticing", "text": "It is quiet."}


def test_every_post_that_makes_something_honours_it(app: Flask) -> None:
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    deaf = {rule.rule for rule in posts if not _hears(app.view_functions[rule.endpoint], IDEMPOTENCY_KEY)}
    assert {rule for rule in deaf if not rule.startswith(("/v1/sync/", "/v1/u/", "/oauth/"))} == NOTHING_MADE


def test_the_same_again_is_the_same_answer_byte_for_byte(olga: Caller, visit_id: str) -> None:
    first = olga.post("/v1/notes", note(visit_id), headers=KEY)
    again = olga.post("/v1/notes", note(visit_id), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)  # without the key: 200, it was there
    assert again.data == first.data
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert olga.post("/v1/notes", note(visit_id)).status_code == 200


def test_what_answers_by_a_schema_is_repeated_as_well(app: Flask, tenant_id: UUID) -> None:
    make_person(services_of(app), tenant_id, "ada-administers", "admin")
    ada = caller(app, tenant_id, "ada-administers")
    said = {"url": "https://receiver.example/hooks", "events": ["people.created"]}
    first = ada.post("/v1/webhooks", said, headers=KEY)
    again = ada.post("/v1/webhooks", said, headers=KEY)
    assert first.status_code == 201, first.json
    assert again.data == first.data
    assert len(ada.get("/v1/webhooks").json["items"]) == 1
    with services_of(app).database.begin(tenant_id) as connection:
        (stored,) = connection.execute(
            select(kept_answer.c.answer).where(kept_answer.c.tenant_id == tenant_id)
        ).scalars()
    assert first.json["secret"] not in stored  # sealed
    assert first.json["id"] not in stored


def test_another_body_or_address_under_the_key_is_refused(olga: Caller, visit_id: str) -> None:
    assert olga.post("/v1/notes", note(visit_id), headers=KEY).status_code == 201
    for path, said in (("/v1/notes", note(visit_id, "note-two")), (f"/v1/visits/{visit_id}/share", None)):
        refused = olga.post(path, said, headers=KEY)
        assert (refused.status_code, refused.json["type"]) == (422, "/problems/key-reused")


def test_keys_are_each_persons_own(olga: Caller, hana: Caller, visit_id: str) -> None:
    assert olga.post("/v1/notes", note(visit_id), headers=KEY).status_code == 201
    hers = hana.post("/v1/notes", note(visit_id), headers=KEY)
    assert hers.status_code != 201
    assert b"quiet" not in hers.data


def test_a_refused_request_leaves_no_claim(olga: Caller, visit_id: str) -> None:
    assert olga.post("/v1/notes", note(visit_id) | {"text": 7}, headers=KEY).status_code == 422
    assert olga.post("/v1/notes", note(visit_id), headers=KEY).status_code == 201


def test_two_that_race_make_one_thing(app: Flask, tenant_id: UUID) -> None:
    make_person(services_of(app), tenant_id, "ada-administers", "admin")
    said = {"url": "https://receiver.example/hooks", "events": ["people.created"]}
    callers = [caller(app, tenant_id, "ada-administers", f"phone-{number}-of-ada") for number in range(4)]
    for race in range(5):
        start, given = threading.Barrier(4), []

        def one(who: Caller, key: str = f"race-{race}", start: Any = start, given: Any = given) -> None:
            start.wait()
            given.append(who.post("/v1/webhooks", said, headers={"Idempotency-Key": key}))

        threads = [threading.Thread(target=one, args=(who,)) for who in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in given} == {201}
        assert len({answer.data for answer in given}) == 1
    assert len(callers[0].get("/v1/webhooks").json["items"]) == 5


def test_after_a_day_a_key_is_free_and_then_forgotten(
    app: Flask, tenant_id: UUID, olga: Caller, visit_id: str
) -> None:
    services = services_of(app)
    assert olga.post("/v1/notes", note(visit_id), headers=KEY).status_code == 201
    ours = kept_answer.c.tenant_id == tenant_id
    with services.database.begin(tenant_id) as connection:
        answers.purge(connection, tenant_id, services.now())
        assert len(connection.execute(select(kept_answer).where(ours)).all()) == 1
        old = services.now() - timedelta(hours=25)
        connection.execute(update(kept_answer).where(ours).values(at=old))
    assert olga.post("/v1/notes", note(visit_id, "note-two"), headers=KEY).status_code == 201
    with services.database.begin(tenant_id) as connection:
        connection.execute(update(kept_answer).where(ours).values(at=old))
        answers.purge(connection, tenant_id, services.now())
        assert connection.execute(select(kept_answer).where(ours)).all() == []
