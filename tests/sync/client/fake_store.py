"""An object store in memory and the server's door to it, with parts of a thousand bytes.

It watches its clients: bytes that it has must not come again, lengths and checksums must be those that were signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from schemas.problems import Problem
from sync.client import Lost, Response
from tests.sync.client.fake_answers import ok, problem

if TYPE_CHECKING:
    from tests.sync.client.fake_server import FakeServer

PART, WHOLE = 1_000, 1_500
OPEN = (None, "declared", "uploading")
Json = dict[str, Any]
Fault = Callable[["FakeStore", str, Iterator[bytes]], Response]


class FakeStore:
    """`objects` are whole files, `parts` what has arrived of others; `faults` befall the next requests, one each."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.came: list[str] = []  # every PUT that began, by media/part
        self.faults: list[Fault | None] = []
        self.refusals: dict[str, Problem] = {}
        self.longest_piece = 0

    # the server's door

    def answer(self, method: str, path: str, said: Json) -> Response:
        """What POST /v1/media/{path} answers."""
        media_id, _, step = path.partition("/")
        record = self.server.live("media").get(media_id)
        if record is None or method != "POST":
            return problem(Problem.NOT_FOUND)
        if step == "complete":
            return self._complete(record, {part["number"]: part["etag"] for part in said["parts"]})
        if media_id in self.refusals:
            return problem(self.refusals[media_id])
        if record["state"] not in OPEN:
            return problem(Problem.ILLEGAL_MOVE)
        return (
            self._plan(record) if step == "upload" else self._part(record, int(step.rpartition("/")[2]), said)
        )

    def _plan(self, record: Json) -> Response:
        self.state(record["id"], "uploading")
        if record["size_bytes"] <= WHOLE:
            return _signed(f"{record['id']}/0", record["size_bytes"], record["sha256"])
        arrived = self.parts.setdefault(record["id"], {}).items()
        parts = [{"number": n, "size": len(part), "etag": _etag(part)} for n, part in sorted(arrived)]
        return ok({"upload_id": "u", "part_size": PART, "parts": parts, "expires_at": "2026-11-21T08:15:00Z"})

    def _part(self, record: Json, number: int, said: Json) -> Response:
        size = min(PART, record["size_bytes"] - (number - 1) * PART)
        return _signed(f"{record['id']}/{number}", size, said["md5"])

    def _complete(self, record: Json, etags: Mapping[int, str]) -> Response:
        if record["state"] not in OPEN:
            return ok({"state": record["state"]})
        if record["size_bytes"] > WHOLE:
            parts = self.parts.get(record["id"], {})
            if {n: _etag(part) for n, part in parts.items()} != etags or len(parts) * PART < record[
                "size_bytes"
            ]:
                return problem(Problem.MEDIA_NOT_READY)
            self.objects[record["id"]] = b"".join(parts[n] for n in sorted(parts))
        if record["id"] not in self.objects:
            return problem(Problem.MEDIA_NOT_READY)
        self.state(record["id"], "uploaded")
        return ok({"state": "uploaded"})

    def state(self, media_id: str, state: str, **fields: Any) -> None:
        """The server moves a record."""
        record = self.server.live("media")[media_id]
        self.server._write(("media", media_id), record | {"state": state} | fields, ("state",))

    # the store itself

    def put(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
        """The store's answer to one PUT."""
        place = url.removeprefix("https://store.example/")
        self.came.append(place.partition("?")[0])
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            return fault(self, url, body)
        return self.keep(url, headers, body)

    def keep(self, url: str, headers: Mapping[str, str], body: Iterator[bytes]) -> Response:
        """Take all of the bytes."""
        media_id, number, size, checksum = (
            url.removeprefix("https://store.example/").replace("?", "/").split("/")
        )
        pieces = list(body)
        self.longest_piece = max([self.longest_piece, *map(len, pieces)])
        content = b"".join(pieces)
        assert len(content) == int(size) == int(headers["content-length"]), "not the length that was signed"
        if checksum not in (hashlib.sha256(content).hexdigest(), _etag(content)):
            return Response(400)
        if number == "0":
            if media_id in self.objects:
                return Response(412)
            self.objects[media_id] = content
        else:
            assert int(number) not in self.parts[media_id], "a part that is there came again"
            self.parts[media_id][int(number)] = content
        return Response(200, {"etag": f'"{_etag(content)}"'})


def lost_on_the_way(store: FakeStore, url: str, body: Iterator[bytes]) -> Response:
    """The link dies within the bytes."""
    next(body)
    raise Lost("the link died")


def answer_lost(store: FakeStore, url: str, body: Iterator[bytes]) -> Response:
    """The link dies after the last byte: the store has it, and nobody is told."""
    size = url.partition("?")[2].partition("/")[0]
    store.keep(url, {"content-length": size}, body)
    raise Lost("the answer was lost")


def busy(store: FakeStore, url: str, body: Iterator[bytes]) -> Response:
    """The store is there, and takes nothing now."""
    return Response(503)


def _signed(place: str, size: int, checksum: str) -> Response:
    url = f"https://store.example/{place}?{size}/{checksum}"
    headers = {"Content-Length": str(size)}
    return ok({"method": "PUT", "url": url, "headers": headers, "expires_at": "2026-11-21T08:15:00Z"})


def _etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()
