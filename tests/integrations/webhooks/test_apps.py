"""What the endpoint of an app hears: what the person sees, as far as she lets the app read it, for as long as she does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from service.accounts import sessions
from service.accounts.apps import registry
from service.accounts.models import session
from tests.builders import Caller
from tests.integrations.webhooks.conftest import ADA, HANA, OLGA, Office
from tests.integrations.webhooks.receiver import Receiver

MANAGE, PEOPLE, INVITATIONS, NOTES = "webhooks:manage", "people:read", "invitations:read", "notes:read"
ALL = (MANAGE, PEOPLE, INVITATIONS, NOTES)


@dataclass
class Box:
    """An app that the tenant approved, acting for Hana."""

    office: Office
    client_id: str = field(init=False)

    def __post_init__(self) -> None:
        wish = registry.Wish("Lesson Box", ["https://box.example/back"], ALL)
        with self.office.services.database.begin_reference() as connection:
            self.client_id = registry.register(connection, wish, self.office.tenant_id, self.now()).client_id
        self.approve(*ALL)

    def now(self) -> Any:
        return self.office.services.now()

    def approve(self, *scopes: str) -> None:
        with self.office.services.database.begin(self.office.tenant_id) as connection:
            registry.approve(connection, self.office.tenant_id, self.client_id, scopes, ADA, self.now())

    def let(self, *scopes: str, narrowed: tuple[str, ...] = (), person_id: str = HANA) -> Caller:
        """The app with a token of a new session."""
        services, tenant_id = self.office.services, self.office.tenant_id
        device, app = (f"app-{uuid4().hex}", "Lesson Box"), sessions.App(self.client_id, frozenset(scopes))
        with services.database.begin(tenant_id) as connection:
            opened = sessions.start(connection, tenant_id, person_id, device, self.now(), app)
            row = sessions.find(connection, tenant_id, opened)
            assert row is not None
            token = sessions.pair(services.tokens, row, 1, frozenset(narrowed) or None).access_token
        return Caller(self.office.app.test_client(use_cookies=False), token)

    def take_back(self) -> None:
        with self.office.services.database.begin(self.office.tenant_id) as connection:
            assert registry.revoke(connection, self.office.tenant_id, HANA, self.client_id, self.now())

    def withdraw(self) -> None:
        with self.office.services.database.begin(self.office.tenant_id) as connection:
            assert registry.withdraw(connection, self.office.tenant_id, self.client_id, None, self.now())

    def let_lie(self) -> None:
        """Nobody has used the app's session for half a year; its approval stands."""
        self._alter(last_used_at=self.now() - timedelta(days=181))

    def grow_old(self) -> None:
        self._alter(created_at=self.now() - timedelta(days=401))

    def _alter(self, **columns: Any) -> None:
        its = (session.c.tenant_id == self.office.tenant_id) & (session.c.client_id == self.client_id)
        with self.office.services.database.begin(self.office.tenant_id) as connection:
            connection.execute(update(session).where(its).values(columns))


@pytest.fixture
def box(office: Office) -> Box:
    return Box(office)


ENDS: list[Callable[[Box], None]] = [
    Box.take_back,
    Box.withdraw,
    Box.let_lie,
    Box.grow_old,
    lambda box: box.approve(PEOPLE),
]
WHICH = ["the person took it back", "the tenant withdrew", "unused", "old", "the tenant allows less"]


def joins(office: Office, person_id: str) -> None:
    office.put("people", person_id, display_name="Nina", roles=["teacher"])


def note_of_olga(office: Office) -> None:
    """A note about Hana's lesson that Hana sees once it is shared."""
    visit = office.put("visits", "visit-of-hana", host_id=HANA, observer_ids=[OLGA], state="captured")
    note = {"id": "note-of-olga", "visit_id": visit, "note_kind": "noticing", "text": "Canary"}
    olga = office.caller(OLGA)
    assert olga.post("/v1/notes", note).status_code == 201
    assert olga.post(f"/v1/visits/{visit}/share", {}).status_code == 200


def test_an_app_with_the_scope_has_endpoints_of_its_own(office: Office, box: Box, receiver: Receiver) -> None:
    app = box.let(MANAGE, PEOPLE)
    made = office.endpoint(receiver, "people.created", who=app)
    joins(office, "nina-is-new")
    office.work()
    assert receiver.said == [("people.created", "nina-is-new")]
    again = box.let(MANAGE, PEOPLE)  # another session of the same app: its endpoints are the same
    assert [one["id"] for one in again.get("/v1/webhooks").json["items"]] == [made["id"]]
    other = Box(office).let(MANAGE, PEOPLE)
    assert other.get("/v1/webhooks").json["items"] == []
    of_another = box.let(MANAGE, PEOPLE, person_id=OLGA)
    assert of_another.get("/v1/webhooks").json["items"] == []
    absent = other.get(f"/v1/webhooks/{UUID(int=7)}")
    assert other.get(f"/v1/webhooks/{made['id']}").data == absent.data
    assert absent.status_code == 404


def test_without_the_scope_no_app_comes_in(office: Office, box: Box, receiver: Receiver) -> None:
    made = office.endpoint(receiver, "people.created", who=box.let(MANAGE, PEOPLE))
    app = box.let(PEOPLE, NOTES)
    said = {"url": receiver.url, "events": ["people.created"]}
    for answer in (
        app.post("/v1/webhooks", said),
        app.get("/v1/webhooks"),
        app.get(f"/v1/webhooks/{made['id']}"),
        app.delete(f"/v1/webhooks/{made['id']}"),
    ):
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/scope-required")
        assert answer.json["scopes"] == [MANAGE]


def test_an_app_may_not_ask_for_what_it_may_not_read(office: Office, box: Box, receiver: Receiver) -> None:
    for app in (box.let(MANAGE, PEOPLE), box.let(*ALL, narrowed=(MANAGE, PEOPLE))):
        said = {"url": receiver.url, "events": ["people.created", "notes.shared"]}
        refused = app.post("/v1/webhooks", said)
        assert refused.status_code == 422
        assert refused.json["errors"] == {"/events": ["The app has no scope for notes.shared."]}
        made = office.endpoint(receiver, "people.created", who=app)
        changed = app.patch(f"/v1/webhooks/{made['id']}", {"events": ["notes.shared"]})
        assert changed.json["errors"] == refused.json["errors"]


def test_it_hears_only_of_kinds_that_its_scopes_open(office: Office, box: Box, receiver: Receiver) -> None:
    """Whatever an endpoint asks for: here an administrator had it ask for more."""
    made = office.endpoint(receiver, "people.created", who=box.let(MANAGE, PEOPLE))
    changed = office.ada.patch(f"/v1/webhooks/{made['id']}", {"events": ["people.created", "notes.shared"]})
    assert changed.status_code == 200
    note_of_olga(office)
    joins(office, "nina-is-new")
    assert [one.event for one in office.stored()] == ["people.created"]
    box.let(MANAGE, NOTES)
    office.put("visits", "visit-two", host_id=HANA, observer_ids=[OLGA], state="captured")
    note = {"id": "note-two", "visit_id": "visit-two", "note_kind": "noticing", "text": "Canary"}
    assert office.caller(OLGA).post("/v1/notes", note).status_code == 201
    assert office.caller(OLGA).post("/v1/visits/visit-two/share", {}).status_code == 200
    office.work()
    assert receiver.said == [("people.created", "nina-is-new"), ("notes.shared", "note-two")]


def test_a_scope_that_was_lost_before_it_was_sent_is_not_told(
    office: Office, box: Box, receiver: Receiver
) -> None:
    office.endpoint(receiver, "notes.shared", "people.created", who=box.let(*ALL))
    note_of_olga(office)
    joins(office, "nina-is-new")
    assert len(office.stored()) == 2
    box.approve(MANAGE, PEOPLE)  # which ends the session that may do more
    box.let(MANAGE, PEOPLE)
    office.work()
    assert receiver.said == [("people.created", "nina-is-new")]


def test_deliveries_of_kinds_that_the_token_does_not_open_are_not_shown(
    office: Office, box: Box, receiver: Receiver
) -> None:
    app = box.let(*ALL)
    made = office.endpoint(receiver, "notes.shared", "people.created", who=app)
    note_of_olga(office)
    joins(office, "nina-is-new")
    where = f"/v1/webhooks/{made['id']}/deliveries"
    assert len(app.get(where).json["items"]) == 2
    narrow = box.let(*ALL, narrowed=(MANAGE, PEOPLE))
    assert [one["event"] for one in narrow.get(where).json["items"]] == ["people.created"]


@pytest.mark.parametrize("end", ENDS, ids=WHICH)
def test_nothing_is_told_of_what_happens_after_the_leave_ended(
    office: Office, box: Box, receiver: Receiver, end: Callable[[Box], None]
) -> None:
    office.endpoint(receiver, "people.created", who=box.let(MANAGE, PEOPLE))
    mine = office.endpoint(receiver, "people.created")  # an administrator's own goes on
    end(box)
    joins(office, "nina-is-new")
    assert [str(one.webhook_id) for one in office.stored()] == [mine["id"]]


@pytest.mark.parametrize("end", ENDS, ids=WHICH)
def test_nothing_is_sent_after_the_leave_ended(
    office: Office, box: Box, receiver: Receiver, end: Callable[[Box], None]
) -> None:
    app = box.let(MANAGE, PEOPLE)
    made = office.endpoint(receiver, "people.created", who=app)
    assert app.post(f"/v1/webhooks/{made['id']}/ping").status_code == 202
    joins(office, "nina-is-new")
    assert len(office.stored()) == 2
    end(box)
    office.work()
    assert (receiver.got, office.stored()) == ([], [])


def test_keys_of_requests_are_the_apps_and_not_the_sessions(
    office: Office, box: Box, receiver: Receiver
) -> None:
    said, key = {"url": receiver.url, "events": ["people.created"]}, {"Idempotency-Key": "once-1"}
    first, again = (box.let(MANAGE, PEOPLE).post("/v1/webhooks", said, headers=key) for _ in range(2))
    assert (first.status_code, again.data) == (201, first.data)
    other = Box(office).let(MANAGE, PEOPLE).post("/v1/webhooks", said, headers=key)
    assert (other.status_code, other.json["id"] == first.json["id"]) == (201, False)


def test_an_app_by_itself_has_none(office: Office, box: Box, receiver: Receiver) -> None:
    app = box.let(PEOPLE, person_id=box.client_id)
    said = {"url": receiver.url, "events": ["people.created"]}
    assert app.post("/v1/webhooks", said).json["type"] == "/problems/scope-required"
