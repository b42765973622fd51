"""`python -m service.serve --host 127.0.0.1 --port 8080`: the API by Granian, in processes of several threads, until a signal stops it."""

from __future__ import annotations

import gc
import socket
from importlib import import_module
from multiprocessing import parent_process
from typing import Any

import click
from granian._granian import ListenerSpec
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from service.process import die_with, give_up_the_gone, open_many_files
from service.settings import SettingsError

GRACE_S = 5
"""How long requests under way may take once a signal asked to stop."""
CONNECTIONS = 4096
"""Of each process; further ones wait until one of them ends. An idle one costs some kilobytes and no thread."""
IDLE_MS = 65_000
"""When a connection is closed on which no request comes: later than a proxy (nginx: 60 s) lets go of it."""
LARGEST_HEAD = 65_536
"""Bytes of a request before its body."""
LOGS = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""To the root, where the app writes its own."""


@click.command()
@click.argument("app", default="service.wsgi:app")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes; about as many as processors.")
@click.option("--threads", default=8, show_default=True, help="Of each process.")
def main(app: str, host: str, port: int, workers: int, threads: int) -> None:
    """Serve APP, a WSGI app: the API, unless said otherwise."""
    open_many_files()
    try:
        # Imported once for all where processes fork; no connection is opened before that.
        load(app)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    # What is here now stays: it need not be looked through again, least of all at the end, which would take seconds.
    gc.freeze()
    server = Server(
        app,
        address(host),
        port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_MS, max_buffer_size=LARGEST_HEAD),
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_S,
        log_level=LogLevels.warning,
        log_dictconfig=LOGS,
    )
    server.serve(target_loader=begin)


class Server(MPServer):
    """Granian with one listening socket for all its processes: who waits for an answer survives the death of one."""

    def _init_shared_socket(self) -> None:
        try:
            holder = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        except RuntimeError as error:
            why = str(error).partition("\n")[0]
            raise click.ClickException(f"Cannot listen on {self.bind_addr}:{self.bind_port}: {why}") from None
        listener = socket.socket(fileno=holder.get_fd())
        listener.set_inheritable(True)
        # Granian sets it, for sockets that share a port; a second copy would take half of our requests.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        give_up_the_gone(listener)
        # Granian's own names; where they stand for a socket, its processes take that one and open none.
        vars(self).update(_shd=holder, _sso=listener)


def begin(name: str) -> Any:
    """The app in a process of its own, which ends with the one that watches over it: nobody else would replace or stop it."""
    watcher = parent_process()
    if watcher is not None and watcher.pid is not None:
        die_with(watcher.pid)
    return counted(load(name))


def address(host: str) -> str:
    """The host as a number, which is all that Granian takes."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise click.ClickException(f"{host} is no address of this machine: {error.strerror}") from None


def load(name: str) -> Any:
    """What `module:name` names."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def counted(app: Any) -> Any:
    """The app, whose bodies werkzeug counts where their length was said: one that breaks off ends without a word here."""

    def asked(environ: dict[str, Any], start: Any) -> Any:
        if "CONTENT_LENGTH" in environ:
            del environ["wsgi.input_terminated"]
        return app(environ, start)

    return asked


if __name__ == "__main__":
    main()
