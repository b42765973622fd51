"""A visit of Hana's lesson: Olga observes and takes photos, Nina was not there."""

from __future__ import annotations

import hashlib
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
from sqlalchemy import select

from service.accounts import directory
from service.database import Database
from service.media import processing, uploads
from service.media import record as records
from service.media.antivirus import Clamd
from service.media.patience import WORKER
from service.media.record import Media
from service.media.store import Signed, Store
from service.media.uploads import PART_SIZE
from service.records import KINDS
from service.settings import Settings
from sync.changes import Change, Outcome
from sync.clock import system_now
from sync.server.actor import Actor, system_actor
from sync.server.push import Door
from sync.server.tables import document

HANA, OLGA, NINA = "hana-the-host", "olga-observes", "nina-elsewhere"
VISIT = "visit-of-a-lesson"


@cache
def _store(endpoint: str, access_key: str, secret_key: str, bucket: str) -> Store:
    settings = SimpleNamespace(
        s3_endpoint=endpoint,
        s3_public_endpoint=endpoint,
        s3_access_key=access_key,
        s3_secret_key=secret_key,
        s3_bucket=bucket,
        s3_region="us-east-1",
    )
    return Store(cast(Settings, settings), WORKER)


def store_of(settings: Settings) -> Store:
    """The run's store, made once: making one takes longer than most tests."""
    return _store(settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key, settings.s3_bucket)


class World:
    """One tenant on a real PostgreSQL and a real object store; `now` may be moved."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.now = system_now()
        self.database = Database(settings.database_url, pool_size=5)
        self.door = Door(KINDS, lambda: self.now)
        self.store = store_of(settings)
        self.scanner: Clamd | None = None
        self.ops = 0
        with self.database.begin_reference() as connection:
            self.tenant_id: UUID = directory.create_tenant(connection, "north", "North district", self.now)
        self._people_and_a_visit()

    def actor(self, person_id: str) -> Actor:
        return Actor(self.tenant_id, person_id, f"{person_id}-phone", frozenset({"teacher"}))

    def push(self, actor: Actor, collection: str, record_id: str, **fields: Any) -> Outcome:
        self.ops += 1
        change = Change(
            f"op-{self.ops}", collection, record_id, fields, base_seq=self.seq(collection, record_id)
        )
        with self.database.begin(self.tenant_id) as connection:
            return self.door.push(connection, actor, [change])[0]

    def put(self, person_id: str, collection: str, record_id: str, **fields: Any) -> None:
        outcome = self.push(self.actor(person_id), collection, record_id, **fields)
        assert outcome.status == "applied", outcome

    def system(self, collection: str, record_id: str, **fields: Any) -> None:
        outcome = self.push(system_actor(self.tenant_id), collection, record_id, **fields)
        assert outcome.status == "applied", outcome

    def delete(self, collection: str, record_id: str) -> None:
        self.ops += 1
        change = Change(f"op-{self.ops}", collection, record_id, deleted=True)
        with self.database.begin(self.tenant_id) as connection:
            assert self.door.push(connection, system_actor(self.tenant_id), [change])[0].status == "applied"

    def declare(self, media_id: str, content: bytes, media_type: str = "image/jpeg", **fields: Any) -> Media:
        declared = {
            "visit_id": VISIT,
            "file_name": "board.jpg",
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "consent_basis": "nobody_shown",
        }
        self.put(OLGA, "media", media_id, **declared | fields)
        return self.media(media_id)

    def media(self, media_id: str) -> Media:
        with self.database.begin(self.tenant_id) as connection:
            found = records.read(connection, self.tenant_id, media_id)
        assert found is not None
        return found

    def state(self, media_id: str) -> tuple[str, str | None]:
        record = self.record("media", media_id)
        return record["state"], record["reason"]

    def record(self, collection: str, record_id: str) -> dict[str, Any]:
        table = KINDS[collection].table
        with self.database.begin(self.tenant_id) as connection:
            row = connection.execute(
                table.select().where(table.c.tenant_id == self.tenant_id, table.c.id == record_id)
            )
            return dict(row.mappings().one())

    def seq(self, collection: str, record_id: str) -> int | None:
        query = select(document.c.seq).where(
            document.c.tenant_id == self.tenant_id,
            document.c.collection == collection,
            document.c.record_id == record_id,
        )
        with self.database.begin(self.tenant_id) as connection:
            found: int | None = connection.execute(query).scalar()
            return found

    def send(self, media: Media, content: bytes) -> None:
        """Do what a phone does with its plan."""
        plan = uploads.plan(self.store, media)
        if isinstance(plan, Signed):
            httpx.put(plan.url, content=content, headers=dict(plan.headers)).raise_for_status()
        else:
            for number in sorted(uploads.sizes(media).keys() - {part.number for part in plan.arrived}):
                self.send_part(media, number, content)

    def begin(self, media_id: str, person_id: str = OLGA) -> Media:
        with self.database.begin(self.tenant_id) as connection:
            return uploads.begin(connection, self.door, self.settings, self.actor(person_id), media_id)

    def send_part(self, media: Media, number: int, content: bytes) -> str:
        """Send part `number` of the content, with its checksum; returns its ETag."""
        part = content[(number - 1) * PART_SIZE : number * PART_SIZE]
        where = uploads.sign_part(self.store, media, number, hashlib.md5(part).hexdigest())
        answer = httpx.put(where.url, content=part, headers=dict(where.headers)).raise_for_status()
        return str(answer.headers["etag"])

    def arrive(self, media_id: str) -> str:
        uploads.arrive(self.store, self.media(media_id))
        with self.database.begin(self.tenant_id) as connection:
            return uploads.arrived(connection, self.door, self.actor(OLGA), media_id)

    def verify(self, media_id: str) -> tuple[str, str | None]:
        processing.verify(self.database, self.door, self.store, self.tenant_id, media_id, self.scanner)
        return self.state(media_id)

    def stored(self, key: str) -> bytes:
        return b"".join(self.store.read(key))

    def keys(self) -> list[str]:
        """What lies in the store, without the tenant."""
        prefix = f"{self.tenant_id}/"
        return [found.key.removeprefix(prefix) for page in self.store.pages(prefix) for found in page]

    def _people_and_a_visit(self) -> None:
        system = system_actor(self.tenant_id)
        for person_id in (HANA, OLGA, NINA):
            outcome = self.push(system, "people", person_id, display_name=person_id, roles=["teacher"])
            assert outcome.status == "applied", outcome
        self.put(HANA, "visits", VISIT, host_id=HANA, observer_ids=[OLGA], state="under_way")


def jobs_of(world: World) -> list[dict[str, Any]]:
    """The jobs that wait or are under way, the oldest first."""
    with world.database.begin(world.tenant_id) as connection:
        rows = connection.exec_driver_sql(
            "SELECT task_name, args, lock, status, queue_name FROM procrastinate_jobs ORDER BY id"
        )
        return [dict(row) for row in rows.mappings()]
