"""Notes enter in open formats: all of a file or none, and only ever as drafts of who sends it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.api.open_formats import IMPORT_LIMIT
from tests.api.conftest import HANA, OLGA, PETRA
from tests.api.formats import FORMS, SAID, VISIT, content, contents, enter, forms, notes
from tests.builders import Caller, put, services_of

pytestmark = pytest.mark.usefixtures("visit_id")


def annotation(**said: Any) -> dict[str, Any]:
    return {"type": "Annotation", "target": "lesson.mp4#t=5", "bodyValue": "hm"} | said


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"@context": "http://www.w3.org/ns/anno.jsonld", "type": "AnnotationPage", "items": list(items)}


@forms
def test_what_leaves_enters_elsewhere_without_loss(
    app: Flask, tenant_id: UUID, written: list[str], form: str, olga: Caller, petra: Caller
) -> None:
    put(
        services_of(app),
        tenant_id,
        "visits",
        "visit-two",
        host_id=HANA,
        observer_ids=[PETRA],
        state="captured",
    )
    out, path, mimetype = FORMS[form]
    body = olga.get(out).data
    elsewhere = path.replace("visit-one", "visit-two")
    entered = petra.call("POST", elsewhere, data=body, headers={"Content-Type": mimetype})
    assert (entered.status_code, entered.json["repairs"]) == (201, [])
    hers = notes(petra)
    assert set(entered.json["note_ids"]) == set(hers)
    assert contents(hers.values()) == contents(notes(olga).values())
    assert not set(hers) & set(written)
    said = {(note["created_by"], note["state"], note["visit_id"]) for note in hers.values()}
    assert said == {(PETRA, "draft", "visit-two")}


@forms
def test_the_same_file_again_adds_nothing(form: str, written: list[str], olga: Caller) -> None:
    body = olga.get(FORMS[form][0]).data
    first = enter(olga, form, body)
    assert (first.status_code, len(notes(olga))) == (201, 2 * len(SAID))
    one, two, *_ = first.json["note_ids"]
    assert olga.delete(f"/v1/notes/{one}").status_code == 204
    assert olga.patch(f"/v1/notes/{two}", {"text": "Better said."}).status_code == 200
    assert olga.post(f"{VISIT}/share").status_code == 200
    again = enter(olga, form, body)
    assert (again.status_code, again.json) == (200, first.json)
    assert len(notes(olga)) == 2 * len(SAID) - 1
    assert notes(olga)[two]["text"] == "Better said."


def test_two_that_say_the_same_are_two(olga: Caller) -> None:
    body = "WEBVTT\n\n" + '00:01.000 --> 00:02.000\n{"note_kind":"tally","code":"hands"}\n\n' * 3
    for status in (201, 200):
        entered = enter(olga, "track", body)
        assert (entered.status_code, len(set(entered.json["note_ids"]))) == (status, 3)
    assert len(notes(olga)) == 3


def test_each_observer_has_drafts_of_her_own(
    app: Flask, tenant_id: UUID, olga: Caller, petra: Caller
) -> None:
    about = {"host_id": HANA, "observer_ids": [OLGA, PETRA], "state": "captured"}
    put(services_of(app), tenant_id, "visits", "visit-two", **about)
    for address in (f"{VISIT}/annotations", "/v1/visits/visit-two/annotations"):
        assert olga.post(address, annotation()).status_code == 201
    assert petra.post("/v1/visits/visit-two/annotations", annotation()).status_code == 201
    assert (len(notes(olga)), len(notes(petra))) == (2, 1)


def test_captions_are_what_was_noticed_and_repairs_are_told(olga: Caller) -> None:
    body = (
        "WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Hana>Why &lt; <i>five</i>?\n\n00:09.000 --> 00:08.000\nback"
    )
    entered = enter(olga, "track", body)
    assert entered.json["repairs"] == [
        {"place": "line 7", "said": "the cue ends before it begins and was passed over"}
    ]
    (note,) = notes(olga).values()
    assert content(note) == ("noticing", "Why < five?", None, None, 1_000, 2_000, None, None)
    assert note["created_by"] == OLGA
    many = enter(olga, "track", "WEBVTT\n\n" + "no times\n\n" * 60)
    assert (many.status_code, many.json["note_ids"]) == (200, [])
    assert many.json["repairs"][50:] == [{"place": "", "said": "10 others like these"}]


def test_others_annotations_name_no_author_here(olga: Caller) -> None:
    claims = annotation(
        creator=f"urn:comewatch:person:{HANA}", created="2001-01-01T00:00:00Z", id="urn:comewatch:note:x"
    )
    assert olga.post(f"{VISIT}/annotations", page(claims)).status_code == 201
    (note,) = notes(olga).values()
    assert (note["created_by"], note["text"], note["at_ms"]) == (OLGA, "hm", 5_000)
    assert note["created_at"] > "2002"
    assert HANA not in str(note)


@forms
def test_only_an_observer_brings_notes_in(
    form: str, written: list[str], olga: Caller, hana: Caller, petra: Caller, stranger: Caller, nobody: Caller
) -> None:
    body = olga.get(FORMS[form][0]).data
    told = {"hana": enter(hana, form, body), "petra": enter(petra, form, body)}
    told |= {"stranger": enter(stranger, form, body), "nobody": enter(nobody, form, body)}
    assert {name: answer.json["type"] for name, answer in told.items()} == {
        "hana": "/problems/not-allowed",
        "petra": "/problems/not-found",
        "stranger": "/problems/not-found",
        "nobody": "/problems/sign-in-required",
    }
    assert olga.post(f"{VISIT}/share").status_code == 200
    hana.post(f"{VISIT}/release", {"people_ids": [PETRA]})
    assert enter(petra, form, body).json["type"] == "/problems/not-allowed"
    assert set(notes(hana)) == set(written)


def test_one_fault_keeps_all_out(olga: Caller) -> None:
    long, early = (
        annotation(bodyValue="x" * 20_001),
        annotation(body={"value": "y" * 65, "purpose": "tagging"}),
    )
    del early["bodyValue"]
    refused = olga.post(f"{VISIT}/annotations", page(annotation(), long, early))
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/invalid-request")
    assert refused.json["errors"] == {
        "/items/1": ["text: Length must be between 0 and 20000."],
        "/items/2": ["code: Length must be between 0 and 64."],
    }
    assert notes(olga) == {}
    fixed = olga.post(f"{VISIT}/annotations", page(annotation()))
    assert fixed.status_code == 201


def test_next_steps_enter_only_where_they_were_asked(app: Flask, tenant_id: UUID, olga: Caller) -> None:
    services = services_of(app)
    put(services, tenant_id, "invitations", "open-door", host_id=HANA, state="open", to_tenant=True)
    assert olga.post("/v1/invitations/open-door/claim").status_code == 200
    about = {"host_id": HANA, "observer_ids": [OLGA], "state": "captured", "invitation_id": "open-door"}
    put(services, tenant_id, "visits", "visit-two", **about)
    steps = page(annotation(), annotation(motivation="editing"))
    refused = olga.post("/v1/visits/visit-two/annotations", steps)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/next-steps-not-asked")
    assert list(refused.json["errors"]) == ["/items/1"]
    assert notes(olga) == {}


FAULTS: list[tuple[str, bytes, list[str]]] = [
    ("track", b"", ["line 1, column 1"]),
    ("track", b"WEBVTT\n\n00:01,000 --> 00:02.000\nhm", ["line 3, column 1"]),
    ("track", b"WEBVTT\n\nGr\xfc\xdfe", ["line 3"]),
    ("track", b'WEBVTT metadata\n\n00:01.000 --> 00:02.000\n{"score":5}', ["line 4, column 1"]),
    ("track", b'WEBVTT\n\n00:01.000 --> 00:02.000\n{"note_kind":"quote","text":"\\ud83d"}', ["line 3"]),
    ("track", b'WEBVTT\n\n00:01.000 --> 00:02.000\n{"note_kind":"quote","text":"\\u0000"}', ["line 3"]),
    ("track", b'WEBVTT\n\n00:01.000 --> 00:02.000\n{"note_kind":"quote","at_ms":2147483648}', ["line 3"]),
    (
        "track",
        b'WEBVTT\n\n00:01.000 --> 00:02.000\n{"note_kind":"quote","at_ms":9223372036854775808}',
        ["line 3"],
    ),
    ("track", b'WEBVTT\n\n00:01.000 --> 00:02.000\n{"note_kind":"quote","at":"today"}', ["line 3"]),
    ("annotations", b'{"type":"AnnotationPage"}', ["/items"]),
    ("annotations", b'{"type":"Annotation","target":"x#t=9,5"}', ["/target"]),
    ("annotations", b'{"type":"Annotation","target":"x","bodyValue":"\\ud83d"}', ["/bodyValue"]),
]


@pytest.mark.parametrize(("form", "body", "places"), FAULTS)
def test_a_file_that_cannot_be_read_is_told_with_its_places(
    olga: Caller, form: str, body: bytes, places: list[str]
) -> None:
    refused = enter(olga, form, body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/invalid-request")
    assert list(refused.json["errors"]) == places
    assert notes(olga) == {}


def test_500_notes_enter_at_once_and_no_more(olga: Caller) -> None:
    cues = [f"00:00:00.{n:03} --> 00:00:01.000\n{n}" for n in range(501)]
    refused = enter(olga, "track", "\n\n".join(["WEBVTT", *cues]))
    assert (refused.status_code, refused.json["errors"]) == (
        422,
        {"line 1503": ["At most 500 notes at once: send those from here on in another file."]},
    )
    entered = enter(olga, "track", "\n\n".join(["WEBVTT", *cues[:500]]))
    assert (entered.status_code, len(entered.json["note_ids"])) == (201, 500)


@forms
def test_a_file_of_another_type_or_size_is_not_read(form: str, olga: Caller) -> None:
    path = FORMS[form][1]
    for mimetype in ("text/plain", "application/x-subrip", "multipart/form-data"):
        other = olga.call("POST", path, data=b"WEBVTT", headers={"Content-Type": mimetype})
        assert (other.status_code, other.json["type"]) == (415, "/problems/unsupported-media-type")
    large = enter(olga, form, b" " * (IMPORT_LIMIT + 1))
    assert (large.status_code, large.json["type"]) == (413, "/problems/too-large")
