"""Olga has filmed Hana's lesson; who may see it? The real app, its real store, and everybody who might ask."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
from flask import Flask
from sqlalchemy import select, update
from werkzeug.serving import WSGIRequestHandler, make_server

from service.app import create_app, make_services
from service.media import processing, transcoding
from service.media import record as records
from service.records import read_log
from service.settings import Settings
from sync.server.tables import document
from tests.builders import Caller, caller, make_person, make_tenant, put, services_of
from tests.media import films

HANA, OLGA, OTTO = "hana-the-host", "olga-who-filmed", "otto-observes"
RITA, EVA, NINA = "rita-may-read", "eva-evaluates", "nina-elsewhere"
VISIT, FILM = "visit-of-a-lesson", "film-of-the-lesson"
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:02.000\nGuten Morgen.\n"


class Screening:
    """A tenant of which Hana's visit is shared, and released to Rita; the film is made once, whatever then becomes of it."""

    def __init__(self, app: Flask) -> None:
        self.app, self.services = app, services_of(app)
        self.tenant_id = make_tenant(self.services)
        for person_id in (EVA, OLGA, OTTO, RITA, NINA):
            make_person(self.services, self.tenant_id, person_id)
        make_person(self.services, self.tenant_id, HANA, evaluator_ids=[EVA])
        put(
            self.services,
            self.tenant_id,
            "visits",
            VISIT,
            host_id=HANA,
            observer_ids=[OLGA, OTTO],
            released_people_ids=[RITA],
            state="shared",
        )
        self.people = {one: self.caller(one) for one in (HANA, OLGA, OTTO, RITA, EVA, NINA)}

    def caller(self, person_id: str, device_id: str | None = None) -> Caller:
        return caller(self.app, self.tenant_id, person_id, device_id)

    def declare(self, content: bytes, media_type: str = "video/mp4", **fields: Any) -> None:
        declared = {
            "id": FILM,
            "visit_id": VISIT,
            "file_name": "Stunde ü.mov",
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "consent_basis": "families_agreed",
        }
        assert self.people[OLGA].post("/v1/media", declared | fields).status_code == 201

    def filmed(self, content: bytes | None = None, media_type: str = "video/mp4", **fields: Any) -> None:
        """All that it takes until the film is there, and everything is made of it."""
        content = content or films.mp4(3, "640x480")
        self.declare(content, media_type, **fields)
        store, whose = self.services.store, (self.tenant_id, FILM)
        store.put(records.raw_key(*whose), content, media_type)
        assert self.people[OLGA].post(f"/v1/media/{FILM}/upload").status_code == 200
        assert self.people[OLGA].post(f"/v1/media/{FILM}/complete", {}).json == {"state": "uploaded"}
        processing.verify(self.services.database, self.services.door, store, *whose)
        transcoding.transcode(self.services.database, self.services.door, store, *whose)
        store.put(records.prefix(*whose) + "captions-de.vtt", CAPTIONS, "text/vtt")
        self.say(captions=["de"])

    def say(self, **fields: Any) -> None:
        """The service itself says something of the film."""
        with self.services.database.begin(self.tenant_id) as connection:
            records.tell(connection, self.services.door, self.tenant_id, FILM, fields)
        film = self.film()
        assert {name: film[name] for name in fields} == fields

    def overwrite(self, **fields: Any) -> None:
        """Put the film where no rule would let it go from here: in its document, which is what is asked."""
        this = (
            document.c.tenant_id == self.tenant_id,
            document.c.collection == "media",
            document.c.record_id == FILM,
        )
        with self.services.database.begin(self.tenant_id) as connection:
            body = json.loads(connection.execute(select(document.c.body).where(*this)).scalar_one())
            connection.execute(update(document).where(*this).values(body=json.dumps(body | fields)))

    def film(self) -> dict[str, Any]:
        found: dict[str, Any] = self.people[OLGA].get(f"/v1/media/{FILM}").json
        return found

    def play(self, person_id: str) -> str:
        """Where this person plays it: without the name of the playlist."""
        answer = self.people[person_id].post(f"/v1/media/{FILM}/play")
        assert answer.status_code == 200, answer.data
        url: str = answer.json["url"]
        assert url.endswith("/master.m3u8")
        return url.removesuffix("master.m3u8")

    def links_issued(self) -> list[str]:
        log = read_log.read_log.c
        query = select(log.reader_id).where(log.tenant_id == self.tenant_id, log.how == "link_issued")
        with self.services.database.begin(self.tenant_id) as connection:
            return list(connection.execute(query.order_by(log.at)).scalars())


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log(self, *said: Any) -> None:
        pass


@contextmanager
def served(settings: Settings) -> Iterator[Screening]:
    """A screening behind a real port, which its addresses name."""
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        make_services(replace(settings, public_url=f"http://127.0.0.1:{server.port}")).serve(app)
        yield Screening(app)
    finally:
        server.shutdown()
        thread.join()
        services_of(app).database.dispose()


def fetched(url: str, **headers: str) -> httpx.Response:
    """What a player gets that follows where it is sent, its headers too."""
    return httpx.get(url, headers=headers, follow_redirects=True, timeout=30)
