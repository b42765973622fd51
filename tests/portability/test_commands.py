"""`comewatch person export`, `import` and `forget`, as an operator gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.accounts import roster_doors
from tests.conftest import environment
from tests.media.world import HANA, OLGA, VISIT, World
from tests.portability.school import ADDRESS, PHOTO, dump
from tests.servers import Answer
from tests.shell import Shell

ELSEWHERE = "olga@south.example"


@pytest.fixture
def shell(world: World, token_key: str, s3: Answer) -> Shell:
    store = {**s3, "bucket": world.store.bucket}
    return Shell(environment(world.settings.database_url, token_key, store))


@pytest.fixture
def file(shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "olga.zip"
    assert shell.words("person", "export", ADDRESS, str(path)).startswith(f"{path}: 16 records in 25 files.")
    return path


def test_who_leaves_arrives_elsewhere(shell: Shell, file: Path) -> None:
    shell.words("tenant", "create", "south", "--name", "South district")
    shell.words("person", "create", ELSEWHERE, "--tenant", "south", "--name", "Olga")
    first = shell.words("person", "import", str(file), "--address", ELSEWHERE)
    assert first == "17 records made, 1 were there, 2 files stored."
    second = shell.told("person", "import", str(file), "--address", ELSEWHERE)
    assert (second["made"], second["files"], second["refused"]) == ({}, 0, [])


def test_nothing_goes_before_it_is_said_twice(shell: Shell, world: World) -> None:
    would = shell.words("person", "forget", ADDRESS)
    assert would.startswith("Would go: 2 comments, 1 conflicts, 1 debriefs, 1 invitations, 1 media, ")
    assert would.endswith("and every way in. Nothing was done; add --yes.")
    assert ADDRESS in dump(world)
    assert shell.words("person", "forget", ADDRESS, "--yes") == "Forgotten: 15 records, 1 of them with files."
    assert ADDRESS not in dump(world)
    assert shell.refusal("person", "forget", ADDRESS, "--yes").startswith(f"Nobody has the address {ADDRESS}")


def test_who_has_left_and_has_no_address_is_forgotten_by_her_id(shell: Shell, world: World) -> None:
    with world.database.begin(world.tenant_id) as connection:
        roster_doors.shut_out(connection, world.tenant_id, [OLGA], world.now)
    slug = next(one["slug"] for one in shell.told("tenant", "list") if one["id"] == str(world.tenant_id))
    assert shell.refusal("person", "forget", ADDRESS, "--yes").startswith("Nobody has the address")
    assert shell.refusal("person", "forget", f"{slug}/nobody-here").endswith("has the id nobody-here.")
    told = shell.words("person", "forget", f"{slug}/{OLGA}", "--yes")
    assert told == "Forgotten: 15 records, 1 of them with files."
    assert shell.words("person", "forget", f"{slug}/{OLGA}").startswith("Would go: no records")


def test_what_is_held_is_named(shell: Shell, world: World) -> None:
    world.put(HANA, "media", PHOTO, state="incident_hold")
    told = shell.refusal("person", "forget", ADDRESS, "--yes")
    assert told == f"Held for an incident: {PHOTO}. Release them first: comewatch media release --help"
    assert world.record("visits", VISIT)["observer_ids"] == ["olga-observes"]


def test_a_file_that_is_no_export_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_bytes(b"dear all")
    told = shell.refusal("person", "import", str(tmp_path / "letter.zip"), "--address", ADDRESS)
    assert told == "letter.zip is no zip that can be read: File is not a zip file"
