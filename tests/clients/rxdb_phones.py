"""Phones on RxDB, and what a test may ask of them."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from functools import lru_cache
from itertools import count
from typing import Any

from tests.clients.driver import Pool
from tests.clients.school import School

COLLECTIONS = ("visits", "notes", "conflicts", "rejected_writes")
VISIT = "visit-0001"
PHONES = count(1)
Document = dict[str, Any]


@lru_cache
def schemas(server: str) -> dict[str, Any]:
    """What an app ships of the published schemas."""
    with urllib.request.urlopen(f"{server}/v1/sync/schema/rxdb") as answer:
        return dict(json.load(answer)["collections"])


class RxdbPhone:
    """One phone of one person."""

    def __init__(
        self, pool: Pool, school: School, person_id: str, more: tuple[str, ...] = (), **options: int
    ) -> None:
        self.pool, self.school, self.person_id, self.names = pool, school, person_id, COLLECTIONS + more
        self.driver = pool.take()
        self.name = f"phone-{next(PHONES)}-of-{person_id}"
        self._do(
            "open",
            name=self.name,
            server=school.server,
            token=school.token(person_id, self.name),
            schemas=schemas(school.server),
            names=self.names,
            **options,
        )

    def put(self, collection: str, record_id: str, **fields: Any) -> str:
        """Write as an app does: into what is there, or as a new document."""
        self._do("put", collection=collection, id=record_id, fields=fields)
        return record_id

    def put_many(self, collection: str, documents: list[Document]) -> None:
        self._do("putMany", collection=collection, documents=documents)

    def unset(self, collection: str, record_id: str, field: str) -> None:
        """Take a field out of the document."""
        self._do("unset", collection=collection, id=record_id, field=field)

    def remove(self, collection: str, record_id: str) -> None:
        self._do("remove", collection=collection, id=record_id)

    def sync(self) -> None:
        """Until all is sent and read."""
        self._do("sync")

    def sent(self) -> None:
        """Until all is sent, and nothing is read."""
        self._do("sent")

    def until_lost(self) -> None:
        """Until an answer was lost."""
        self._do("untilLost")

    def go(self, *, online: bool) -> None:
        self._do("network", online=online)

    def lose(self, share: float, seed: int = 1) -> None:
        """Lose this share of the answers from now on."""
        self._do("network", lose=share, seed=seed)

    @property
    def lost(self) -> int:
        """How many answers were lost so far."""
        return int(self._do("lost"))

    def restart(self) -> None:
        """Kill the app and start it again."""
        self._do("restart")

    def close(self) -> None:
        self._do("close")
        self.pool.give_back(self.driver)

    def all(self, collection: str) -> dict[str, Document]:
        """What the phone holds, by id."""
        return {document["id"]: document for document in self._do("dump", collection=collection)}

    def get(self, collection: str, record_id: str) -> Document | None:
        return self.all(collection).get(record_id)

    def digest(self, collection: str) -> tuple[int, str]:
        """Count and digest of what it holds, as the protocol has it."""
        bits, held = 0, self.all(collection)
        for document in held.values():
            said = f"{document['id']}:{document['seq']}".encode()
            bits ^= int.from_bytes(hashlib.sha256(said).digest()[:8], "big")
        return len(held), f"{bits:016x}"

    def differences(self) -> dict[str, Any]:
        """What it holds otherwise than its person would be given now; empty when it is right."""
        found: dict[str, Any] = {}
        for name in self.names:
            theirs = {i: _in_our_words(d) for i, d in self.all(name).items()}
            ours = self.school.seen(self.person_id, name)
            if theirs != ours:
                found[name] = {
                    i: (theirs.get(i), ours.get(i))
                    for i in theirs.keys() | ours.keys()
                    if theirs.get(i) != ours.get(i)
                }
        return found

    def is_right(self) -> bool:
        """Whether its digests are those that the server counts."""
        counted = {name: self.school.digest(self.person_id, name) for name in self.names}
        return all(self.digest(name) == (it.count, it.digest) for name, it in counted.items())

    def _do(self, command: str, **options: Any) -> Any:
        return self.driver.do(command, **options)


def _in_our_words(document: Document) -> Document:
    return {"collection" if name == "collection_name" else name: value for name, value in document.items()}


def rest(*phones: RxdbPhone) -> None:
    """Everybody sends and reads everything; then all hold what the server would show, and can prove it."""
    for _ in range(2):
        for phone in phones:
            phone.sync()
    for phone in phones:
        assert phone.differences() == {}
        assert phone.is_right()


def note(phone: RxdbPhone, record_id: str, text: str, **fields: object) -> str:
    return phone.put("notes", record_id, visit_id=VISIT, note_kind="noticing", text=text, **fields)


def rejected(phone: RxdbPhone) -> list[tuple[str, str, str]]:
    """Collection, problem and payload of what was not taken from this person."""
    kept = phone.all("rejected_writes").values()
    return sorted((one["collection_name"], one["problem"], one["payload"]) for one in kept)
