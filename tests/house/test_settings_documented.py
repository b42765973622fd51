"""docs/settings.md names each setting, and no setting that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from service.settings import variables

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ("service/dev/options.py", "service/dev/demo/lessons.py")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| .{10,} \| .+ \|$", re.MULTILINE)


def documented() -> list[str]:
    return ROW.findall((ROOT / "docs" / "settings.md").read_text())


def launcher_variables() -> set[str]:
    """The names that the launcher and the demo ask for themselves."""
    asked = re.compile(r'env(?:\.str|\.int|\.path|iron\.get)\("([A-Z0-9_]+)"')
    return {name for file in DEVELOPMENT for name in asked.findall((ROOT / file).read_text())}


def test_every_setting_is_documented_once() -> None:
    assert sorted(documented()) == sorted(variables() | launcher_variables())


def test_nobody_else_reads_the_environment() -> None:
    allowed = {"service/settings.py", *DEVELOPMENT}
    readers = {
        str(path.relative_to(ROOT))
        for package in ("service", "sync", "schemas", "observation_tools")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b|\bgetenv\b", path.read_text())
    }
    assert readers <= allowed
