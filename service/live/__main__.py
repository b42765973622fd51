"""`python -m service.live --host 127.0.0.1 --port 8081`: the live process, until a signal stops it. One is enough for 5,000 phones."""

from __future__ import annotations

import resource
import socket

import click
import uvicorn

from service.live.app import Live
from service.logs import configure
from service.settings import Settings

DEAD_AFTER_MS = 60_000
"""A connection whose other end has taken nothing for so long is given up, in whatever state it is."""


def listening(config: uvicorn.Config) -> socket.socket:
    """The socket to listen on. Without the limit, a phone that takes nothing and never says so would be kept for ever."""
    own = config.bind_socket()
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_MS)
    return own


class Server(uvicorn.Server):
    """uvicorn, which lets the streams go first: by itself it would wait for each of them to end."""

    def __init__(self, live: Live, host: str, port: int) -> None:
        self.live = live
        config = uvicorn.Config(
            live,
            host,
            port,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """A signal asked to stop."""
        self.live.watch.close()
        await super().shutdown(sockets)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True)
def main(host: str, port: int) -> None:
    """Serve live streams."""
    settings = Settings.from_environment()
    configure(settings.log_level)
    # a stream is an open file, and the usual thousand of them are soon used up
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = Server(Live(settings), host, port)
    server.run([listening(server.config)])


if __name__ == "__main__":
    main()
