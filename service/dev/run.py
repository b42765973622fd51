"""`make run`: start the instance, say where it is, keep it alive, and stop it at ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from service.dev.children import LaunchError
from service.dev.instance import Instance
from service.dev.lock import only_instance
from service.dev.options import Options
from service.dev.supervisor import keep_alive
from service.settings import SettingsError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A person or the system asked us to end; not an error, so no `except Exception` may eat it."""


def main() -> int:
    """Run until stopped; 0 when asked to stop, 1 when it could not run."""
    # First of all: a ctrl-C during the start must stop what is already up.
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        options = Options.from_environment()
        with only_instance(options.home):
            _run(Instance(options))
    except Stopped:
        return 0
    except (LaunchError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(instance: Instance) -> None:
    began = time.monotonic()
    try:
        _say("Starting Come Watch; the first time takes a few seconds more.")
        instance.start()
        _say(_ready(instance, time.monotonic() - began))
        keep_alive(instance.servers, _say)
    except Stopped:
        _say("Stopping.")
        raise
    finally:
        # A second ctrl-C must not leave servers behind.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        instance.stop()


def _ready(instance: Instance, seconds: float) -> str:
    return "\n".join([
        f"ready: {instance.options.url}  (in {seconds:.1f} s)",
        f"live:  {instance.environment['LIVE_URL']}  (the API sends there who listens)",
        f"data:  {instance.options.home}  (logs in {instance.logs})",
        f"next:  open {instance.options.url}/v1/docs, or `make demo` in another terminal; ctrl-C stops everything",
    ])  # fmt: skip


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _say(line: str) -> None:
    print(line, flush=True)
