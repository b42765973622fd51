"""`python -m service.live --host 127.0.0.1 --port 8081`: the live process, until a signal stops it. One is enough for 5,000 phones."""

from __future__ import annotations

import socket

import click
import uvicorn

from service.live.app import Live
from service.logs import configure
from service.process import give_up_the_gone, open_many_files
from service.settings import Settings


def listening(config: uvicorn.Config) -> socket.socket:
    """The socket to listen on."""
    own = config.bind_socket()
    give_up_the_gone(own)
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
    open_many_files()
    server = Server(Live(settings), host, port)
    server.run([listening(server.config)])


if __name__ == "__main__":
    main()
