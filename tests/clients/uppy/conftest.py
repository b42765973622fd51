"""Uppy itself in a real Chromium, on a page of another origin; the API as it is served, and a gate before the store."""

from __future__ import annotations

import functools
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.clients.driver import guide
from tests.clients.node import commands, libraries
from tests.clients.uppy.gate import Gate
from tests.clients.uppy.page import Browser, Scene
from tests.conftest import environment
from tests.media.stage import standing
from tests.servers import Answer

PAGE = """<!doctype html><meta charset="utf-8"><title>Upload</title><link rel="icon" href="data:,"><script src="page.js"></script>"""


@pytest.fixture(scope="session")
def page_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the guide, bundled with the real libraries."""
    home, place = libraries(), tmp_path_factory.mktemp("page")
    code, *_ = guide("uppy.md")
    entry = home / "uppy-page.mjs"
    entry.write_text(code + "\nglobalThis.guide = { upload, begin, goOn };\n")
    node, _ = commands()
    bundle = [*node, str(home / "node_modules/esbuild/bin/esbuild"), str(entry), "--bundle", "--format=iife"]
    subprocess.run([*bundle, f"--outfile={place / 'page.js'}", "--log-level=error"], check=True, cwd=home)
    (place / "index.html").write_text(PAGE)
    return place


@pytest.fixture(scope="session")
def origin(page_directory: Path) -> Iterator[str]:
    """The origin that serves the page."""
    handler = functools.partial(Quiet, directory=str(page_directory))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def scene(
    database_url: str, token_key: str, s3: Answer, origin: str, chromium: str, tmp_path: Path
) -> Iterator[Scene]:
    with Gate(s3["endpoint"]) as gate:
        env = environment(database_url, token_key, s3)
        with standing(env, tmp_path, S3_PUBLIC_ENDPOINT=gate.url, UPLOAD_ORIGINS=origin) as stage:
            scene = Scene(stage, gate, origin, Browser(chromium, tmp_path / "profile"))
            yield scene
            scene.browser.close()
