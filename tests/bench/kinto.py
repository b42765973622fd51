"""Kinto on its PostgreSQL backends: gunicorn with two workers of eight threads, as ours has."""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Iterator, Sequence
from itertools import count as counting

import orjson

from service.dev.children import OURSELVES, LaunchError, run_as
from service.dev.ports import free_pair
from tests.bench import installing
from tests.bench.notes import others_note
from tests.bench.place import News, Read, Since, slices
from tests.bench.program import Foreign
from tests.bench.rig import Rig
from tests.bench.wire import Answer, Script, WireError, drive, request
from tests.bench.works import Figure, Round

DATABASE = "bench_kinto"
BATCH = 25
"""Kinto's default is 25; larger batches are quicker, up to about this."""
IDS = re.compile(rb'"id":"([^"]+)"')
ETAG = re.compile(rb'\r\netag: "(\d+)"', re.IGNORECASE)
NEXT = re.compile(rb"\r\nnext-page: http://[^/]+(\S+)", re.IGNORECASE)
BUSY, MOST_AGAIN = (409, 500, 503), 20_000
GOOD, NOT_GOOD = re.compile(rb'"status":20[01]'), re.compile(rb'"status":(?!20[01])\d')
BUCKETS = counting(1)
USER = {"Authorization": "Basic " + base64.b64encode(b"bench:bench").decode()}
INI = """[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.postgresql
kinto.storage_url = {url}
kinto.cache_backend = kinto.core.cache.postgresql
kinto.cache_url = {url}
kinto.permission_backend = kinto.core.permission.postgresql
kinto.permission_url = {url}
kinto.userid_hmac_secret = bench
kinto.bucket_create_principals = system.Authenticated
kinto.batch_max_requests = {batch}
multiauth.policies = basicauth

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
"""


class Kinto:
    """Kinto on the bench."""

    name = "kinto"
    slow = 5

    def __init__(self, rig: Rig) -> None:
        self.rig, port = rig, free_pair()
        self.address = ("127.0.0.1", port)
        self.commands = installing.kinto(rig.home)
        self.ini = rig.home / "kinto.ini"
        self.env = {**os.environ, "BENCH_KINTO_INI": str(self.ini)}
        command = [
            self.commands / "gunicorn", "kinto_app:app", f"--bind=127.0.0.1:{port}", "--worker-class=gthread",
            "--workers=2", "--threads=8", "--no-control-socket", f"--chdir={installing.PACKAGES}",
        ]  # fmt: skip
        log = rig.home / "logs" / "kinto.log"
        health = f"http://127.0.0.1:{port}/v1/__heartbeat__"
        self.server = Foreign("Kinto", command, health=health, env=self.env, log=log)

    def start(self) -> None:
        self.rig.fresh(DATABASE)
        url = f"postgresql://postgres@/{DATABASE}?host={self.rig.postgres.socket}"
        self.ini.write_text(INI.format(url=url, batch=BATCH))
        complaint = run_as(OURSELVES, [self.commands / "kinto", "migrate", "--ini", self.ini], self.env)
        if complaint:
            raise LaunchError(f"Kinto's tables could not be made:\n{complaint}")
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    @property
    def pids(self) -> Sequence[int]:
        return [self.server.pid]

    def place(self, clients: int) -> KintoPlace:
        return KintoPlace(self)

    def also(self, work: str, doing: Round) -> Iterator[Figure]:
        return iter(())


class KintoPlace:
    """A collection that one user writes from all her devices."""

    ids = IDS

    def __init__(self, kinto: Kinto) -> None:
        self.kinto, self.seed, self.again = kinto, next(BUCKETS), 0
        self.path = f"/buckets/bench{self.seed}/collections/notes"
        make = [
            self._asking("PUT", f"/v1{path}", {})
            for path in (self.path.partition("/collections")[0], self.path)
        ]
        drive(kinto.address, [self._all_good(make)])

    def renew(self) -> None:
        """Nothing expires here."""

    def push(self, client: int, first: int, count: int) -> Script[int]:
        return self._send_all([self._batch(*some) for some in slices(first, count, BATCH)])

    def pull(self, client: int) -> Script[int]:
        came, path = 0, f"/v1{self.path}/records"
        while path:
            answer = yield request("GET", path, headers=USER)
            came += answer.good().count(b'"id":"')
            following = NEXT.search(answer.head)
            path = following[1].decode() if following else ""
        return came

    def pairs(self, client: int, first: int, count: int) -> Script[Read]:
        asked = [(self._id(number), self._one(number)) for number in range(first, first + count)]
        return self._pair(asked)

    def _pair(self, asked: list[tuple[str, bytes]]) -> Script[Read]:
        read = Read()
        for note_id, pushing in asked:
            yield from self._sent(pushing)
            read.acknowledged.append(note_id)
            self._take(read, (yield self._since(read.since)))
        return read

    def onward(self, client: int, read: Read) -> Script[Read]:
        self._take(read, (yield self._since(read.since)))
        return read

    def _take(self, read: Read, answer: Answer) -> None:
        if answer.status != 304:
            read.pages.append(answer.good())
            read.since = etag(answer)

    def caught_up(self, client: int) -> Script[Since]:
        # the collection's clock comes with any answer, so the notes need not be read for it
        answer = yield request("GET", f"/v1{self.path}/records?_limit=1", headers=USER)
        answer.good()
        return etag(answer)

    def nothing(self, client: int, since: Since, count: int) -> Script[int]:
        asking, empty = self._since(since), 0
        for _ in range(count):
            empty += (yield asking).status == 304
        return empty

    def news(self, client: int, since: Since, first: int, times: int, few: int) -> Script[News]:
        found = []
        for some in slices(first, times * few, few):
            yield from self._sent(self._batch(*some))
            asking, began = self._since(since), time.perf_counter()
            answer = yield asking
            found.append((answer.at - began) * 1000)
            since = etag(answer)
            assert answer.good().count(b'"id":"') == some[1]
        return found, since

    def fill(self, first: int, count: int) -> None:
        """Into Kinto's table, as its trigger would have: a millisecond apart, and the collection's own time after them."""
        rows = [others_note(number, self.seed) for number in range(first, first + count)]
        with self.kinto.rig.admin(DATABASE) as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(
                "INSERT INTO objects (id, parent_id, resource_name, last_modified, data, deleted) SELECT said ->> 'id', %s, 'record',"
                " date_trunc('milliseconds', localtimestamp) - (%s - n) * interval '1 ms', said - 'id', false"
                " FROM unnest(%s::jsonb[]) WITH ORDINALITY AS all_said(said, n)",
                [self.path, count, [orjson.dumps(row).decode() for row in rows]],
            )
            connection.execute(
                "INSERT INTO timestamps (parent_id, resource_name, last_modified)"
                " SELECT parent_id, 'record', max(last_modified) FROM objects WHERE parent_id = %s GROUP BY parent_id"
                " ON CONFLICT (parent_id, resource_name) DO UPDATE SET last_modified = EXCLUDED.last_modified",
                [self.path],
            )
            connection.execute("ANALYZE objects")

    def stored(self) -> int:
        return self.kinto.rig.count(
            DATABASE, "objects", "resource_name = 'record' AND NOT deleted AND parent_id = %s", self.path
        )

    def _id(self, number: int) -> str:
        return str(others_note(number, self.seed)["id"])

    def _one(self, number: int) -> bytes:
        said = others_note(number, self.seed)
        return self._asking("PUT", f"/v1{self.path}/records/{said['id']}", {"data": said})

    def _batch(self, first: int, count: int) -> bytes:
        notes = [others_note(number, self.seed) for number in range(first, first + count)]
        said = [{"path": f"{self.path}/records/{note['id']}", "body": {"data": note}} for note in notes]
        return self._asking("POST", "/v1/batch", {"defaults": {"method": "PUT"}, "requests": said})

    def _asking(self, method: str, path: str, said: object) -> bytes:
        return request(method, path, orjson.dumps(said), USER)

    def _since(self, since: Since) -> bytes:
        query, headers = (f"?_since={since}", {"If-None-Match": f'"{since}"'}) if since else ("", {})
        return request("GET", f"/v1{self.path}/records{query}", headers=USER | headers)

    def _send_all(self, requests: Sequence[bytes]) -> Script[int]:
        taken = 0
        for asked in requests:
            taken += len(GOOD.findall((yield from self._sent(asked))))
        return taken

    def _sent(self, asked: bytes) -> Script[bytes]:
        """A batch is one transaction: where two writers met in one millisecond, all of it is sent again."""
        while not self._is_taken(answer := (yield asked)):
            self.again += 1
        return answer.good()

    def _is_taken(self, answer: Answer) -> bool:
        busy = answer.status in BUSY or (answer.status == 200 and NOT_GOOD.search(answer.body))
        if busy and self.again >= MOST_AGAIN:
            raise WireError(f"Kinto did not take a batch: {answer.body[:500]!r}")
        return not busy

    def _all_good(self, requests: Sequence[bytes]) -> Script[None]:
        for asked in requests:
            (yield asked).good()


def etag(answer: Answer) -> str:
    """The clock of the collection, which is Kinto's cursor."""
    found = ETAG.search(answer.head)
    assert found, answer.head
    return found[1].decode()
