"""A page in a browser that can be killed, and the school whose API it speaks to."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from playwright.sync_api import Page, Playwright, sync_playwright

from service.media.store import Store
from tests.clients.uppy.gate import Gate
from tests.media.stage import SAID, Stage

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 150_000


class Browser:
    """Chromium with a profile that outlives it."""

    def __init__(self, executable: str, profile: Path) -> None:
        self.executable, self.profile = executable, profile
        self.faults: list[str] = []
        self.heard: list[str] = []
        self._playwright: Playwright | None = None

    def open(self, url: str) -> Page:
        self._playwright = self._playwright or sync_playwright().start()
        context = self._playwright.chromium.launch_persistent_context(
            str(self.profile), executable_path=self.executable, headless=True, args=FLAGS
        )
        page = context.pages[0] if context.pages else context.new_page()
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", lambda said: self.heard.append(said.text))
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)
        self.context = context
        return page

    def kill(self) -> None:
        """As by a battery that is empty: -9, every process of this profile."""
        for process in psutil.process_iter(["cmdline"]):
            if f"--user-data-dir={self.profile}" in (process.info["cmdline"] or ()):
                os.kill(process.pid, signal.SIGKILL)
        assert self._playwright is not None
        self._playwright.stop()
        self._playwright = None

    def close(self) -> None:
        if self._playwright is not None:
            self.context.close()
            self._playwright.stop()
            self._playwright = None


@dataclass
class Scene:
    """One person's uploads."""

    stage: Stage
    gate: Gate
    origin: str
    browser: Browser
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.stage.services.settings
        Store(settings).set_up(settings.pages)
        said = {"code": self.stage.code(), "device_id": "browser-of-olga", "device_name": "Browser"}
        token = self._ask("POST", "/v1/sign-in/code", said)["access_token"]
        self.tokens = {"Authorization": f"Bearer {token}"}

    def _ask(self, method: str, path: str, said: Any = None) -> Any:
        answer = httpx.request(method, self.stage.url + path, json=said, headers=self.tokens, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def declare(self, media_id: str, content: bytes, media_type: str = "image/jpeg") -> str:
        """Declare a file; returns where Uppy sends it."""
        about = {"media_type": media_type, "size_bytes": len(content), "file_name": "lesson"}
        digest = hashlib.sha256(content).hexdigest()
        self._ask("POST", "/v1/media", {"id": media_id, **SAID, **about, "sha256": digest})
        return str(self._ask("POST", f"/v1/media/{media_id}/uppy")["companion_url"])

    def state(self, media_id: str) -> str:
        return str(self._ask("GET", f"/v1/media/{media_id}")["state"])

    def open(self, media_id: str, url: str) -> Page:
        """The page, with an upload of this record made on it; `said` tells what it told."""
        page = self.browser.open(f"{self.origin}/index.html")
        page.evaluate(
            """([id, url]) => {
              globalThis.said = [];
              globalThis.uppy = guide.upload(id, url, (state, fraction) => said.push([state, fraction]));
            }""",
            [media_id, url],
        )
        return page

    def begin(self, page: Page, content: bytes, media_type: str = "image/jpeg") -> None:
        """Choose a file of these bytes, and begin."""
        page.evaluate(
            "() => document.body.append(Object.assign(document.createElement('input'), {type: 'file'}))"
        )
        file = {"name": "lesson", "mimeType": media_type, "buffer": content}
        page.set_input_files("input", file)  # type: ignore[arg-type]  # a mapping of these three
        page.evaluate("() => { guide.begin(uppy, document.querySelector('input').files[0]); }")

    def wait(self, page: Page, state: str) -> None:
        """Until the page tells this state, or that it failed."""
        done = "(state) => said.some(([told]) => told === state || told.startsWith('not sent'))"
        page.wait_for_function(done, arg=state)
        assert page.evaluate("() => said.at(-1)[0]") == state, page.evaluate("() => said")

    def until(self, page: Page, done: Any) -> None:
        """Until it has come to that; the page goes on meanwhile."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not done():
            assert time.monotonic() < end, (self.browser.heard, page.evaluate("() => said"), self.gate.sent)
            page.wait_for_timeout(50)

    def stored(self, media_id: str) -> str:
        """The SHA-256 of what lies in the store."""
        digest = hashlib.sha256()
        for piece in self.stage.raw(media_id):
            digest.update(piece)
        return digest.hexdigest()
