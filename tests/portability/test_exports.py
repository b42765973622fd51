"""Everything of Olga's is in one file; taken in elsewhere, it is the same again; what was changed on its way is refused."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
import pytest

from observation_tools.notes import Note
from observation_tools.webvtt import read_notes
from service.accounts import directory
from service.portability import ExportError, exports
from service.portability.exporting import MANIFEST, export
from service.portability.importing import NOT_TAKEN, Arrival, Export, TakenIn
from service.records import KINDS
from sync.changes import Record
from sync.clock import stamp
from tests.media.world import OLGA, VISIT, World, jobs_of
from tests.portability.school import DRAFT, NAME, PHOTO, REFUSED, SEAT, SHARED, STUDIO


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
    where = (world.tenant_id, "olga-of-the-south")
    with Export(path) as taken:
        taken.check()
        return Arrival(world.database, KINDS, world.store, taken, where).take_in()


def test_it_holds_all_that_is_hers_and_nothing_that_is_not(exported: Path) -> None:
    assert ids(exported, "records/notes.json") == ["draft-note", "note-of-hana", "shared-note"]
    assert ids(exported, "records/visits.json") == ["lesson-of-olga"]
    assert ids(exported, "around/visits.json") == [VISIT]
    assert ids(exported, "around/groups.json") == [STUDIO]
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
    assert (second.made.total(), second.files) == (0, 0)
    assert second.there == first.there + first.made


def test_no_powers_are_brought_along(world: World, tmp_path: Path) -> None:
    world.system("people", OLGA, display_name=NAME, roles=["admin", "teacher"])
    world.system("people", "hana-the-host", display_name="Hana", roles=["principal"], evaluator_ids=[OLGA])
    path = tmp_path / "olga.zip"
    export(world.database, KINDS, world.store, (world.tenant_id, OLGA), path, world.now)
    elsewhere(world, path)
    assert world.record("people", "olga-of-the-south")["roles"] == ["teacher"]
    assert (world.record("people", "hana-the-host")["roles"] or []) == []
    assert (world.record("people", "hana-the-host")["evaluator_ids"] or []) == []


LISTED: dict[str, Any] = {"format": "comewatch-export", "version": 1, "person_id": OLGA, "files": {}}
OF_ANOTHER_FORM = orjson.dumps(LISTED | {"files": {"records/notes.json": 5}})
NEWER = orjson.dumps(LISTED | {"version": 2})


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
    changed = rewritten(exported, "records/notes.json", content)
    with Export(changed) as taken, pytest.raises(ExportError, match=r"records/notes\.json"):
        taken.check()


@pytest.mark.parametrize(
    "content", [b"not JSON", b"{}", b"[]", b'{"format": "other"}', None, OF_ANOTHER_FORM, NEWER]
)
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


def packed(path: Path, name: str, records: list[Record], *files: str) -> Path:
    """A zip of somebody's own making, its list in order: these records, and files that say `hers`."""
    inside = {name: orjson.dumps(records)} | dict.fromkeys(files, b"hers")
    listed = {
        name: {"bytes": len(said), "sha256": hashlib.sha256(said).hexdigest()}
        for name, said in inside.items()
    }
    with ZipFile(path, "w") as file:
        for name, said in inside.items():
            file.writestr(name, said)
        file.writestr(MANIFEST, orjson.dumps(LISTED | {"files": listed}))
    return path


def test_files_of_what_is_here_already_are_not_touched(world: World, tmp_path: Path) -> None:
    photo = world.record("media", PHOTO)
    made = {"id": PHOTO, "created_by": OLGA, "created_at": stamp(photo["created_at"])}
    path = packed(tmp_path / "hers.zip", "records/media.json", [made], f"media/{PHOTO}/photo")
    before = world.stored(f"{world.tenant_id}/{PHOTO}/photo")
    world.system("people", "olga-of-the-south", display_name=NAME, roles=["teacher"])
    told = again(world, path)
    assert (told.there["media"], told.files) == (1, 0)
    assert world.stored(f"{world.tenant_id}/{PHOTO}/photo") == before


@pytest.mark.parametrize(
    "record",
    [5, {}, {"id": "note-one"}, {"id": "note-one", "created_by": OLGA, "created_at": "yesterday"}],
    ids=["a number", "nothing", "half of one", "no time"],
)
def test_what_is_no_record_is_refused_by_its_place(world: World, tmp_path: Path, record: Any) -> None:
    path = packed(tmp_path / "hers.zip", "records/notes.json", [record])
    with pytest.raises(ExportError, match=r"records/notes\.json holds what is no record"):
        again(world, path)


@pytest.mark.parametrize(
    ("media_id", "name"),
    [("photo-of-hers", "photo-of-hers/../../another/photo"), ("../another-photo", "../another-photo/photo")],
)
def test_no_file_leads_out_of_its_record(world: World, tmp_path: Path, media_id: str, name: str) -> None:
    made = {"id": media_id, "created_by": OLGA, "created_at": "2026-11-28T09:00:00.000Z"}
    path = packed(tmp_path / "hers.zip", "records/media.json", [made], f"media/{name}")
    world.system("people", "olga-of-the-south", display_name=NAME, roles=["teacher"])
    with pytest.raises(ExportError):
        again(world, path)
    assert [key for page in world.store.pages("") for key in page if "another" in key.key] == []


def test_files_are_as_large_as_they_are_in_the_zip(world: World, tmp_path: Path) -> None:
    """A few bytes that become a full disk are no photo: those lie in an export as they are."""
    path = packed(tmp_path / "hers.zip", "records/media.json", [], "media/photo-of-hers/photo")
    packed_again = tmp_path / "packed.zip"
    with ZipFile(path) as old, ZipFile(packed_again, "w", ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    with Export(packed_again) as taken, pytest.raises(ExportError, match="photo-of-hers/photo"):
        taken.check()


def test_one_that_cannot_be_written_to_its_end_is_not_left_lying(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.store, "pages", lambda prefix: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(world.database, KINDS, world.store, (world.tenant_id, OLGA), tmp_path / "olga.zip", world.now)
    assert list(tmp_path.iterdir()) == []


def test_two_that_are_asked_for_one_after_the_other_are_both_made(world: World) -> None:
    """Also where the job of the first, given up long ago, waits still."""
    olga = world.actor(OLGA)
    with world.database.begin(world.tenant_id) as connection:
        first = exports.ask(connection, olga, world.now)
        second = exports.ask(connection, olga, world.now + 2 * exports.LASTS)
    asked = [job["args"]["export_id"] for job in jobs_of(world) if job["task_name"] == exports.MAKE_EXPORT]
    assert asked == [str(first.id), str(second.id)]
