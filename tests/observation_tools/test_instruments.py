"""An instrument that was published stays as it was, and tells those who misspell it what it has."""

import json
from dataclasses import FrozenInstanceError
from hashlib import sha256
from importlib.resources import files

import pytest

from observation_tools.errors import InstrumentError, UnknownCodeError
from observation_tools.instruments import (
    Code,
    Instrument,
    InstrumentKind,
    latest,
    load_catalogue,
    read_instrument,
)

CATALOGUE = files("observation_tools").joinpath("catalogue")

# A published version never changes: do not edit a line here, add one for the new version.
PUBLISHED = {
    "fill-plus.1.json": "4ad58b6336fe88fcdaf6c00517db655d63556433fdf17e7128f062355b88c08e",
    "look-fors.1.json": "86d72b2e9a97c2a112b72a5845680f16b87724ab138bd7bb468863db9a4af712",
    "open-notes.1.json": "22e201964709cfdc54d3e143d36bcc7555b682fbe98ad97675c8e045138cf989",
}

FILL = {
    "AD": "Administration",
    "LT": "Lecturer talk",
    "LQ": "Lecturer question",
    "LR": "Lecturer response",
    "SQ": "Student question",
    "SR": "Student response",
    "CQ": "Class question",
    "SD": "Student discussion",
    "ST": "Student thinking",
    "FB": "Feedback",
    "NA": "Not coded",
    "END": "End",
}


def an_instrument(version: int = 1, *codes: Code) -> Instrument:
    return Instrument("doors", version, InstrumentKind.TALLY, "Doors", "us", codes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_version_never_changes(name: str) -> None:
    words = json.dumps(json.loads(CATALOGUE.joinpath(name).read_text("utf-8")), sort_keys=True)
    assert sha256(words.encode()).hexdigest() == PUBLISHED[name]


def test_every_file_of_the_catalogue_is_published_under_its_own_name() -> None:
    assert {file.name for file in CATALOGUE.iterdir()} == set(PUBLISHED)
    assert {f"{one.slug}.{one.version}.json" for one in load_catalogue().values()} == set(PUBLISHED)


def test_fill_plus_has_its_codes_and_edges() -> None:
    fill = load_catalogue()["fill-plus@1"]
    assert {code.code: code.name for code in fill.codes} == FILL
    assert [code.code for code in fill.codes if code.edge] == ["NA", "END"]
    assert (fill.kind, fill.source) == (InstrumentKind.TIMELINE_CODES, "Kinnear 2022")
    assert all(code.description for code in fill.codes)


def test_look_fors_describe_and_never_judge() -> None:
    look_fors = load_catalogue()["look-fors@1"]
    words = " ".join(f"{code.name} {code.description}" for code in look_fors.codes).casefold()
    assert look_fors.kind is InstrumentKind.LOOK_FORS
    assert len(look_fors.codes) >= 3
    assert not {"score", "rating", "effective", "good", "poor", "level"} & set(words.split())


def test_the_catalogue_and_its_instruments_cannot_be_changed() -> None:
    catalogue = load_catalogue()
    with pytest.raises(TypeError):
        catalogue["mine@1"] = catalogue["fill-plus@1"]
    with pytest.raises(FrozenInstanceError):
        catalogue["fill-plus@1"].title = "Mine"
    with pytest.raises(FrozenInstanceError):
        catalogue["fill-plus@1"].codes[0].name = "Mine"


@pytest.mark.parametrize(
    ("key", "word", "told"),
    [
        ("fill-plus@1", "LTT", r"^fill-plus@1: no code 'LTT'; did you mean LT\?$"),
        ("fill-plus@1", "fb", r"^fill-plus@1: no code 'fb'; did you mean FB\?$"),
        ("look-fors@1", "voice", r"^look-fors@1: no code 'voice'; did you mean voices\?$"),
        ("fill-plus@1", "???", r"^fill-plus@1: no code '\?\?\?'; use one of AD, LT, LQ, LR, SQ"),
        ("open-notes@1", "LT", r"^open-notes@1: no code 'LT'; it has no codes: write a note instead$"),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest(key: str, word: str, told: str) -> None:
    with pytest.raises(UnknownCodeError, match=told):
        load_catalogue()[key].code(word)


def test_the_newest_version_is_the_highest_number() -> None:
    versions = [an_instrument(2), an_instrument(10), an_instrument(9)]
    assert latest("doors", versions).version == 10
    assert latest("fill-plus") is load_catalogue()["fill-plus@1"]
    with pytest.raises(InstrumentError, match=r"no instrument 'fill'; did you mean fill-plus\?"):
        latest("fill")


def test_an_instrument_is_counted_from_one_and_says_each_code_once() -> None:
    with pytest.raises(InstrumentError, match="doors: version 0; count versions from 1"):
        an_instrument(0)
    with pytest.raises(InstrumentError, match="doors@1: code 'open' stands there twice; rename one"):
        an_instrument(1, Code("open", "Open"), Code("shut", "Shut"), Code("open", "Ajar"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not json", "^mine.json: cannot be read .*compare it with a file of the catalogue$"),
        ("[]", "^mine.json: cannot be read"),
        ("{}", "^mine.json: cannot be read .*codes"),
        ('{"codes": [{"name": "no code"}]}', "^mine.json: cannot be read .*code"),
        ('{"codes": [], "kind": "ranking"}', "^mine.json: cannot be read .*'ranking' is not a valid"),
        ('{"codes": [], "kind": "tally", "slug": "a", "version": 1}', "^mine.json: .*title"),
        (
            '{"codes": [], "kind": "tally", "slug": "a", "version": 1, "title": "", "source": "", "score": 1}',
            "^mine.json: cannot be read .*score",
        ),
        (
            '{"codes": [], "kind": "tally", "slug": "a", "version": 0, "title": "", "source": ""}',
            "^a: version 0; count versions from 1$",
        ),
    ],
)
def test_a_broken_instrument_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InstrumentError, match=told):
        read_instrument(text, "mine.json")


def test_what_a_district_writes_is_read() -> None:
    text = json.dumps(
        {
            "slug": "doors",
            "version": 3,
            "kind": "tally",
            "title": "Doors",
            "source": "us",
            "codes": [{"code": "open", "name": "Open door"}],
        }
    )
    assert read_instrument(text) == Instrument(
        "doors", 3, InstrumentKind.TALLY, "Doors", "us", (Code("open", "Open door"),)
    )
