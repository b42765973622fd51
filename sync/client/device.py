"""This phone: its id, the server it talks to, and whose records it shows. A small file that is replaced whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from sync.client.errors import ClientError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,140}")


@dataclass(frozen=True, slots=True)
class Device:
    """The id that this phone gave itself, its server's URL, and the file name of the person who is signed in."""

    id: str
    server: str | None = None
    person: str | None = None

    def signed_in(self, tenant_id: str, person_id: str) -> Device:
        """The same phone, showing this person's records."""
        name = f"{tenant_id}_{person_id}"
        if not _NAME.fullmatch(name):
            raise ClientError("The server named a person by something that is not an id.")
        return replace(self, person=name)


def load(home: Path, new_id: Callable[[], str]) -> Device:
    """The device that lives in this directory; a new one where there is none."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "device.json"
    if path.exists():
        return Device(**orjson.loads(path.read_bytes()))
    device = Device(new_id())
    save(home, device)
    return device


def save(home: Path, device: Device) -> None:
    """Replace the file in one step, readable by its owner alone."""
    path, draft = home / "device.json", home / f"device.json.{os.getpid()}"
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(orjson.dumps(asdict(device), option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
