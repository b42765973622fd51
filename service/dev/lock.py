"""One instance for one home: a lock that the kernel takes away with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.dev.children import LaunchError


@contextmanager
def only_instance(home: Path) -> Iterator[None]:
    """Hold the home for the length of the block; `LaunchError` names the process that holds it already."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise LaunchError(
                f"Come Watch already runs from {home} (pid {holder}). Stop it first (ctrl-C in its terminal),\n"
                "or run a second one beside it: COMEWATCH_HOME=<another directory> PORT=<another port> make run"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
