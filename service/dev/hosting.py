"""An instance for a command that needs one: the one that runs, or one that is started for it and stopped afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from service.dev.instance import Instance
from service.dev.lock import only_instance
from service.dev.options import Options
from service.dev.ports import free_pair, is_free
from service.dev.programs import is_healthy
from service.settings import ENVIRONMENT_FILE, Settings


@contextmanager
def running_instance(say: Callable[[str], object]) -> Iterator[Settings]:
    """Settings of an instance that answers for the length of the block; LaunchError when none can be had."""
    options = Options.from_environment()
    if (options.home / ENVIRONMENT_FILE).is_file():
        settings = Settings.from_environment()
        if is_healthy(f"{settings.public_url}/health"):
            say(f"Using the instance at {settings.public_url}.")
            yield settings
            return
    with only_instance(options.home), _started(options, say) as instance:
        yield instance.settings


@contextmanager
def _started(options: Options, say: Callable[[str], object]) -> Iterator[Instance]:
    port = options.port if is_free(options.port, options.host) else free_pair()
    instance = Instance(replace(options, port=port))
    say("Starting an instance for this; it is stopped afterwards.")
    try:
        instance.start()
        say(f"Using {instance.options.url}; its data lie in {options.home}.")
        yield instance
    finally:
        instance.stop()
