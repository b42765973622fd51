"""Everything of Olga's is in one file; taken in elsewhere, it is the same again; what was changed on its way is refused."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest

from observation_tools.notes import Note
from observation_tools.webvtt import read_notes
from service.accounts import directory
from service.portability import exports
from service.portability.exporting import MANIFEST, export
from service.portability.importing import NOT_TAKEN, Arrival, Export, ExportError, TakenIn
from service.records import KINDS
from sync.changes import Record
from tests.media.world import OLGA, VISIT, World
from tests.portability.school import DRAFT, NAME, PHOTO, REFUSED, SEAT, SHARED


@pytest.fixture
def exported(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "olga.zip"
    export(world.database, KINDS, world.store, (world.tenant_id, OLGA), path, world.now)
    return path


def inside(path: Path, name: str) -> Any:
    with ZipFile(path) as file:
        return orjson.loads(file.read(name))


def ids(path: Path, name: str) -> list[str]:
    return [record["id"] for record in inside(path, name)]


def elsewhere(world: World, path: Path) -> TakenIn:
    """Take the file in as Olga of another district."""
    with world.database.begin_reference() as connection:
        world.tenant_id = directory.create_tenant(connection, "south", "South district", world.now)
    world.system("people", "olga-of-the-south", display_name=NAME, roles=["teacher"])
    return again(world, path)


def again(world: World, path: Path) -> TakenIn:
    taken = Export(path)
    taken.check()
    where = (world.tenant_id, "olga-of-the-south")
    return Arrival(world.database, KINDS, world.store, taken, where).take_in()


def test_it_holds_all_that_is_hers_and_nothing_that_is_not(exported: Path) -> None:
    assert ids(exported, "records/notes.json") == ["draft-note", "note-of-hana", "shared-note"]
    assert ids(exported, "records/visits.json") == ["lesson-of-olga"]
    assert ids(exported, "around/visits.json") == [VISIT]
    assert ids(exported, "records/invitations.json") == ["door-of-olga"]
    assert ids(exported, "records/seats.json") == [SEAT]
    (refused,) = inside(exported, "records/rejected_writes.json")
    assert REFUSED in str(refused)
    with ZipFile(exported) as file:
        names = set(file.namelist())
        track = read_notes(file.read(f"notes/{VISIT}.vtt").decode())
    assert {note.text for note in track.notes} == {DRAFT, SHARED}
    assert {name for name in names if name.startswith("media/")} == {
        f"media/{PHOTO}/{name}" for name in inside(exported, "records/media.json")[0]["renditions"]
    }
    assert set(inside(exported, MANIFEST)["files"]) == names - {MANIFEST}


def renamed(records: list[Record]) -> list[Record]:
    """What must be equal: all but her id, and the times at which servers wrote."""
    text = orjson.dumps(records).decode().replace("olga-of-the-south", OLGA)
    return [{**record, "updated_at": None} for record in orjson.loads(text)]


def test_taken_in_elsewhere_it_is_the_same_again(world: World, exported: Path, tmp_path: Path) -> None:
    told = elsewhere(world, exported)
    assert told.refused == []
    back = tmp_path / "again.zip"
    export(world.database, KINDS, world.store, (world.tenant_id, "olga-of-the-south"), back, world.now)
    for kind in KINDS:
        if kind not in NOT_TAKEN and kind != "people":
            name = f"records/{kind}.json"
            assert renamed(inside(back, name)) == renamed(inside(exported, name)), kind
    with ZipFile(exported) as first, ZipFile(back) as second:
        files = [name for name in first.namelist() if name.startswith(("media/", "notes/"))]
        assert files
        for name in files:
            was, now = first.read(name), second.read(name)
            assert now == was if name.startswith("media/") else _notes(now) == _notes(was)


def _notes(track: bytes) -> list[Note]:
    """Without who wrote them when: that is compared with the records."""
    unsigned = {"created_by": None, "created_at": None, "updated_at": None}
    return [replace(note, **unsigned) for note in read_notes(track.decode()).notes]


def test_taken_in_twice_nothing_is_made_twice(world: World, exported: Path) -> None:
    first, second = elsewhere(world, exported), again(world, exported)
    assert second.made == {}
    assert sum(second.there.values()) >= sum(first.made.values())


def test_no_powers_are_brought_along(world: World, tmp_path: Path) -> None:
    world.system("people", OLGA, display_name=NAME, roles=["admin", "teacher"])
    world.system("people", "hana-the-host", display_name="Hana", roles=["principal"], evaluator_ids=[OLGA])
    path = tmp_path / "olga.zip"
    export(world.database, KINDS, world.store, (world.tenant_id, OLGA), path, world.now)
    elsewhere(world, path)
    assert world.record("people", "olga-of-the-south")["roles"] == ["teacher"]
    assert (world.record("people", "hana-the-host")["roles"] or []) == []
    assert (world.record("people", "hana-the-host")["evaluator_ids"] or []) == []


def rewritten(path: Path, name: str, content: bytes | None) -> Path:
    """The same file with one entry changed, or left out."""
    packed = io.BytesIO()
    with ZipFile(path) as old, ZipFile(packed, "w") as new:
        for entry in old.namelist():
            said = old.read(entry) if entry != name else content
            if said is not None:
                new.writestr(entry, said)
    path.write_bytes(packed.getvalue())
    return path


@pytest.mark.parametrize("content", [b"[]", None, b""], ids=["changed", "missing", "empty"])
def test_a_file_that_was_changed_is_refused(exported: Path, content: bytes | None) -> None:
    with pytest.raises(ExportError, match=r"records/notes\.json"):
        Export(rewritten(exported, "records/notes.json", content)).check()


@pytest.mark.parametrize("content", [b"not JSON", b"{}", b'{"format": "other"}', None])
def test_what_is_no_export_is_refused(exported: Path, content: bytes | None) -> None:
    with pytest.raises(ExportError):
        Export(rewritten(exported, MANIFEST, content))


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_bytes(b"dear all")
    with pytest.raises(ExportError, match=r"letter\.zip"):
        Export(tmp_path / "letter.zip")


def test_asked_for_from_a_phone_it_is_there_for_a_day(world: World) -> None:
    olga = world.actor(OLGA)
    with world.database.begin(world.tenant_id) as connection:
        row = exports.ask(connection, olga, world.now)
        assert exports.ask(connection, olga, world.now).id == row.id
        assert exports.link(world.store, row, world.now) is None
    for _ in range(2):
        exports.make(world.database, KINDS, world.store, world.tenant_id, row.id, lambda: world.now)
    with world.database.begin(world.tenant_id) as connection:
        ready = exports.latest(connection, olga)
        assert ready is not None
        assert exports.link(world.store, ready, world.now) is not None
        assert exports.link(world.store, ready, world.now + exports.LASTS) is None
        assert exports.latest(connection, world.actor("hana-the-host")) is None
    with ZipFile(io.BytesIO(world.stored(exports.key(ready)))) as file:
        assert MANIFEST in file.namelist()
