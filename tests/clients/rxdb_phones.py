"""Phones on RxDB."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from functools import lru_cache
from typing import Any

from schemas import rxdb as words
from tests.clients.driver import Pool
from tests.clients.phone import Phone, Row
from tests.clients.school import School

COLLECTIONS = ("visits", "notes", "conflicts", "rejected_writes")


@lru_cache
def published(server: str) -> dict[str, Any]:
    """The schemas that an app ships, by collection."""
    with urllib.request.urlopen(f"{server}/v1/sync/schema/rxdb") as answer:
        return dict(json.load(answer)["collections"])


def schemas_of(server: str, version: int, *names: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Some collections' schemas, without some fields, as a version of the app has them."""
    return {name: _older(published(server)[name], version, without) for name in names}


def _older(kind: dict[str, Any], version: int, without: tuple[str, ...]) -> dict[str, Any]:
    properties = {name: said for name, said in kind["schema"]["properties"].items() if name not in without}
    return kind | {"schema": kind["schema"] | {"version": version, "properties": properties}}


class RxdbPhone(Phone):
    """One phone of one person."""

    def __init__(
        self,
        pool: Pool,
        school: School,
        person_id: str,
        schemas: dict[str, Any] | None = None,
        more: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        self.schemas = schemas or schemas_of(school.server, 0, *COLLECTIONS, *more)
        super().__init__(pool, school, person_id, schemas=self.schemas, names=self.names, **options)

    @property
    def names(self) -> list[str]:
        return list(self.schemas)

    def unset(self, collection: str, record_id: str, field: str) -> None:
        """Take a field out of the document."""
        self.do("unset", collection=collection, id=record_id, field=field)

    def upgrade(self, schemas: dict[str, Any]) -> None:
        """Start the next version of the app."""
        self.schemas = schemas
        self.do("restart", schemas=schemas, names=self.names)

    def sent(self) -> None:
        """Until all is sent, and nothing is read."""
        self.do("sent")

    def poke(self) -> None:
        """Let it ask for news now, as its timer would or a stream, and wait a moment only."""
        self.do("poke")

    def until_lost(self) -> None:
        """Until a message was lost."""
        self.do("untilLost")

    def truth(self, collection: str) -> dict[str, Row]:
        seen = self.school.seen(self.person_id, collection)
        return {i: {words.outward(name): value for name, value in row.items()} for i, row in seen.items()}

    def waiting(self) -> list[str]:
        """The collections whose digest is not the one that the server counts."""
        counted = {name: self.school.digest(self.person_id, name) for name in self.names}
        return [name for name, it in counted.items() if self.digest(name) != (it.count, it.digest)]

    def digest(self, collection: str) -> tuple[int, str]:
        """Count and digest of what it holds, as the protocol has it."""
        bits, held = 0, self.all(collection)
        for document in held.values():
            said = f"{document['id']}:{document.get('seq')}".encode()
            bits ^= int.from_bytes(hashlib.sha256(said).digest()[:8], "big")
        return len(held), f"{bits:016x}"
