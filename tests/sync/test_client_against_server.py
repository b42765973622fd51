"""Real phones against the real app on a real PostgreSQL: a host and an observer, good days and bad networks."""

from __future__ import annotations

import shutil
from datetime import timedelta
from random import Random

import pytest

from sync.client import Client, DeviceRevoked, Standing, Unreachable
from sync.server import deadlines
from tests.phones import LosesEvery, LossyNetwork, Tunnel, VirtualClock
from tests.sync.school import HANA, OLGA, VISIT, School, all_equal, visit_between


def test_a_new_phone_reads_what_is_there(olga: Client) -> None:
    assert [person["display_name"] for person in olga.list("people")] == ["Hana-Host", "Olga-Observes"]
    assert all_equal(olga)


def test_a_visit_and_its_notes(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga, focus="Who talks?")
    note = olga.put(
        "notes",
        None,
        {"visit_id": visit, "note_kind": "noticing", "text": "Four tables argue.", "at_ms": 61_000},
    )
    report = olga.sync()
    assert (report.applied, report.pending) == (1, 0)
    hana.sync()
    assert hana.list("notes") == []  # a draft is its author's alone
    olga.put("notes", note, {"state": "shared"})
    olga.sync()
    hana.sync()
    (shared,) = hana.list("notes")
    assert (shared["text"], shared["state"], shared["created_by"]) == ("Four tables argue.", "shared", OLGA)
    assert all_equal(hana, olga)


def test_offline_edits_of_both_become_one_text(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga, focus="who asks questions today")
    hana.put("visits", visit, {"focus": "and why: who asks questions today"})
    olga.put("visits", visit, {"focus": "who asks questions today in table four"})
    assert hana.sync().applied == 1
    assert olga.sync().merged == 1
    assert all_equal(hana, olga)
    for phone in (hana, olga):
        assert (phone.get("visits", visit) or {})[
            "focus"
        ] == "and why: who asks questions today in table four"


def test_the_same_words_become_a_conflict_that_both_can_read(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga, focus="questions")
    hana.put("visits", visit, {"focus": "silence"})
    olga.put("visits", visit, {"focus": "answers"})
    hana.sync()
    olga.sync()
    assert all_equal(hana, olga)
    for phone in (hana, olga):
        assert (phone.get("visits", visit) or {})["focus"] == "answers"
        assert [(one["kept"], one["other"]) for one in phone.list("conflicts")] == [("answers", "silence")]


def test_an_edit_of_another_field_is_told(school: School, hana: Client, olga: Client) -> None:
    """Between Olga's push and her pull the network goes: her next edit must not overwrite what she never saw."""
    visit = visit_between(hana, olga, focus="questions")
    tunnel = Tunnel(school.network)
    tunnel.meanwhile = lambda request: setattr(tunnel, "open", not request.path.endswith("push"))
    hana.put("visits", visit, {"focus": "questions of girls"})
    hana.sync()
    olga.put("visits", visit, {"started_at": "2026-11-21T09:00:00.000Z"})
    olga = school.open("olga", tunnel)
    with pytest.raises(Unreachable):
        olga.sync()
    assert (olga.get("visits", visit) or {})["focus"] == "questions of girls"
    olga.put("visits", visit, {"focus": "questions of girls, and boys"})
    olga.close()
    assert all_equal(school.open("olga"), hana)
    assert (hana.get("visits", visit) or {})["focus"] == "questions of girls, and boys"
    assert hana.list("conflicts") == []


def test_a_note_waits_for_its_visit(hana: Client, olga: Client) -> None:
    note = olga.put("notes", None, {"visit_id": VISIT, "note_kind": "quote", "text": "Why not?"})
    assert (olga.sync().held, olga.standing("notes", note)) == (1, Standing.HELD)
    olga.put("notes", note, {"text": "Why not? Why?"})
    assert olga.sync().held == 1
    visit_between(hana)
    report = olga.sync()
    assert (report.repeated, report.rejected, report.pending) == (1, 0, 0)
    assert (olga.get("notes", note) or {})["text"] == "Why not? Why?"
    assert all_equal(hana, olga)


def test_a_note_whose_visit_never_comes(school: School, olga: Client) -> None:
    olga.put("notes", None, {"visit_id": "visit-never", "note_kind": "quote", "text": "Why not?"})
    olga.sync()
    with school.services.database.begin(school.tenant_id) as connection:
        later = school.clock.now() + timedelta(days=6)
        assert deadlines.give_up(connection, school.services.door, school.tenant_id, later) == 1
    olga.sync()
    (refused,) = olga.refused()
    assert (refused.slug, refused.fields["text"], olga.pending()) == ("parent-unknown", "Why not?", 0)
    assert olga.list("notes") == []


def test_what_is_refused_is_kept_with_the_reason(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga)
    olga.put("notes", "note-0001", {"visit_id": visit, "note_kind": "noticing", "text": "fine"})
    olga.put(
        "notes",
        "note-0002",
        {"visit_id": visit, "note_kind": "noticing", "at_ms": -5, "text": "Not so fine."},
    )
    report = olga.sync()
    assert (report.applied, report.rejected, report.pending) == (1, 1, 0)
    (refused,) = olga.refused()
    assert (refused.slug, refused.fields["text"]) == ("invalid-record", "Not so fine.")
    assert [note["id"] for note in olga.list("notes")] == ["note-0001"]
    (written,) = olga.list("rejected_writes")
    assert (written["op_id"], written["problem"]) == (refused.op_id, "invalid-record")
    olga.delete("rejected_writes", written["id"])
    assert (olga.sync().rejected, olga.list("rejected_writes")) == (0, [])
    assert all_equal(hana, olga)


def test_a_deleted_note_stays_deleted(hana: Client, olga: Client, school: School) -> None:
    """Olga deletes on one phone what she edits on the other: the words are kept, the note is gone."""
    visit = visit_between(hana, olga)
    tablet = school.phone("tablet", OLGA)
    note = olga.put("notes", None, {"visit_id": visit, "note_kind": "noticing", "text": "one"})
    olga.sync()
    tablet.sync()
    olga.delete("notes", note)
    tablet.put("notes", note, {"text": "one two"})
    assert olga.sync().applied == 1
    assert tablet.sync().rejected == 1
    assert (tablet.list("notes"), tablet.refused()[0].fields, tablet.refused()[0].slug) == (
        [],
        {"text": "one two"},
        "record-deleted",
    )
    assert all_equal(olga, tablet)


def test_what_goes_out_of_sight_leaves_the_phone(hana: Client, olga: Client) -> None:
    visit = visit_between(hana, olga)
    assert olga.get("visits", visit) is not None
    hana.put("visits", visit, {"observer_ids": []})
    hana.sync()
    olga.sync()
    assert (olga.get("visits", visit), all_equal(hana, olga)) == (None, True)


def test_pages_and_batches(school: School, hana: Client) -> None:
    olga = school.phone("olga", OLGA, batch=50, page=40)
    visit = visit_between(hana, olga)
    for number in range(230):
        olga.put(
            "notes",
            f"note-{number:04}",
            {"visit_id": visit, "note_kind": "tally", "at_ms": number, "state": "shared"},
        )
    assert olga.sync().applied == 230
    phone = school.phone("hana-too", HANA, page=64)
    assert [note["at_ms"] for note in phone.list("notes")] == list(range(230))
    assert all_equal(hana, olga, phone)


@pytest.mark.parametrize("seed", range(6))
def test_bad_networks(school: School, seed: int) -> None:
    """Every word that anybody typed is in one record, once, or in a conflict; nothing is left over."""
    rng = Random(seed)
    visit_between(school.phone("hana", HANA), focus="start")
    typed = [0]

    def day(name: str) -> None:
        lossy = LossyNetwork(
            LosesEvery(5, school.network), rng, lose_request=0.15, lose_answer=0.25, duplicate=0.2
        )
        with school.open(name, lossy, attempts=2, batch=3, page=5) as phone:
            for _ in range(rng.randint(1, 4)):
                typed[0] += 1
                words = str((phone.get("visits", VISIT) or {}).get("focus", "")).split()
                words.insert(rng.randint(0, len(words)), f"word{typed[0]}")
                phone.put("visits", VISIT, {"focus": " ".join(words)})
            try:
                phone.sync()
            except Unreachable:
                assert phone.pending() >= 0

    school.phone("olga", OLGA).close()
    for _ in range(12):
        day(rng.choice(["hana", "olga"]))
    hana, olga = school.open("hana"), school.open("olga")
    assert all_equal(hana, olga)
    assert (hana.pending(), olga.pending(), hana.refused(), olga.refused()) == (0, 0, [], [])
    kept = [str((hana.get("visits", VISIT) or {})["focus"])]
    kept += [
        text
        for one in hana.list("conflicts") + olga.list("conflicts")
        for text in (one["kept"], one["other"])
    ]
    assert {f"word{number + 1}" for number in range(typed[0])} <= set(" ".join(kept).split())


def test_access_tokens_run_out(hana: Client, clock: VirtualClock) -> None:
    clock.sleep(3600)
    hana.put("visits", VISIT, {"host_id": HANA})
    assert hana.sync().applied == 1


def test_a_lost_refresh_signs_nobody_out(school: School, clock: VirtualClock) -> None:
    hana = school.phone("hana", HANA, LosesEvery(2, school.network))
    for _ in range(5):
        clock.sleep(3600)
        hana.sync()
    assert hana.person_id == HANA


def test_a_removed_device_is_erased(hana: Client, school: School) -> None:
    tablet = school.phone("tablet", HANA)
    tablet.put("visits", VISIT, {"host_id": HANA})
    hana.ask("DELETE", f"/v1/devices/{tablet.device_id}")
    with pytest.raises(DeviceRevoked):
        tablet.sync()
    assert list(tablet.home.glob("*.sqlite*")) == []
    assert all_equal(hana)


def test_a_phone_that_was_away_too_long(school: School, hana: Client) -> None:
    """Below the horizon everything is read again, in pages, and typing goes out; records from before can be edited."""
    olga = school.phone("olga", OLGA, page=2)
    visit = visit_between(hana, olga, focus="questions")
    for number in range(7):
        olga.put(
            "notes", f"note-{number:04}", {"visit_id": visit, "note_kind": "quote", "text": f"words {number}"}
        )
    olga.sync()
    school.phone("tablet", OLGA).delete("notes", "note-0006")
    tablet = school.open("tablet")
    tablet.sync()
    hana.put("visits", visit, {"started_at": "2026-11-21T09:00:00.000Z"})
    hana.sync()
    school.run("DELETE FROM sync_entry WHERE tenant_id = :tenant AND removed")
    school.run("UPDATE sync_clock SET horizon = seq WHERE tenant_id = :tenant")
    olga.put("notes", "note-0000", {"text": "words 0 and more"})
    report = olga.sync()
    assert (report.resets, report.rejected, report.pending) == (1, 0, 0)
    assert [note["text"] for note in olga.list("notes")] == [
        "words 0 and more",
        *(f"words {n}" for n in range(1, 6)),
    ]
    assert all_equal(hana, olga, tablet)
    hana.put("visits", visit, {"focus": "questions of girls"})
    hana.sync()
    olga.sync()
    olga.put("visits", visit, {"focus": "questions of girls, and boys"})
    olga.sync()
    assert all_equal(hana, olga)
    assert (hana.get("visits", visit) or {})["focus"] == "questions of girls, and boys"
    assert hana.list("conflicts") == []


TABLES = """
  SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
   WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND b.table_type = 'BASE TABLE'
     AND c.table_name <> 'session'"""
BACKUP = f"""DO $$ DECLARE t text; BEGIN
  CREATE SCHEMA kept;
  FOR t IN {TABLES} LOOP
    EXECUTE format('CREATE TABLE kept.%I AS SELECT * FROM public.%I WHERE tenant_id = %L', t, t, :tenant);
  END LOOP;
END $$"""
RESTORE = f"""DO $$ DECLARE t text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR t IN {TABLES} LOOP
    EXECUTE format('DELETE FROM public.%I WHERE tenant_id = %L', t, :tenant);
    EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', t, t);
  END LOOP;
  UPDATE sync_clock SET epoch = epoch + 1, seq = seq + 1000000000, horizon = seq + 1000000000 WHERE tenant_id = :tenant;
END $$"""


def test_a_server_restored_from_a_backup(school: School, hana: Client) -> None:
    """What was acknowledged after the backup comes back from the phones that still hold it."""
    olga = school.phone("olga", OLGA, page=2)
    visit = visit_between(hana, olga, focus="questions")
    olga.put("notes", "note-0001", {"visit_id": visit, "note_kind": "quote", "text": "before"})
    olga.put("notes", "note-0002", {"visit_id": visit, "note_kind": "quote", "text": "to be deleted"})
    olga.sync()
    school.run(BACKUP)
    olga.put("notes", "note-0001", {"text": "before and after"})
    olga.put(
        "notes", "note-0003", {"visit_id": visit, "note_kind": "quote", "text": "new", "state": "shared"}
    )
    olga.delete("notes", "note-0002")
    olga.sync()
    hana.sync()
    olga.put("notes", "note-0004", {"visit_id": visit, "note_kind": "quote", "text": "not sent yet"})
    school.run(RESTORE)
    report = olga.sync()
    assert (report.resets, report.rejected, report.pending, olga.refused()) == (1, 0, 0, [])
    hana.sync()
    texts = {note["id"]: note["text"] for note in olga.list("notes")}
    assert texts == {"note-0001": "before and after", "note-0003": "new", "note-0004": "not sent yet"}
    assert [note["text"] for note in hana.list("notes")] == ["new"]
    assert all_equal(hana, olga)


def test_a_copied_phone(school: School, hana: Client) -> None:
    """A phone restored from its own backup: old typing does not overwrite newer typing of the same phone in silence."""
    visit = visit_between(hana, focus="one")
    hana.close()
    copy = hana.home.rename(hana.home.with_name("copy"))
    shutil.copytree(copy, hana.home)
    hana = school.open("hana")
    hana.put("visits", visit, {"focus": "one two"})
    hana.sync()
    hana.close()
    shutil.rmtree(hana.home)
    shutil.copytree(copy, hana.home)
    hana = school.open("hana")
    hana.put("visits", visit, {"focus": "one or another"})
    hana.sync()
    assert all_equal(hana)
    kept = [str((hana.get("visits", visit) or {})["focus"])]
    kept += [text for one in hana.list("conflicts") for text in (one["kept"], one["other"])]
    assert {"two", "another"} <= set(" ".join(kept).split())
