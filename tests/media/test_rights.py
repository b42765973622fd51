"""Who gets what of a recording, in which state of it: everybody, by every way, in every state; and what stops it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from service.accounts import sessions
from service.accounts.models import session
from service.settings import Settings
from sync.clock import stamp, system_now
from tests.builders import Caller
from tests.conftest import CloneDatabase, environment
from tests.media.screening import EVA, FILM, HANA, NINA, OLGA, OTTO, RITA, Screening, fetched, served
from tests.servers import Answer

READERS = {HANA, OLGA, OTTO, RITA}
"""Whom the visit is Hana's, who filmed, who observed too, and to whom it was released."""
REVOKED, NOBODY = "revoked", "nobody"
RENDITIONS = ("original", "720p", "360p", "poster", "sheet", "waveform")
PIECES = (
    "master.m3u8", "original.m3u8", "720p.m3u8", "360p.m3u8", "original.mp4", "720p.mp4", "360p.mp4",
    "poster", "sheet", "sheet.json", "waveform", "captions-de.m3u8", "captions-de.vtt",
)  # fmt: skip
# the last is met once, at the end: what was deleted does not come back
STATES = ("ready", "quarantined", "held", "withdrawn", "expired", "deleted")


@pytest.fixture(scope="module")
def screening(clone_database: CloneDatabase, token_key: str, s3: Answer) -> Iterator[Screening]:
    with clone_database() as url, served(Settings.from_environment(environment(url, token_key, s3))) as found:
        found.filmed()
        yield found


def set_state(screening: Screening, state: str) -> None:
    """As the record would be, written to its rows at once: no way leads back from most of these."""
    ready: dict[str, Any] = {"state": "ready", "consent_withdrawn_at": None, "expires_at": None}
    past = stamp(system_now() - timedelta(seconds=1))
    said: dict[str, dict[str, Any]] = {
        "ready": {},
        "quarantined": {"state": "quarantined"},
        "held": {"state": "incident_hold"},
        "withdrawn": {"consent_withdrawn_at": past},
        "expired": {"expires_at": past},
    }
    if state == "deleted":
        assert screening.people[OLGA].delete(f"/v1/media/{FILM}").status_code == 204
    else:
        screening.overwrite(**ready | said[state])


def revoked(screening: Screening) -> tuple[Caller, str]:
    """Hana on a phone that is signed out later, and where it played."""
    phone = screening.caller(HANA, "phone-that-is-lost")
    base = phone.post(f"/v1/media/{FILM}/play").json["url"].removesuffix("master.m3u8")
    with screening.services.database.begin(screening.tenant_id) as connection:
        lost = session.c.device_id == "phone-that-is-lost"
        assert sessions.end(connection, screening.tenant_id, lost, sessions.REMOVED, system_now()) == 1
    return phone, base


def test_everybody_by_every_way_in_every_state(screening: Screening) -> None:
    lost, lost_base = revoked(screening)
    askers = {**screening.people, REVOKED: lost, NOBODY: Caller(screening.app.test_client())}
    bases = {one: screening.play(one) for one in sorted(READERS)} | {REVOKED: lost_base}
    forged = next(iter(bases.values()))[:-8] + "AAAAAAA/"
    nothing = {
        one: (asker.get("/v1/media/none-of-these/link").data, asker.post("/v1/media/none-of-these/play").data)
        for one, asker in askers.items()
    }
    no_piece = fetched(forged + "master.m3u8").content
    asked, differences = Counter[str](), []
    for state in STATES:
        set_state(screening, state)
        for one, asker in askers.items():
            may = one in READERS and state == "ready"
            refused = 401 if one in (REVOKED, NOBODY) else 404
            answers = [
                (name, asker.get(f"/v1/media/{FILM}/link?rendition={name}"), nothing[one][0])
                for name in RENDITIONS
            ]
            answers += [("best", asker.get(f"/v1/media/{FILM}/link"), nothing[one][0])]
            answers += [("play", asker.post(f"/v1/media/{FILM}/play"), nothing[one][1])]
            for name, answer, like in answers:
                asked[state] += 1
                right = answer.status_code == (200 if may else refused) and (may or answer.data == like)
                differences += [] if right else [(state, one, name, answer.status_code)]
            for name in PIECES:
                asked[state] += 1
                piece = fetched(bases.get(one, forged) + name)
                right = piece.status_code == (200 if may else 404) and (may or piece.content == no_piece)
                differences += [] if right else [(state, one, name, piece.status_code)]
    print(
        f"\n{sum(asked.values())} answers in {len(STATES)} states ({dict(asked)}): {len(differences)} differences"
    )
    assert differences == []
    assert sum(asked.values()) == len(STATES) * len(askers) * (len(RENDITIONS) + 2 + len(PIECES))


@pytest.fixture
def lesson(settings_with_s3: Settings) -> Iterator[Screening]:
    """A film that is declared, and not sent: enough for what is only said of it."""
    with served(settings_with_s3) as found:
        found.declare(b"not sent")
        yield found


@pytest.mark.parametrize(
    ("one", "status"), [(HANA, 200), (OLGA, 200), (OTTO, 403), (RITA, 403), (EVA, 404), (NINA, 404)]
)
@pytest.mark.parametrize("act", ["withdraw-consent", "hold"])
def test_the_host_and_who_filmed_stop_it(lesson: Screening, act: str, one: str, status: int) -> None:
    lesson.say(state="ready")
    answer = lesson.people[one].post(f"/v1/media/{FILM}/{act}")
    assert answer.status_code == status
    state = lesson.film()["state"]
    assert state == ("ready" if status != 200 else "expiring" if act != "hold" else "incident_hold")
    if status == 200 and act != "hold":
        again = lesson.people[one].post(f"/v1/media/{FILM}/{act}")
        assert again.json["consent_withdrawn_at"] == answer.json["consent_withdrawn_at"]


def test_what_is_held_is_not_deleted(lesson: Screening) -> None:
    lesson.say(state="ready")
    assert lesson.people[HANA].post(f"/v1/media/{FILM}/hold").json["state"] == "incident_hold"
    for one in (HANA, OLGA):
        answer = lesson.people[one].delete(f"/v1/media/{FILM}")
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/media-held")
    assert lesson.people[RITA].delete(f"/v1/media/{FILM}").status_code == 403
