"""Uploads in the background: a thread with files and connections of its own, which goes on until it is stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Event, Thread
from typing import Protocol, Self

from sync.client.errors import ClientError, DeviceRevoked
from sync.client.surroundings import Surroundings
from sync.client.uploads import Stage, Upload, Watch

UNFINISHED = frozenset({Stage.WAITING, Stage.SENT})


class Phone(Protocol):
    """What the thread needs of a client."""

    def uploads(self) -> Sequence[Upload]:
        """The files attached here."""

    def upload(self, progress: Watch, *, on_wifi: bool, going_on: Callable[[], bool]) -> Sequence[Upload]:
        """Send the files that wait."""


class Uploading:
    """Sends what waits, and what is attached meanwhile. `trouble` tells what hinders it now, in words for a person.

    It looks every `every` seconds; where the network is away, or nothing changes, up to a minute apart. `on_wifi` is
    asked all the time: when it turns false the file under way is left where it is, if it may only go by Wi-Fi.
    """

    def __init__(
        self,
        open_phone: Callable[[Surroundings], AbstractContextManager[Phone]],
        surroundings: Surroundings,
        progress: Watch,
        on_wifi: Callable[[], bool],
        every: float,
    ) -> None:
        self._stopped = Event()
        self._open = open_phone
        self._around = replace(surroundings, sleep=self._sleep)
        self._progress, self._on_wifi, self._every = progress, on_wifi, every
        self.trouble: str | None = None
        self._thread = Thread(target=self._run, name="uploading", daemon=True)
        self._thread.start()

    def stop(self, wait: float | None = None) -> None:
        """Stop after the piece that is on its way, and wait for that; what has arrived stays there."""
        self._stopped.set()
        self._thread.join(wait)

    def join(self, wait: float | None = None) -> bool:
        """Wait for its end, at most so many seconds; whether it has ended."""
        self._thread.join(wait)
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def _run(self) -> None:
        quiet, before = 0, list[Upload]()
        while not self._stopped.is_set():
            try:
                now = self._round()
            except DeviceRevoked as fault:
                self.trouble = str(fault)
                return
            except (ClientError, OSError, sqlite3.Error) as fault:
                self.trouble, now = str(fault), before
            else:
                self.trouble = None
            busy = any(one.stage in UNFINISHED for one in now)
            quiet, before = (quiet + 1 if now == before and (busy or self.trouble) else 0), now
            self._stopped.wait(max(self._every, self._around.pause(quiet) if quiet else 0.0))

    def _sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)  # stop wakes it

    def _round(self) -> list[Upload]:
        """Look once, with a client of its own: another person may have signed in meanwhile."""
        with self._open(self._around) as client:
            if not any(one.stage in UNFINISHED for one in client.uploads()):
                return []
            on_wifi = self._on_wifi()
            return list(
                client.upload(
                    self._progress,
                    on_wifi=on_wifi,
                    going_on=lambda: not self._stopped.is_set() and self._on_wifi() == on_wifi,
                )
            )
