"""docs/settings.md names each setting, and no setting that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import service.dev.options
from service.settings import variables

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| .{10,} \| .+ \|$", re.MULTILINE)


def documented() -> list[str]:
    return ROW.findall((ROOT / "docs" / "settings.md").read_text())


def launcher_variables() -> set[str]:
    """The names that the launcher asks for itself."""
    source = Path(service.dev.options.__file__).read_text()
    return set(re.findall(r'env\.(?:str|int|path)\("([A-Z0-9_]+)"', source))


def test_every_setting_is_documented_once() -> None:
    assert sorted(documented()) == sorted(variables() | launcher_variables())


def test_nobody_else_reads_the_environment() -> None:
    allowed = {"service/settings.py", "service/dev/options.py"}
    readers = {
        str(path.relative_to(ROOT))
        for package in ("service", "sync", "schemas", "observation_tools")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b|\bgetenv\b", path.read_text())
    }
    assert readers <= allowed
