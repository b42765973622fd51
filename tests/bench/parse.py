"""Parse Server on its PostgreSQL adapter: two node processes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from itertools import count as counting
from urllib.parse import quote

import orjson

from service.dev.ports import free_pair
from tests.bench import installing
from tests.bench.notes import others_note
from tests.bench.place import News, Read, Since, slices
from tests.bench.program import Foreign
from tests.bench.rig import Rig
from tests.bench.wire import Answer, Script, drive, request
from tests.bench.works import Figure, Round

DATABASE = "bench_parse"
BATCH, PAGE = 50, 10_000
"""A batch is what Parse's guides allow, a page what Kinto gives at most."""
IDS = re.compile(rb'"objectId":"([^"]+)"')
KEY = "bench"
APP = {"X-Parse-Application-Id": KEY}
CLASSES, SEEDS = 24, counting(1)
NUMBERS = {"at_ms", "until_ms"}


class Parse:
    """Parse Server on the bench."""

    name = "parse"
    slow = 1

    def __init__(self, rig: Rig) -> None:
        self.rig, port = rig, free_pair()
        self.address = ("127.0.0.1", port)
        self.node, self.home = installing.parse(rig.home)
        self.classes = iter([f"Note{number}" for number in range(CLASSES)])
        self.server = self._server(1)

    def _server(self, workers: int) -> Foreign:
        port, socket = self.address[1], str(self.rig.postgres.socket)
        asked = {"workers": workers, "key": KEY, "port": port, "database": DATABASE, "socket": socket}
        env = {**os.environ, "NODE_ENV": "production", "BENCH_PARSE": orjson.dumps(asked).decode()}
        health, log = f"http://127.0.0.1:{port}/parse/health", self.rig.home / "logs" / "parse.log"
        return Foreign("Parse", [*self.node, "parse.mjs"], health=health, env=env, log=log, cwd=self.home)

    def start(self) -> None:
        """One process makes the classes, then two serve them: a process never hears of a class that another makes."""
        self.rig.fresh(DATABASE)
        self.server.start()
        drive(self.address, [_all_good([_new_class(f"Note{number}") for number in range(CLASSES)])])
        self.server.stop()
        with self.rig.admin(DATABASE) as connection:
            for number in range(CLASSES):  # what its guides tell to do for a column that is asked for
                connection.execute(f'CREATE INDEX ON "Note{number}" ("updatedAt")'.encode())
        self.server = self._server(2)
        self.server.start()
        time.sleep(3)  # the second process has no health of its own

    def stop(self) -> None:
        self.server.stop()

    @property
    def pids(self) -> Sequence[int]:
        return [self.server.pid]

    def place(self, clients: int) -> ParsePlace:
        return ParsePlace(self)

    def also(self, work: str, doing: Round) -> Iterator[Figure]:
        return iter(())


class ParsePlace:
    """A class that everybody may read and write."""

    ids = IDS

    def __init__(self, parse: Parse) -> None:
        self.parse, self.seed, self.again = parse, next(SEEDS), 0
        self.name = next(parse.classes)

    def renew(self) -> None:
        """Nothing expires here."""

    def push(self, client: int, first: int, count: int) -> Script[int]:
        return self._send_all([self._batch(*some) for some in slices(first, count, BATCH)])

    def pull(self, client: int) -> Script[int]:
        came, since = 0, None
        while True:
            page = (yield self._since(since)).good()
            came += (here := page.count(b'"objectId":"'))
            if here < PAGE:
                return came
            since = last(page)

    def pairs(self, client: int, first: int, count: int) -> Script[Read]:
        asked = [(self._id(number), self._one(number)) for number in range(first, first + count)]
        return self._pair(asked)

    def _pair(self, asked: list[tuple[str, bytes]]) -> Script[Read]:
        read = Read()
        for note_id, pushing in asked:
            (yield pushing).good()
            read.acknowledged.append(note_id)
            self._take(read, (yield self._since(read.since)))
        return read

    def onward(self, client: int, read: Read) -> Script[Read]:
        self._take(read, (yield self._since(read.since)))
        return read

    def _take(self, read: Read, answer: Answer) -> None:
        read.pages.append(answer.good())
        read.since = last(answer.body) or read.since

    def caught_up(self, client: int) -> Script[Since]:
        newest = yield request("GET", f"/parse/classes/{self.name}?order=-updatedAt&limit=1", headers=APP)
        return last(newest.good())

    def nothing(self, client: int, since: Since, count: int) -> Script[int]:
        asking, empty = self._since(since), 0
        for _ in range(count):
            empty += (yield asking).good() == b'{"results":[]}'
        return empty

    def news(self, client: int, since: Since, first: int, times: int, few: int) -> Script[News]:
        found = []
        for some in slices(first, times * few, few):
            (yield self._batch(*some)).good()
            asking, began = self._since(since), time.perf_counter()
            answer = yield asking
            found.append((answer.at - began) * 1000)
            since = last(answer.good())
            assert answer.body.count(b'"objectId":"') == some[1]
        return found, since

    def fill(self, first: int, count: int) -> None:
        """Into Parse's table, a millisecond apart."""
        rows = [others_note(number, self.seed) for number in range(first, first + count)]
        names = [name for name in rows[0] if name != "id"]
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(f"(said ->> '{name}'){'::float8' if name in NUMBERS else ''}" for name in names)
        with self.parse.rig.admin(DATABASE) as connection:
            connection.execute(
                f'INSERT INTO "{self.name}" ("objectId", "createdAt", "updatedAt", {columns})'
                f" SELECT said ->> 'id', at, at, {values} FROM unnest(%s::jsonb[]) WITH ORDINALITY AS all_said(said, n),"
                " LATERAL (SELECT date_trunc('milliseconds', now()) - (%s - n) * interval '1 ms') AS moment(at)".encode(),
                [[orjson.dumps(row).decode() for row in rows], count],
            )
            connection.execute(f'ANALYZE "{self.name}"'.encode())

    def stored(self) -> int:
        return self.parse.rig.count(DATABASE, f'"{self.name}"', "true")

    def _id(self, number: int) -> str:
        return str(others_note(number, self.seed)["id"])

    def _body(self, number: int) -> dict[str, object]:
        said = others_note(number, self.seed)
        return {"objectId": said.pop("id"), **said}

    def _one(self, number: int) -> bytes:
        return request("POST", f"/parse/classes/{self.name}", orjson.dumps(self._body(number)), APP)

    def _batch(self, first: int, count: int) -> bytes:
        path = f"/parse/classes/{self.name}"
        said = [{"method": "POST", "path": path, "body": self._body(n)} for n in range(first, first + count)]
        return request("POST", "/parse/batch", orjson.dumps({"requests": said}), APP)

    def _since(self, since: Since) -> bytes:
        where = {"updatedAt": {"$gt": {"__type": "Date", "iso": since}}} if since else {}
        query = f"where={quote(orjson.dumps(where))}&order=updatedAt&limit={PAGE}"
        return request("GET", f"/parse/classes/{self.name}?{query}", headers=APP)

    def _send_all(self, requests: Sequence[bytes]) -> Script[int]:
        taken = 0
        for asked in requests:
            taken += (yield asked).good().count(b'"success":')
        return taken


def last(page: bytes) -> str | None:
    """When the last note of a page was changed, which is Parse's cursor; None for an empty page."""
    start = page.rfind(b'"updatedAt":"') + 13
    return page[start : page.index(b'"', start)].decode() if start > 12 else None


def _new_class(name: str) -> bytes:
    """The request that makes a class that everybody may read and write."""
    columns = [column for column in others_note(0, 0) if column != "id"]
    fields = {column: {"type": "Number" if column in NUMBERS else "String"} for column in columns}
    open_to_all = {what: {"*": True} for what in ("find", "get", "create", "update", "count")}
    said = {"className": name, "fields": fields, "classLevelPermissions": open_to_all}
    return request("POST", f"/parse/schemas/{name}", orjson.dumps(said), APP | {"X-Parse-Master-Key": KEY})


def _all_good(requests: Sequence[bytes]) -> Script[None]:
    for asked in requests:
        (yield asked).good()
