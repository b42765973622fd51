"""Somebody who listens live, reconnects whenever the stream breaks, and remembers how far she was told."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import httpx
import orjson
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.site import Site


class Listener(threading.Thread):
    """A stream as `person`, sent on by the API with a ticket; `heard` is the highest number told, `at` when it was told."""

    def __init__(self, site: Site, person: str, name: str) -> None:
        super().__init__(name=f"{person}-{name}", daemon=True)
        self.site, self.person, self.heard, self.at = site, person, 0, 0.0
        self._stopped = threading.Event()
        self._token = site.token(person, self.name)
        self.start()

    def run(self) -> None:
        """Listen until stopped."""
        with httpx.Client(timeout=httpx.Timeout(3, read=1), follow_redirects=True, verify=False) as client:
            while not self._stopped.is_set():
                with suppress(httpx.HTTPError, OSError, SQLAlchemyError):
                    self._listen(client)
                self._stopped.wait(0.1)

    def _listen(self, client: httpx.Client) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        since = f"?seq={self.heard}" if self.heard else ""
        with client.stream("GET", f"{self.site.url}/v1/sync/stream{since}", headers=headers) as answer:
            if answer.status_code == 401:  # a token is good for ten minutes
                self._token = self.site.token(self.person, self.name)
            if answer.status_code != 200:
                return
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.heard = max(self.heard, orjson.loads(line.removeprefix("data: "))["seq"])
                    self.at = time.monotonic()
                if self._stopped.is_set():
                    return

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self.join(5)
