"""The secrets of a development instance: made once, kept in its home, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from joserfc.jwk import ECKey

NAMES = ("SECRET_KEY", "TOKEN_KEY", "S3_ACCESS_KEY", "S3_SECRET_KEY")


def kept_secrets(home: Path) -> dict[str, str]:
    """The secrets of this home; made at the first call."""
    path = home / "secrets.json"
    if not path.exists():
        write_private(path, json.dumps(_fresh(), indent=2))
    found: dict[str, str] = json.loads(path.read_text())
    return {name: found[name] for name in NAMES}


def write_private(path: Path, text: str) -> None:
    """Write `path` so that it is never half there and never readable by others."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


def as_lines(environment: Mapping[str, str]) -> str:
    """One `NAME=value` a line; a line end inside a value is written as `\\n`, as settings read it."""
    return "".join(f"{name}={value}\n" for name, value in environment.items())


def _fresh() -> dict[str, str]:
    pem = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        # In one line, as an environment file wants it.
        "TOKEN_KEY": pem.replace("\n", "\\n"),
        "S3_ACCESS_KEY": secrets.token_hex(10),
        "S3_SECRET_KEY": secrets.token_urlsafe(32),
    }
