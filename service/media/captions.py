"""Captions of a recording: a text track for each language, written anew here, so that nothing passes but times and words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection

from observation_tools.notes import Repair
from observation_tools.webvtt import Cue, Track, read_webvtt, spoken, to_webvtt
from schemas.problems import Problem, Refused
from service.media import record as records
from service.media.record import Media
from sync.server.actor import Actor
from sync.server.audience import find
from sync.server.push import Door

MOST_LANGUAGES = 20
LONGEST_MS = 100 * 3_600_000
"""No video track has a time of 100 hours or more."""
_TAG = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,5}", re.ASCII | re.IGNORECASE)
_SHAPES: Mapping[int, Callable[[str], str]] = {2: str.upper, 4: str.capitalize}


def language_of(said: str) -> str:
    """The BCP 47 tag as it is commonly written (`de`, `pt-BR`, `zh-Hant`); Refused(INVALID_REQUEST) when it is none."""
    if len(said) > 35 or not _TAG.fullmatch(said):
        told = "Name a language by its tag, such as de, en or pt-BR."
        raise Refused(Problem.INVALID_REQUEST, told, {"/language": [told]})
    first, *rest = said.lower().split("-")
    return "-".join([first, *(_SHAPES.get(len(part), str)(part) for part in rest)])


def key(media: Media, language: str) -> str:
    """Where the captions of a language lie."""
    return media.key(f"captions-{language}.vtt")


def written_anew(text: str) -> tuple[str, tuple[Repair, ...]]:
    """The captions of a file in our own writing, and what was passed over. Raises `TrackError` with line and column.

    Who speaks and the words stay; markup, settings, styles and comments do not.
    """
    track = read_webvtt(text)
    cues, late = list(_cues(track)), [cue for cue in track.cues if cue.to_ms >= LONGEST_MS]
    if not cues:
        told = "There is no cue with words in it: send captions with times and words."
        raise Refused(Problem.INVALID_REQUEST, told, {"line 1": [told]})
    told_late = (
        Repair(f"line {cue.line}", "no recording is so long: the cue was passed over") for cue in late
    )
    return to_webvtt(cues), (*track.repairs, *told_late)


def demand_hers(connection: Connection, actor: Actor, media: Media) -> None:
    """Refused(NOT_ALLOWED) unless she made the recording or hosts its visit."""
    if actor.person_id != media.author and actor.person_id != _host(connection, actor, media.id):
        raise Refused(Problem.NOT_ALLOWED, "Its host, or who made the recording, adds captions to it.")


def list_them(connection: Connection, door: Door, media: Media, languages: Iterable[str]) -> None:
    """Say on the record which languages there are."""
    records.tell(connection, door, media.tenant_id, media.id, {"captions": sorted(languages)})


def demand_room(media: Media, language: str) -> None:
    """Refused(INVALID_REQUEST) for one language too many."""
    if len({*media.captions, language}) > MOST_LANGUAGES:
        told = f"It has captions in {MOST_LANGUAGES} languages: remove those of one first."
        raise Refused(Problem.INVALID_REQUEST, told, {"/language": [told]})


def _cues(track: Track) -> Iterable[Cue]:
    for number, cue in enumerate(track.cues, 1):
        author, words = spoken(cue.text)
        if words.strip() and cue.to_ms < LONGEST_MS:
            yield Cue(str(number), cue.from_ms, words, author, cue.to_ms)


def _host(connection: Connection, actor: Actor, media_id: str) -> str | None:
    found = find(connection, actor, records.COLLECTION, media_id)
    visit = found and find(connection, actor, "visits", json.loads(found.body)["visit_id"])
    return json.loads(visit.body)["host_id"] if visit else None
