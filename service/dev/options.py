"""What a person may say to `make run`, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from environs import EnvValidationError, validate

from service.dev.children import LaunchError
from service.settings import DEFAULT_HOME, Source, told

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - only compared with


@dataclass(frozen=True, slots=True)
class Options:
    """Where the instance lives and listens, and what else was said, which the children inherit."""

    home: Path
    host: str
    port: int
    given: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_environment(cls) -> Options:
        env = Source(os.environ)
        home = env.path("COMEWATCH_HOME", Path(DEFAULT_HOME)).absolute()
        host = env.str("HOST", "127.0.0.1")
        port = env.int("PORT", 8080, validate=validate.Range(min=1, max=65535))
        if env.has("S3_ENDPOINT"):
            for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY"):
                env.str(name)
        try:
            env.seal()
        except EnvValidationError as error:
            raise LaunchError(told(error)) from None
        return cls(home, host, port, {name: value for name, value in os.environ.items() if value})

    @property
    def own_database(self) -> bool:
        """Whether PostgreSQL is ours to start."""
        return "DATABASE_URL" not in self.given

    @property
    def own_s3(self) -> bool:
        """Whether S3 is ours to start."""
        return "S3_ENDPOINT" not in self.given

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the API."""
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
