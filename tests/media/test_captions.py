"""Captions of a recording: by whom they are put there, who reads them, and that nothing of a foreign file passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from service.media import record as records
from service.settings import Settings
from tests.media.screening import EVA, FILM, HANA, NINA, OLGA, OTTO, RITA, Screening, fetched, served
from tests.media.world import store_of

FILE = """WEBVTT - made elsewhere

STYLE
::cue { background: url(https://spy.example/1.png) }

NOTE a secret

one
00:01.000 --> 00:02.500 align:start position:10%
<v.loud Ada><i>Guten</i> Morgen &amp; <b>hallo</b>

00:03.000 --> 00:02.000
backwards

00:04.000 --> 00:06.000
Zwei
Zeilen
"""
OURS = """WEBVTT

1
00:00:01.000 --> 00:00:02.500
<v Ada>Guten Morgen &amp; hallo

2
00:00:04.000 --> 00:00:06.000
Zwei
Zeilen
"""


@pytest.fixture
def screening(settings_with_s3: Settings) -> Iterator[Screening]:
    """A recording that is ready; its streams are not asked for here."""
    with served(settings_with_s3) as found:
        found.declare(b"a film")
        found.say(state="ready", renditions=["original"], duration_ms=9_000)
        yield found


def put(
    screening: Screening,
    person_id: str,
    language: str = "de",
    text: str | bytes = FILE,
    kind: str = "text/vtt",
) -> TestResponse:
    address = f"/v1/media/{FILM}/captions/{language}"
    return screening.people[person_id].call("PUT", address, data=text, headers={"Content-Type": kind})


def got(screening: Screening, person_id: str, language: str = "de") -> TestResponse:
    return screening.people[person_id].get(f"/v1/media/{FILM}/captions/{language}")


def stored(screening: Screening) -> list[str]:
    below = records.prefix(screening.tenant_id, FILM)
    return [
        one.key.removeprefix(below)
        for page in store_of(screening.services.settings).pages(below)
        for one in page
    ]


def test_what_is_put_there_is_written_anew_and_listed(screening: Screening) -> None:
    answer = put(screening, OLGA)
    assert (answer.status_code, answer.json) == (
        200,
        {
            "captions": ["de"],
            "repairs": [{"place": "line 12", "said": "the cue ends before it begins and was passed over"}],
        },
    )
    assert screening.film()["captions"] == ["de"]
    read = got(screening, RITA)
    assert (read.status_code, read.mimetype, read.text) == (200, "text/vtt", OURS)
    assert fetched(f"{screening.play(RITA)}captions-de.vtt").text == OURS
    assert stored(screening) == ["captions-de.vtt"]


def test_another_language_stands_beside_it_and_a_new_file_in_its_place(screening: Screening) -> None:
    put(screening, OLGA)
    assert put(screening, HANA, "PT-br").json["captions"] == ["de", "pt-BR"]
    assert put(screening, HANA, "zh-hant").json["captions"] == ["de", "pt-BR", "zh-Hant"]
    assert put(screening, HANA, "de", "WEBVTT\n\n00:01.000 --> 00:02.000\nNeu").json["captions"][0] == "de"
    assert got(screening, OLGA).text == "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nNeu\n"


def test_they_are_taken_away_and_it_may_be_said_twice(screening: Screening) -> None:
    put(screening, OLGA)
    put(screening, OLGA, "fr")
    for _ in range(2):
        assert screening.people[HANA].delete(f"/v1/media/{FILM}/captions/de").status_code == 204
        assert screening.film()["captions"] == ["fr"]
        assert stored(screening) == ["captions-fr.vtt"]
        assert got(screening, HANA).status_code == 404


def test_who_may(screening: Screening) -> None:
    put(screening, OLGA)
    told = {one: put(screening, one).status_code for one in (HANA, OLGA, OTTO, RITA, EVA, NINA)}
    assert told == {HANA: 200, OLGA: 200, OTTO: 403, RITA: 403, EVA: 404, NINA: 404}
    told = {one: got(screening, one).status_code for one in (HANA, OLGA, OTTO, RITA, EVA, NINA)}
    assert told == {HANA: 200, OLGA: 200, OTTO: 200, RITA: 200, EVA: 404, NINA: 404}
    for one, status in ((OTTO, 403), (EVA, 404)):
        assert screening.people[one].delete(f"/v1/media/{FILM}/captions/de").status_code == status
    assert sorted(screening.links_issued()) == sorted([HANA, OTTO, RITA])


def test_a_recording_that_is_put_away_has_none(screening: Screening) -> None:
    put(screening, OLGA)
    screening.overwrite(state="incident_hold")
    assert (put(screening, OLGA).status_code, got(screening, OLGA).status_code) == (404, 404)
    assert screening.people[OLGA].delete(f"/v1/media/{FILM}/captions/de").status_code == 404


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("1\n00:01 --> 00:02\nsrt", "line 1, column 1"),
        ("WEBVTT\n\n00:01.000 --> 00:2.000\nhm", "line 3, column 15"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<i></i>", "line 1"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n\xff", "line 4"),
    ],
)
def test_what_cannot_be_read_is_named(screening: Screening, text: str | bytes, where: str) -> None:
    answer = put(screening, OLGA, text=text)
    assert (answer.json["type"], list(answer.json["errors"])) == ("/problems/invalid-request", [where])
    assert (stored(screening), screening.film()["captions"]) == ([], None)


def test_other_files_and_other_words_are_refused(screening: Screening) -> None:
    assert (
        put(screening, OLGA, kind="application/x-subrip").json["type"] == "/problems/unsupported-media-type"
    )
    assert put(screening, OLGA, text="WEBVTT\n\n" + "x" * 2**20).json["type"] == "/problems/too-large"
    for language in ("d", "de_DE", "..", "de.vtt", "de-", "deutschland-"):
        assert put(screening, OLGA, language).json["errors"].keys() == {"/language"}, language
    for number in range(20):
        assert put(screening, OLGA, f"aa{chr(97 + number)}").status_code == 200
    assert put(screening, OLGA, "aaz").json["errors"].keys() == {"/language"}
    assert put(screening, OLGA, "aaa").status_code == 200


def test_a_store_that_is_away_leaves_nothing_listed(
    screening: Screening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening.services.store, "bucket", "no-such-bucket-here")
    assert put(screening, OLGA).status_code >= 500
    assert screening.film()["captions"] is None
