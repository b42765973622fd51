"""kill -9 of everything while phones push: start again, push again, and nothing is lost or there twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from service.accounts import directory, sign_in
from service.database import Database
from sync.client import Client, Surroundings, Unreachable
from sync.clock import system_now
from tests.house.instances import Running

NOTES = 3_000
VISIT = "visit-that-is-killed"


def phone(home: Path, running: Running, address: str) -> Client:
    client = Client(
        home, f"http://127.0.0.1:{running.port}", batch=100, attempts=1, surroundings=Surroundings()
    )
    database = Database(running.settings.database_url, pool_size=1)
    with database.begin_reference() as connection:
        tenant_id, person_id = directory.person_by_address(connection, address)
    with database.begin(tenant_id) as connection:
        code = sign_in.make_code(connection, tenant_id, person_id, system_now())
    database.dispose()
    client.sign_in(code)
    client.sync()
    return client


def kill_everything(running: Running) -> None:
    """The supervisor first, so that it starts nobody again; then all that is left, until nothing is."""
    running.process.kill()
    running.process.wait()
    while members := running.members():
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def test_kill_9_of_everything_in_mid_push_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    running = Running(home).until_ready()
    phones = ExitStack()
    try:
        host = phones.enter_context(phone(tmp_path / "host", running, "host@riverbend.example"))
        who = {"host_id": "riverbend-host", "observer_ids": ["riverbend-observer"], "state": "under_way"}
        host.put("visits", VISIT, who)
        host.sync()
        observer = phones.enter_context(phone(tmp_path / "observer", running, "observer@riverbend.example"))
        noticed = {"visit_id": VISIT, "note_kind": "noticing"}
        typed = {
            observer.put("notes", None, noticed | {"text": f"word {n}"}): f"word {n}" for n in range(NOTES)
        }
        killer = threading.Thread(target=lambda: (until_some_arrived(running), kill_everything(running)))
        killer.start()
        with suppress(Unreachable):
            observer.sync()
        killer.join()
        acknowledged = NOTES - observer.pending()
        assert 0 < acknowledged < NOTES, "the kill came too early or too late to prove anything"

        running = Running(home, running.port).until_ready()
        stored = count(running, f"SELECT count(*) FROM notes WHERE visit_id = '{VISIT}'")
        assert acknowledged <= stored
        observer.sync()
        assert observer.pending() == 0
        assert list(observer.refused()) == []
        found = dict(running.sql(f"SELECT id, text FROM notes WHERE visit_id = '{VISIT}'"))
        assert found == typed
        assert (
            count(
                running,
                f"SELECT count(*) FROM sync_history WHERE record_id IN (SELECT id FROM notes WHERE visit_id = '{VISIT}')",
            )
            == 0
        )
        assert [pair for pair in observer.digest_check() if pair.here != pair.there] == []
    finally:
        phones.close()
        kill_everything(running)


def count(running: Running, statement: str) -> int:
    return int(str(running.sql(statement)[0][0]))


def until_some_arrived(running: Running) -> None:
    """Wait until the push is under way: some notes stand, and more are coming."""
    end = time.monotonic() + 60
    while count(running, f"SELECT count(*) FROM notes WHERE visit_id = '{VISIT}'") < 500:
        assert time.monotonic() < end
