"""The server goes back to an older copy of its database; real phones bring back what it had acknowledged since."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import make_url, text

from service.accounts import sign_in
from service.app import create_app
from service.cli import main
from service.settings import Settings
from sync.client import Client
from sync.server.restore import APART
from tests.builders import make_person, make_tenant, services_of
from tests.conftest import environment, owner_url
from tests.phones import AppNetwork, VirtualClock, surroundings
from tests.servers import admin

HANA, OLGA, PETRA = "hana-host", "olga-observes", "petra-reads"
VISIT, NOTE = "visit-0001", "note-0001"


class School:
    """A tenant in a database of its own, of which a backup can be made and put back."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.clock, self.directory, self.openings = VirtualClock(), directory, 0
        self.environment: dict[str, str] = {}
        self.app: Flask = create_app(settings, now=self.clock.now)
        self.services = services_of(self.app)
        self.tenant_id = make_tenant(self.services, "north")
        for person_id in (HANA, OLGA, PETRA):
            make_person(self.services, self.tenant_id, person_id)
        self.name = make_url(settings.database_url).database
        self.server = make_url(owner_url(settings.database_url)).set(database="postgres")

    def phone(self, name: str, person_id: str) -> Client:
        """A phone of this person, signed in and up to date."""
        with self.services.database.begin(self.tenant_id) as connection:
            code = sign_in.make_code(connection, self.tenant_id, person_id, self.clock.now())
        phone = self.opened(name)
        phone.sign_in(code)
        phone.sync()
        return phone

    def opened(self, name: str) -> Client:
        """The phone of this name, as its files are now."""
        self.openings += 1
        around = surroundings(Random(f"{name} {self.openings}"), self.clock)
        return Client(
            self.directory / name, network=AppNetwork(self.app), surroundings=around, page=3, durable=False
        )

    def back_up(self) -> None:
        self._copy(str(self.name), f"{self.name}_backup")

    def restore(self) -> None:
        self._copy(f"{self.name}_backup", str(self.name))

    def _copy(self, source: str, target: str) -> None:
        self.services.database.dispose()
        with admin(self.server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy".encode())

    def drop_backup(self) -> None:
        with admin(self.server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name}_backup WITH (FORCE)".encode())

    def clock_row(self) -> tuple[int, int, int]:
        """(seq, epoch, horizon)."""
        asked = text("SELECT seq, epoch, horizon FROM sync_clock WHERE tenant_id = :tenant")
        with self.services.database.begin(self.tenant_id) as connection:
            seq, epoch, horizon = connection.execute(asked, {"tenant": self.tenant_id}).one()
        return seq, epoch, horizon

    def after_restore(self, *said: str) -> str:
        result = CliRunner(env=self.environment).invoke(main, ["db", "after-restore", *said])
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def school(database_url: str, token_key: str, tmp_path: Path) -> Iterator[School]:
    said = environment(database_url, token_key)
    school = School(Settings.from_environment(said), tmp_path)
    school.environment = said
    yield school
    school.services.database.dispose()
    school.drop_backup()


def settle(*phones: Client) -> None:
    """Each syncs until nobody has anything to say to another."""
    for phone in (*phones, *phones):
        phone.sync()
    assert [one for phone in phones for one in phone.digest_check() if not one.equal] == []


def released_note(hana: Client, olga: Client) -> None:
    """A note of Olga's about Hana's lesson, which Hana lets Petra read."""
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA]})
    settle(hana, olga)
    olga.put("notes", NOTE, {"visit_id": VISIT, "note_kind": "quote", "text": "Why?", "state": "shared"})
    settle(olga, hana)
    hana.put("visits", VISIT, {"released_people_ids": [PETRA]})
    hana.put("notes", NOTE, {"state": "released"})
    settle(hana, olga)


def test_a_new_life_begins_far_from_the_old_one(school: School) -> None:
    seq, epoch, _ = school.clock_row()
    said = school.after_restore("--tenant", "north", "--json")
    later, newer, horizon = school.clock_row()
    assert later >= seq + APART
    assert newer > epoch
    assert horizon == later
    assert said == f'[{{"slug":"north","epoch":{newer},"seq":{later}}}]\n'
    again = school.after_restore()
    assert school.clock_row()[0] >= later + APART
    assert again.startswith("north: epoch ")
    refused = CliRunner(env=school.environment).invoke(main, ["db", "after-restore", "--tenant", "south"])
    assert (refused.exit_code, refused.stderr.partition(";")[0]) == (1, "Error: There is no tenant 'south'")


def test_nothing_acknowledged_is_lost_that_a_phone_still_holds(school: School) -> None:
    hana, olga = school.phone("hana", HANA), school.phone("olga", OLGA)
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA], "focus": "questions"})
    settle(hana, olga)
    olga.put("notes", NOTE, {"visit_id": VISIT, "note_kind": "quote", "text": "before"})
    olga.put("notes", "note-dead", {"visit_id": VISIT, "note_kind": "quote", "text": "thrown away"})
    settle(olga, hana)
    school.back_up()
    hana.put("visits", VISIT, {"focus": "questions and silence"})
    olga.put("notes", NOTE, {"text": "before and after"})
    olga.delete("notes", "note-dead")
    for number in range(5):
        olga.put(
            "notes",
            f"note-new-{number}",
            {"visit_id": VISIT, "note_kind": "quote", "text": f"new {number}", "state": "shared"},
        )
    settle(olga, hana)
    school.clock.sleep(660)  # the access tokens run out: sessions too go on from where the phones are
    for phone in (olga, hana):
        phone.sync()
    olga.put("notes", "note-unsent", {"visit_id": VISIT, "note_kind": "quote", "text": "in the tunnel"})
    school.restore()
    school.after_restore()
    settle(olga, hana)
    wanted = {NOTE: "before and after", "note-unsent": "in the tunnel"}
    wanted |= {f"note-new-{number}": f"new {number}" for number in range(5)}
    assert {note["id"]: note["text"] for note in olga.list("notes")} == wanted
    assert len(hana.list("notes")) == 5
    focus = {(phone.get("visits", VISIT) or {})["focus"] for phone in (hana, olga)}
    assert focus == {"questions and silence"}
    assert [*olga.refused(), *hana.refused(), *olga.list("conflicts"), *hana.list("conflicts")] == []


def test_without_the_command_the_loss_would_go_unnoticed(school: School) -> None:
    """The test above can fail: a cursor of the lost life, once the clock has passed it, reads on as if nothing were."""
    olga, hana = school.phone("olga", OLGA), school.phone("hana", HANA)
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA]})
    settle(hana, olga)
    school.back_up()
    olga.put("notes", NOTE, {"visit_id": VISIT, "note_kind": "quote", "text": "lost", "state": "shared"})
    settle(olga, hana)
    school.restore()
    for number in range(20):
        hana.put("visits", f"visit-later-{number}", {"host_id": HANA, "observer_ids": []})
        hana.sync()
    olga.sync()
    assert [one.collection for one in olga.digest_check() if not one.equal] == ["notes"]


def test_the_loser_of_a_conflict_is_kept_though_the_restored_server_never_heard_of_it(school: School) -> None:
    hana, olga = school.phone("hana", HANA), school.phone("olga", OLGA)
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA], "focus": "questions"})
    settle(hana, olga)
    olga.put("visits", VISIT, {"focus": "who talks"})
    hana.put("visits", VISIT, {"focus": "silence"})
    hana.sync()
    school.back_up()
    settle(olga, hana)
    assert [one["other"] for one in hana.list("conflicts")] == ["silence"]
    school.restore()
    school.after_restore()
    settle(hana, olga)
    assert (hana.get("visits", VISIT) or {})["focus"] == "who talks"
    assert [one["other"] for one in hana.list("conflicts")] == ["silence"]


def test_a_phone_that_lost_time_too_overwrites_no_words_in_silence(school: School) -> None:
    """It sends its older words again, over newer ones that it wrote itself: of a visit's focus, and of a note of hers."""
    hana, olga = school.phone("hana", HANA), school.phone("olga", OLGA)
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA]})
    settle(hana, olga)
    olga.put("visits", VISIT, {"focus": "questions"})
    olga.put("notes", NOTE, {"visit_id": VISIT, "note_kind": "quote", "text": "before"})
    settle(olga)
    olga.close()
    shutil.copytree(school.directory / "olga", school.directory / "backup of olga")
    olga = school.opened("olga")
    olga.put("visits", VISIT, {"focus": "questions and silence"})
    olga.put("notes", NOTE, {"text": "before and after"})
    settle(olga)
    school.back_up()
    olga.close()
    school.restore()
    school.after_restore()
    olga = school.opened("backup of olga")
    settle(olga)
    assert {one["other"] for one in olga.list("conflicts")} == {"questions and silence", "before and after"}


@pytest.mark.parametrize("first", ["author", "host"])
@pytest.mark.parametrize("same_phone", [True, False], ids=["same phone", "another phone"])
def test_what_was_taken_back_stays_back(school: School, first: str, same_phone: bool) -> None:
    """The backup still says that Petra may read; whoever comes first, in the end she may not."""
    hana, olga = school.phone("hana", HANA), school.phone("olga", OLGA)
    petra = school.phone("petra", PETRA)
    released_note(hana, olga)
    settle(petra)
    assert [note["id"] for note in petra.list("notes")] == [NOTE]
    tablet = hana if same_phone else school.phone("hanas-tablet", HANA)
    school.back_up()
    tablet.put("notes", NOTE, {"state": "retracted"})
    tablet.put("visits", VISIT, {"released_people_ids": []})
    settle(tablet, hana, olga, petra)
    assert (petra.list("notes"), petra.list("visits")) == ([], [])
    school.restore()
    school.after_restore()
    order = (olga, tablet, hana) if first == "author" else (tablet, hana, olga)
    settle(*order, petra)
    assert (petra.list("notes"), petra.list("visits")) == ([], [])
    assert (hana.get("notes", NOTE) or {})["state"] == "retracted"
    assert (hana.get("visits", VISIT) or {})["released_people_ids"] == []


def test_a_share_that_the_backup_never_knew_is_not_released_again(school: School) -> None:
    hana, olga, petra = school.phone("hana", HANA), school.phone("olga", OLGA), school.phone("petra", PETRA)
    hana.put("visits", VISIT, {"host_id": HANA, "observer_ids": [OLGA]})
    settle(hana, olga)
    school.back_up()
    released_note(hana, olga)
    hana.put("notes", NOTE, {"state": "retracted"})
    settle(hana, olga, petra)
    school.restore()
    school.after_restore()
    settle(olga, petra, hana)
    assert petra.list("notes") == []
    note = (
        olga.get("notes", NOTE) or {}
    )  # she may share it, and nobody may release it for Hana: it begins again
    assert (note["text"], note["state"]) == ("Why?", "draft")
