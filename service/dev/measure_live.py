"""How quick and how large the live process is: `python -m service.dev.measure_live` beside a running `make run`.

W6: 100 listeners of one tenant, and how long after the acknowledgement of a push the last of them is told. Then 5,000 idle
streams, and what they cost the process in memory and in time. The listeners are plain sockets, as a client in Python would be
slower than what it measures.
"""

from __future__ import annotations

import resource
import selectors
import socket
import statistics
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import click
import orjson

from service.accounts import directory, sessions
from service.accounts.tokens import Tokens
from service.database import Database
from service.live.watch import MOST_PER_SESSION
from service.records import KINDS
from service.settings import Settings
from sync.changes import Change
from sync.clock import system_now
from sync.server.actor import system_actor
from sync.server.push import Door

HOST = "measured-host"
PATIENCE_S = 60.0


@dataclass
class Crowd:
    """A tenant made for the measurement, and streams that are open in it."""

    settings: Settings
    database: Database
    tenant_id: UUID
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.settings)
        self.streams: list[socket.socket] = []

    def put(self, collection: str, record_id: str, **fields: object) -> None:
        change = Change(uuid4().hex, collection, record_id, fields)
        with self.database.begin(self.tenant_id) as connection:
            Door(KINDS).push(connection, system_actor(self.tenant_id), [change])

    def token(self, person_id: str) -> str:
        device = (f"measured-{uuid4().hex[:12]}", "measurement")
        with self.database.begin(self.tenant_id) as connection:
            pair = sessions.open_on(connection, self.tokens, self.tenant_id, person_id, device, system_now())
        return pair.access_token

    def listen(self, count: int) -> None:
        """Open streams, those of one session at a time, each told where the clock stands."""
        for first in range(0, count, MOST_PER_SESSION):
            token = self.token(HOST)
            opened = [self._stream(token) for _ in range(min(MOST_PER_SESSION, count - first))]
            self._until_told(set(opened))
            self.streams += opened

    def hear(self) -> float:
        """Wait until every stream was told; the moment."""
        self._until_told(set(self.streams))
        return time.perf_counter()

    def _stream(self, token: str) -> socket.socket:
        place = urlsplit(str(self.settings.live_url))
        stream = socket.create_connection((place.hostname or "", place.port or 80))
        stream.sendall(
            f"GET /v1/sync/stream HTTP/1.1\r\nHost: live\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        stream.settimeout(0)
        self.selector.register(stream, selectors.EVENT_READ)
        return stream

    def _until_told(self, waiting: set[socket.socket]) -> None:
        end = time.perf_counter() + PATIENCE_S
        while waiting and time.perf_counter() < end:
            for key, _ in self.selector.select(1.0):
                stream = key.fileobj
                assert isinstance(stream, socket.socket)
                said = stream.recv(65_536)
                assert said, "a stream was closed"
                if b"data: " in said:
                    waiting.discard(stream)
        assert not waiting, f"{len(waiting)} streams were not told"


def make_crowd(settings: Settings) -> Crowd:
    """A new tenant in the instance."""
    database = Database(settings.database_url, pool_size=2)
    with database.begin_reference() as connection:
        slug = f"measured-{uuid4().hex[:8]}"
        tenant_id = directory.create_tenant(connection, slug, "Measured", system_now())
    crowd = Crowd(settings, database, tenant_id)
    crowd.put("people", HOST, display_name="Host", roles=["teacher"])
    return crowd


def push(settings: Settings, token: str) -> None:
    """One note of the tenant's board, so to speak: a group that everybody sees."""
    change = {"op_id": uuid4().hex, "collection": "invitations", "id": uuid4().hex, "base_seq": None}
    fields = {"host_id": HOST, "to_tenant": True, "look_for": "silence", "state": "open"}
    said = orjson.dumps({"changes": [change | {"fields": fields}]})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{settings.public_url}/v1/sync/push", said, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        (outcome,) = orjson.loads(answer.read())["outcomes"]
    assert outcome["status"] in ("applied", "merged"), outcome


def latencies(crowd: Crowd, rounds: int) -> Iterator[float]:
    """Milliseconds from the acknowledgement of a push to the last stream that was told of it."""
    token = crowd.token(HOST)
    for _ in range(rounds):
        push(crowd.settings, token)
        acknowledged = time.perf_counter()
        yield max(0.0, (crowd.hear() - acknowledged) * 1000)
        time.sleep(0.2)


def live_process(settings: Settings) -> Path:
    """The process in /proc that serves streams of this instance."""
    its_port = f"--port={urlsplit(str(settings.live_url)).port}"
    for place in Path("/proc").glob("[0-9]*"):
        words = _command(place)
        if "service.live" in words and its_port in words:
            return place
    raise click.ClickException("No live process runs here: `make run` first.")


def _command(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:  # it has just ended
        return []


def megabytes(process: Path) -> float:
    """Resident memory of its own."""
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def seconds(process: Path) -> float:
    """Processor time so far."""
    words = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


@click.command()
@click.option("--listeners", default=100, show_default=True)
@click.option("--rounds", default=100, show_default=True)
@click.option("--idle", default=5000, show_default=True)
def main(listeners: int, rounds: int, idle: int) -> None:
    """Measure the live process of the instance that runs here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    settings = Settings.from_environment()
    crowd, process = make_crowd(settings), live_process(settings)
    crowd.listen(listeners)
    found = sorted(latencies(crowd, rounds))
    p95 = found[int(len(found) * 0.95)]
    print(
        f"W6: {listeners} listeners, last one told after the ack: p50 {statistics.median(found):.1f} ms, p95 {p95:.1f} ms"
    )
    before = megabytes(process)
    began = time.perf_counter()
    crowd.listen(idle)
    print(
        f"{idle} streams opened in {time.perf_counter() - began:.1f} s: {before:.0f} -> {megabytes(process):.0f} MB resident"
    )
    spent = seconds(process)
    time.sleep(30)
    print(f"idle: {(seconds(process) - spent) / 30 * 100:.1f} % of a processor")


if __name__ == "__main__":
    main()
