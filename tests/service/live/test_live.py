"""What a stream says, to whom, when, and when it ends."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import psycopg
import pytest

from service.accounts import sessions
from service.accounts.models import session
from service.live import app as live_app
from service.live import listeners
from sync.changes import Change
from sync.server.actor import Actor
from sync.server.restore import begin_new_life
from tests.builders import caller, services_of
from tests.conftest import owner_url
from tests.phones import VirtualClock
from tests.service.live.conftest import HANA, OLGA, PETRA, SOON_S, Begin, Place

NEVER_S = 60.0
QUICK_S = 0.1


def push(place: Place, person_id: str, device_id: str, *changes: Change) -> list[str]:
    """A push of that device; the statuses."""
    services = services_of(place.app)
    actor = Actor(place.tenant_id, person_id, device_id, frozenset({"teacher"}))
    with services.database.begin(place.tenant_id) as connection:
        return [one.status.value for one in services.door.push(connection, actor, list(changes))]


def clock(place: Place) -> int:
    services = services_of(place.app)
    with services.database.begin(place.tenant_id) as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT seq FROM sync_clock WHERE tenant_id = %s", (place.tenant_id,)
            ).scalar_one()
        )


def until_listened_to(place: Place, by: int = 1) -> None:
    end = time.monotonic() + SOON_S
    while place.live.watch.count() != by and time.monotonic() < end:
        time.sleep(0.01)
    assert place.live.watch.count() == by


def test_the_first_event_says_where_the_clock_stands(begin: Begin) -> None:
    place = begin()
    ear = place.open("/v1/sync/stream", {"Authorization": f"Bearer {place.token(HANA)}"})
    first = ear.next()
    assert first["seq"] == clock(place)
    assert {"visits", "notes", "people"} <= set(first["collections"])
    assert ear.headers["content-type"] == "text/event-stream"
    assert ear.headers["cache-control"] == "no-store"
    assert ear.lines[0].startswith("retry: ")
    assert ear.lines[2] == f"id: {first['seq']}"


def test_whom_it_concerns_is_told_at_once_and_nobody_else(begin: Begin) -> None:
    place = begin(every_s=NEVER_S)
    hana, olga, petra = place.listen(HANA), place.listen(OLGA), place.listen(PETRA)
    place.visit()
    said = {"seq": clock(place), "collections": ["visits"]}
    assert hana.next() == said
    assert olga.next() == said
    assert petra.is_silent()


def test_no_event_holds_more_than_a_number_and_names(begin: Begin) -> None:
    place = begin()
    hana = place.listen(HANA)
    place.put("visits", "visit-of-a-canary", host_id=HANA, observer_ids=[OLGA], focus="canary-8811")
    hana.next()
    assert "canary" not in "\n".join(hana.lines)


def test_without_a_hint_the_next_look_tells(begin: Begin) -> None:
    place = begin(every_s=QUICK_S, hints=False)
    hana, petra = place.listen(HANA), place.listen(PETRA)
    place.visit()
    assert hana.next()["collections"] == ["visits"]
    assert petra.is_silent()


def test_without_a_hint_and_without_a_look_nobody_is_told(begin: Begin) -> None:
    """The two tests above can fail."""
    place = begin(every_s=NEVER_S, hints=False)
    hana = place.listen(HANA)
    place.visit()
    assert hana.is_silent(1.0)


def test_a_grant_tells_whoever_enters(begin: Begin) -> None:
    place = begin()
    place.put("schools", "school-one", name="One")
    place.put("invitations", "invitation-one", host_id=HANA, school_ids=["school-one"], state="open")
    petra = place.listen(PETRA)
    place.put("memberships", "petra-at-one", person_id=PETRA, school_id="school-one", state="active")
    told = petra.next()["collections"]
    assert {"memberships", "invitations"} <= set(told)


def test_the_device_that_pushed_is_not_told_of_its_own_words(begin: Begin) -> None:
    place = begin()
    place.visit()
    phone, tablet, hana = (
        place.listen(OLGA, "olgas-phone"),
        place.listen(OLGA, "olgas-tablet"),
        place.listen(HANA, "olgas-phone"),  # who shares a device has a copy of her own on it
    )
    note = Change(
        "op-1",
        "notes",
        "note-one",
        {"visit_id": "visit-one", "note_kind": "quote", "text": "Why?", "state": "shared"},
    )
    assert push(place, OLGA, "olgas-phone", note) == ["applied"]
    assert "notes" in tablet.next()["collections"]
    assert "notes" in hana.next()["collections"]
    assert phone.is_silent()


def test_it_is_told_when_the_merge_changed_something(begin: Begin) -> None:
    place = begin()
    place.visit()
    place.put("debriefs", "debrief-one", visit_id="visit-one", summary="We talked.", minutes=20)
    base = clock(place)
    assert push(
        place, HANA, "hanas-phone", Change("op-h", "debriefs", "debrief-one", {"minutes": 30}, base_seq=base)
    ) == ["applied"]
    phone = place.listen(OLGA, "olgas-phone")
    edit = Change("op-o", "debriefs", "debrief-one", {"summary": "We talked long."}, base_seq=base)
    assert push(place, OLGA, "olgas-phone", edit) == ["merged"]
    assert "debriefs" in phone.next()["collections"]


def test_what_was_missed_between_two_streams_is_told_at_the_start(begin: Begin) -> None:
    place = begin()
    before = clock(place)
    place.visit()
    missed = place.open(f"/v1/sync/stream?seq={before}", {"Authorization": f"Bearer {place.token(HANA)}"})
    assert missed.next() == {"seq": clock(place), "collections": ["visits"]}
    again = place.open(
        "/v1/sync/stream",
        {"Authorization": f"Bearer {place.token(HANA)}", "Last-Event-ID": str(clock(place))},
    )
    assert again.next() == {"seq": clock(place), "collections": []}


def test_a_new_life_of_the_server_is_told_to_everybody(begin: Begin) -> None:
    place = begin()
    petra = place.listen(PETRA)
    services = services_of(place.app)
    with services.database.begin(place.tenant_id) as connection:
        life = begin_new_life(connection, place.tenant_id, services.now())
    told = petra.next()
    assert told["seq"] == life.seq
    assert {"visits", "notes", "people"} <= set(told["collections"])


def test_waiting_ends_with_the_first_word(begin: Begin) -> None:
    place = begin()
    before = clock(place)
    quiet = place.wait(HANA, f"seq={before}&timeout=0")
    assert quiet.json() == {"seq": before, "collections": []}
    place.visit()
    assert place.wait(HANA, f"seq={before}&timeout=50").json() == {
        "seq": clock(place),
        "collections": ["visits"],
    }
    assert place.wait(PETRA, f"seq={before}&timeout=0").json() == {"seq": clock(place), "collections": []}


def test_who_waits_is_told_at_once(begin: Begin) -> None:
    place = begin(every_s=NEVER_S)
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(place.wait, HANA, f"seq={clock(place)}&timeout=50")
        until_listened_to(place)
        place.visit()
        assert waits.result(SOON_S).json() == {"seq": clock(place), "collections": ["visits"]}


def test_a_removed_device_is_dropped_at_once(begin: Begin) -> None:
    place = begin(every_s=NEVER_S)
    lost, kept = place.listen(HANA, "lost-phone"), place.listen(HANA, "kept-phone")
    answer = caller(place.app, place.tenant_id, HANA, "third-phone").delete("/v1/devices/lost-phone")
    assert answer.status_code == 204
    assert lost.ended.wait(SOON_S)
    assert kept.is_silent(0.2)
    assert not kept.ended.is_set()


def test_an_ended_session_is_found_without_a_hint(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.live.watch.RECHECK_S", 0.2)
    place = begin(every_s=QUICK_S, hints=False)
    ear = place.listen(HANA, "lost-phone")
    services = services_of(place.app)
    with services.database.begin(place.tenant_id) as connection:
        sessions.end(
            connection,
            place.tenant_id,
            session.c.device_id == "lost-phone",
            sessions.SIGNED_OUT,
            services.now(),
        )
    assert ear.ended.wait(SOON_S)


def test_who_may_not_listen(begin: Begin) -> None:
    place = begin()

    def asked(path: str, **headers: str) -> tuple[int, str]:
        answer = httpx.get(place.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return answer.status_code, answer.json()["type"].rpartition("/")[2]

    bearer = f"Bearer {place.token(HANA, 'a-phone')}"
    assert asked("/v1/sync/stream") == (401, "sign-in-required")
    assert asked("/v1/sync/stream", Authorization="Bearer nonsense") == (401, "sign-in-required")
    assert asked(f"/v1/sync/stream?ticket={bearer[7:]}") == (401, "sign-in-required")
    assert asked("/v1/sync/stream", Authorization=bearer, X_Device_Id="another-phone") == (
        401,
        "wrong-device",
    )
    assert asked("/v1/sync/wait?timeout=56", Authorization=bearer) == (422, "invalid-request")
    assert asked("/v1/sync/wait?since=4", Authorization=bearer) == (422, "invalid-request")
    assert asked("/v1/sync/wait?seq=1&seq=2", Authorization=bearer) == (400, "malformed-request")
    assert asked("/v1/sync/pull", Authorization=bearer) == (404, "not-found")
    assert httpx.post(f"{place.url}/v1/sync/stream").status_code == 405
    place.token(HANA, "a-phone")  # a new session there ends the first
    assert asked("/v1/sync/stream", Authorization=bearer) == (401, "session-ended")


def test_a_stream_ends_before_its_token_does(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_app, "EARLY_S", (0.0, 0.0))
    clock = VirtualClock()
    place = begin(every_s=QUICK_S, now=clock)
    bearer = {"Authorization": f"Bearer {place.token(HANA)}"}
    young = place.open("/v1/sync/stream", bearer)
    young.next()
    clock.moment += timedelta(minutes=9, seconds=58)
    old = place.open("/v1/sync/stream", bearer)
    old.next()
    assert old.ended.wait(SOON_S)
    assert not young.ended.is_set()


def test_a_quiet_stream_is_kept_alive(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "KEEP_ALIVE_S", (0.1, 0.2))
    place = begin(every_s=QUICK_S)
    ear = place.listen(HANA)
    end = time.monotonic() + SOON_S
    while ear.lines.count(": still here") < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert ear.lines.count(": still here") >= 3
    assert ear.events.empty()


def test_streams_outlive_a_lost_database(begin: Begin, database_url: str) -> None:
    place = begin(every_s=QUICK_S)
    hana = place.listen(HANA)
    with psycopg.connect(owner_url(database_url).replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    services_of(place.app).database.dispose()
    place.visit()
    assert hana.next()["collections"] == ["visits"]
    assert not hana.ended.is_set()


def test_who_hangs_up_is_forgotten(begin: Begin) -> None:
    place = begin()
    place.listen(HANA).hang_up()
    until_listened_to(place, 0)
    assert httpx.get(f"{place.url}/health").json() == {"status": "ok", "listeners": 0}


def test_a_session_keeps_its_newest_streams(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.live.watch.MOST_PER_SESSION", 2)
    place = begin()
    bearer = {"Authorization": f"Bearer {place.token(HANA)}"}
    other = place.listen(HANA, "another-phone")
    first, second, third = (place.open("/v1/sync/stream", bearer) for _ in range(3))
    assert first.ended.wait(SOON_S)
    place.visit()
    for ear in (second, third):
        ear.next()
        assert ear.next()["collections"] == ["visits"]
    assert other.next()["collections"] == ["visits"]


def test_the_api_sends_a_client_on_with_a_ticket(begin: Begin) -> None:
    place = begin(live_url="http://127.0.0.1:9")
    hana = caller(place.app, place.tenant_id, HANA)
    sent_on = hana.get("/v1/sync/stream?seq=1")
    assert sent_on.status_code == 307
    assert sent_on.headers["Location"].startswith(f"{place.url}/v1/sync/stream?seq=1&ticket=")
    assert sent_on.headers["Cache-Control"] == "no-store"
    ear = place.open(sent_on.headers["Location"].removeprefix(place.url), {"Origin": "http://127.0.0.1:8080"})
    assert ear.next()["seq"] == clock(place)
    assert ear.headers["access-control-allow-origin"] == "http://127.0.0.1:8080"
    other = place.open(
        sent_on.headers["Location"].removeprefix(place.url), {"Origin": "https://elsewhere.example"}
    )
    assert "access-control-allow-origin" not in other.headers
    ticket = sent_on.headers["Location"].rpartition("=")[2]
    refused = hana.client.get("/v1/me", headers={"Authorization": f"Bearer {ticket}"})
    assert refused.status_code == 401


def test_without_a_live_process_the_api_says_so(begin: Begin) -> None:
    place = begin()
    answer = caller(place.app, place.tenant_id, HANA).get("/v1/sync/wait")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")
