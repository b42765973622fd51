"""A device is woken for what matters today: by a real receiver that decrypts, and knows our signature."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from schemas.records.seats import seat_id
from service import jobs
from service.accounts import sessions
from service.app import create_app
from service.integrations.push import today
from service.integrations.push.sending import PushServiceAwayError
from service.integrations.push.subscriptions import PushServices
from service.settings import Settings
from service.worker import Worker
from sync.changes import Change
from sync.clock import stamp
from sync.server.actor import system_actor
from tests.builders import caller, make_person, make_tenant, put, services_of
from tests.conftest import environment
from tests.integrations.webhooks.receiver import Receiver, receiving

HANA, OLGA = "hana-host", "olga-observes"
MORNING = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """Olga's browser: its keys, and what it makes of what the push service hands it."""

    def __init__(self, service: Receiver) -> None:
        self.service, self.key, self.auth = service, ec.generate_private_key(ec.SECP256R1()), os.urandom(16)

    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.service.url, "keys": {"p256dh": b64(point), "auth": b64(self.auth)}}

    def woken(self) -> list[dict[str, str]]:
        """What was said, decrypted."""
        return [
            orjson.loads(http_ece.decrypt(one.body, private_key=self.key, auth_secret=self.auth))
            for one in self.service.got
        ]


class World:
    """Hana who opens doors, Olga with a browser, and the worker."""

    def __init__(self, app: Any, browser: Browser, clock: list[datetime]) -> None:
        self.services, self.browser, self.clock = services_of(app), browser, clock
        self.tenant_id = make_tenant(self.services, f"push-{uuid4().hex[:8]}")
        for person_id in (HANA, OLGA):
            make_person(self.services, self.tenant_id, person_id)
        of = self.services
        self.worker = Worker(of.settings, of.database, of.door, of.store, of.now, None, of.outbound)
        self.olga, self.hana = (caller(app, self.tenant_id, one) for one in (OLGA, HANA))
        answer = self.olga.post("/v1/push-subscriptions", browser.subscription())
        assert answer.status_code == 201, answer.json
        self.id = answer.json["id"]

    def door(self, record_id: str, **fields: Any) -> str:
        begins = self.clock[0] + timedelta(hours=2)
        said = {"host_id": HANA, "starts_at": stamp(begins), "to_tenant": True, "state": "open"}
        return put(self.services, self.tenant_id, "invitations", record_id, **(said | fields))

    def work(self) -> None:
        self.worker.push_today(self.tenant_id)
        tasks = self.worker.queue().tasks
        with self.services.database.begin(self.tenant_id) as connection:
            taken = text(
                "DELETE FROM procrastinate_jobs WHERE task_name = 'send_push'"
                " AND args ->> 'tenant_id' = :tenant RETURNING args"
            )
            jobs = list(connection.execute(taken, {"tenant": str(self.tenant_id)}).scalars())
        for job in jobs:
            tasks["send_push"].func(**job)

    def told(self) -> list[tuple[str, str]]:
        """What Olga's browser hears now that it had not heard before."""
        self.browser.service.got.clear()
        self.work()
        return sorted((one["collection"], one["id"]) for one in self.browser.woken())


@pytest.fixture(scope="module")
def clock() -> list[datetime]:
    return [MORNING]


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str, clock: list[datetime]) -> Iterator[Any]:
    settings = Settings.from_environment(environment(session_database_url, token_key))
    app = create_app(replace(settings, development=True), now=lambda: clock[0])
    yield app
    services_of(app).database.dispose()


@pytest.fixture
def world(app: Any, clock: list[datetime]) -> Iterator[World]:
    clock[0] = MORNING
    with receiving() as receiver:
        yield World(app, Browser(receiver), clock)


def test_a_door_that_opens_today_wakes_her_once_with_its_id_alone(world: World) -> None:
    world.door("door-of-today", look_for="SECRET WORDS")
    world.door("door-of-later", starts_at=stamp(MORNING + timedelta(days=1)))
    world.door("door-without-her", excluded_ids=[OLGA], to_tenant=False, people_ids=[OLGA])
    assert world.told() == [("invitations", "door-of-today")]
    (got,) = world.browser.service.got
    assert world.browser.woken() == [{"collection": "invitations", "id": "door-of-today"}]
    assert got.headers["content-encoding"] == "aes128gcm"
    assert 0 < int(got.headers["ttl"]) <= 15 * 3600
    assert world.told() == []


def test_it_is_signed_by_the_key_that_the_browser_was_given(world: World) -> None:
    world.door("door-of-today")
    world.work()
    (got,) = world.browser.service.got
    token, key = (
        part.split("=", 1)[1] for part in got.headers["authorization"].removeprefix("vapid ").split(", ")
    )
    assert key == world.olga.get("/v1/push-subscriptions").json["public_key"]
    point = base64.urlsafe_b64decode(key + "==")
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
    said = jwt.decode(token, ECKey.import_key(jwk), algorithms=["ES256"]).claims
    assert said["aud"] == world.browser.service.url.removesuffix("/hooks")
    assert 0 < said["exp"] - MORNING.timestamp() <= 24 * 3600


def test_her_seat_and_a_visit_that_was_called_off(world: World) -> None:
    world.door("door-of-today")
    world.told()
    seat = seat_id("door-of-today", OLGA)
    put(
        world.services,
        world.tenant_id,
        "seats",
        seat,
        invitation_id="door-of-today",
        person_id=OLGA,
        state="accepted",
    )
    assert world.told() == [("seats", seat)]
    planned = {"planned_at": stamp(MORNING + timedelta(hours=2)), "host_id": HANA, "observer_ids": [OLGA]}
    visit = {"invitation_id": "door-of-today", **planned}
    put(world.services, world.tenant_id, "visits", "visit-of-today", **visit)
    assert world.told() == []
    off = Change("called-off", "visits", "visit-of-today", {"state": "cancelled"})
    with world.services.database.begin(world.tenant_id) as connection:
        world.services.door.push(connection, system_actor(world.tenant_id), [off])
    assert world.told() == [("visits", "visit-of-today")]


def test_quiet_hours_hold_it_back_until_they_end(world: World) -> None:
    said = {"zone": "Europe/Madrid", "quiet_from": 8, "quiet_until": 12}
    assert world.olga.call("PUT", "/v1/notice-preferences", json=said).json["zone"] == "Europe/Madrid"
    world.door("door-of-today", starts_at=stamp(MORNING + timedelta(hours=5)))
    assert world.told() == []
    world.clock[0] += timedelta(hours=3)
    assert world.told() == [("invitations", "door-of-today")]


def test_who_wants_none_gets_none(world: World) -> None:
    world.olga.call("PUT", "/v1/notice-preferences", json={"push": False})
    world.door("door-of-today")
    assert world.told() == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(world: World, status: int) -> None:
    world.browser.service.answer = lambda _: status
    world.door("door-of-today")
    world.work()
    assert world.olga.get("/v1/push-subscriptions").json["items"] == []


def test_a_push_service_that_is_away_is_tried_again(world: World) -> None:
    world.browser.service.answer = lambda _: 503
    world.door("door-of-today")
    with pytest.raises(PushServiceAwayError):
        world.work()
    assert len(world.olga.get("/v1/push-subscriptions").json["items"]) == 1


def test_a_device_that_was_signed_out_is_not_woken(world: World) -> None:
    with world.services.database.begin(world.tenant_id) as connection:
        for row in sessions.of_person(connection, world.tenant_id, OLGA):
            connection.execute(
                text("UPDATE session SET revoked_at = now() WHERE tenant_id = :t AND id = :id"),
                {"t": world.tenant_id, "id": row.id},
            )
    world.door("door-of-today")
    assert world.told() == []


def test_others_do_not_remove_it_and_she_does(world: World) -> None:
    path = f"/v1/push-subscriptions/{world.id}"
    absent = world.hana.delete(f"/v1/push-subscriptions/{uuid4()}")
    assert (world.hana.delete(path).status_code, absent.status_code) == (404, 404)
    assert world.olga.delete(path).status_code == 204
    world.door("door-of-today")
    assert world.told() == []


def test_only_known_push_services_and_real_keys_are_taken(world: World) -> None:
    good = world.browser.subscription()
    for said in (
        good | {"endpoint": "https://evil.example/push"},
        good | {"endpoint": "https://fcm.googleapis.com.evil.example/push"},
        good | {"keys": good["keys"] | {"p256dh": "A" * 87}},
    ):
        assert world.olga.post("/v1/push-subscriptions", said).status_code == 422
    settings = replace(world.services.settings, development=False)
    services = PushServices(settings, replace(world.services.outbound, development=False))
    assert services.allow("https://fcm.googleapis.com/fcm/send/abc")
    assert services.allow("https://db5p.notify.windows.com/w/?token=a")
    assert not services.allow(good["endpoint"])
    assert not services.allow("https://notify.windows.com.evil.example/")


def test_addresses_are_kept_sealed(world: World) -> None:
    kept = text("SELECT push_subscription::text FROM push_subscription WHERE tenant_id = :tenant")
    with world.services.database.begin(world.tenant_id) as connection:
        (row,) = connection.execute(kept, {"tenant": world.tenant_id}).scalars()
    assert world.browser.service.url not in row
    assert world.browser.subscription()["keys"]["auth"] not in row


def test_many_open_doors_hide_no_visit_that_was_called_off(world: World) -> None:
    for number in range(today.MOST + 5):
        world.door(f"door-number-{number:02}")
    world.told()
    begins = stamp(world.clock[0] + timedelta(hours=3))
    for state in ("planned", "cancelled"):
        said = {"host_id": HANA, "observer_ids": [OLGA], "planned_at": begins, "state": state}
        change = Change(f"visit-{state}", "visits", "visit-called-off", said)
        with world.services.database.begin(world.tenant_id) as connection:
            world.services.door.push(connection, system_actor(world.tenant_id), [change])
    assert ("visits", "visit-called-off") in world.told()


def test_it_is_sent_beside_what_calls_nobody(world: World) -> None:
    world.door("door-of-today")
    world.worker.push_today(world.tenant_id)
    queue = text("SELECT queue_name FROM procrastinate_jobs WHERE args ->> 'subscription_id' = :id")
    with world.services.database.begin(world.tenant_id) as connection:
        assert connection.execute(queue, {"id": world.id}).scalars().all() == [jobs.OUTWARD]
    assert world.told() == [("invitations", "door-of-today")]
