"""Hana's visit over HTTP: Olga observes, Nina was not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask
from sqlalchemy import select

from service.media import processing
from service.media.uploads import PART_SIZE
from service.records import read_log
from service.settings import Settings
from tests.builders import caller, make_person, make_tenant, put, services_of
from tests.media.pictures import jpeg

LARGE = jpeg() + bytes(2 * PART_SIZE)
"""A picture with a long tail of nothing: two whole parts and a short one."""
HANA, OLGA, NINA = "hana-the-host", "olga-observes", "nina-elsewhere"
VISIT, ID = "visit-of-a-lesson", "photo-of-the-board"


class School:
    """Hana's visit, over HTTP."""

    def __init__(self, app: Flask) -> None:
        self.app, self.services = app, services_of(app)
        self.tenant_id = make_tenant(self.services)
        for person_id in (HANA, OLGA, NINA):
            make_person(self.services, self.tenant_id, person_id)
        put(
            self.services,
            self.tenant_id,
            "visits",
            VISIT,
            host_id=HANA,
            observer_ids=[OLGA],
            state="captured",
        )
        self.hana, self.olga, self.nina = (caller(app, self.tenant_id, one) for one in (HANA, OLGA, NINA))

    def declare(self, content: bytes, media_type: str = "image/jpeg", **fields: Any) -> None:
        declared = {
            "id": ID,
            "visit_id": VISIT,
            "file_name": "Tafel ü.jpg",
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "consent_basis": "nobody_shown",
        }
        assert self.olga.post("/v1/media", declared | fields).status_code == 201

    def send_part(self, number: int, content: bytes = LARGE) -> str:
        """Send one part as a phone does; its ETag."""
        part = content[(number - 1) * PART_SIZE : number * PART_SIZE]
        said = {"md5": hashlib.md5(part).hexdigest()}
        where = self.olga.post(f"/v1/media/{ID}/upload/parts/{number}", said).json
        answer = httpx.request(where["method"], where["url"], headers=where["headers"], content=part)
        return str(answer.raise_for_status().headers["etag"])

    def share(self) -> None:
        assert self.olga.patch(f"/v1/visits/{VISIT}", {"state": "shared"}).status_code == 200

    def verify(self) -> None:
        services = self.services
        processing.verify(services.database, services.door, services.store, self.tenant_id, ID)

    def ready(self, content: bytes) -> None:
        """All that it takes until the photo may be shown to Hana."""
        self.declare(content)
        plan = self.olga.post(f"/v1/media/{ID}/upload").json
        httpx.request(
            plan["method"], plan["url"], headers=plan["headers"], content=content
        ).raise_for_status()
        assert self.olga.post(f"/v1/media/{ID}/complete").json == {"state": "uploaded"}
        self.verify()
        self.share()

    def links_issued(self) -> list[tuple[str, list[str]]]:
        log = read_log.read_log.c
        query = select(log.reader_id, log.record_ids).where(
            log.tenant_id == self.tenant_id, log.how == "link_issued"
        )
        with self.services.database.begin(self.tenant_id) as connection:
            return [(reader, ids) for reader, ids in connection.execute(query)]


OpenSchool = Callable[[Settings], School]
