"""The way out to addresses that others gave us: webhooks, push services, rosters. Nothing else may call them.

https on port 443 only. A name is resolved once, all its addresses must be public, and it is one of those that is called,
so that no second answer of the name server leads inside. No redirects, no proxies, and bounds on time and size.
In development our own machine may be called too, by http as well.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any

import httpcore
import httpx

LONGEST_S = 5.0
"""For a whole call, from the name to the last byte of the answer."""
LARGEST_ANSWER = 64 * 1024
LONGEST_URL = 2000
_NOT_PUBLIC = [
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
]  # fmt: skip
# all of IPv6 that is given out; outside lie loopback, NAT64, and every way to write an IPv4 address
_GIVEN_OUT = ip_network("2000::/3")

Resolve = Callable[[str, int], Iterable[str]]
"""All addresses of a name; OSError where it has none."""


class OutboundError(Exception):
    """The call brought no answer; says why, to the person who gave the address."""


class ForbiddenAddress(OutboundError):
    """The address is none that we call, now or later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: a redirect, too, is an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet. Python's `is_global` lets 6to4, NAT64 and multicast through.

    >>> is_public("9.9.9.9"), is_public("10.0.0.1"), is_public("::ffff:9.9.9.9")
    (True, False, False)
    """
    ip = ip_address(address)
    if ip.version == 6 and ip not in _GIVEN_OUT:
        return False
    return not any(ip in network for network in _NOT_PUBLIC)


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver answers, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """Calls addresses of others. `development` opens our own machine; `trust` is whose certificates are believed."""

    development: bool = False
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    resolve: Resolve = addresses_of

    def check(self, url: str) -> httpx.URL:
        """The address read; ForbiddenAddress where it could never be called. Its name is not looked up."""
        read = _read(url)
        self._check_port(read)
        with suppress(ValueError):  # a name
            self._check_addresses([str(ip_address(read.host))], read.scheme == "http")
        return read

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        most_bytes: int = LARGEST_ANSWER,
        within_s: float = LONGEST_S,
    ) -> Answer:
        """One request and its answer; raises OutboundError where there is none within the bounds."""
        target = self.check(url)
        until = time.monotonic() + within_s
        way = _Way(self, until, plain=target.scheme == "http")
        sent = [("Accept-Encoding", "identity"), *(headers or {}).items()]
        try:
            with (
                httpcore.ConnectionPool(self.trust, network_backend=way) as pool,
                pool.stream(method, str(target), headers=sent, content=content) as response,
            ):
                return _bounded(response, most_bytes)
        except (httpcore.TimeoutException, TimeoutError):
            raise OutboundError(f"no whole answer within {within_s:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as fault:
            raise OutboundError(f"the call failed: {_first_line(fault)}") from None

    def _check_port(self, url: httpx.URL) -> None:
        if url.scheme != "https" and not (self.development and url.scheme == "http"):
            raise ForbiddenAddress("the address must start with https://")
        port = url.port or (443 if url.scheme == "https" else 80)
        if port != 443 and not (self.development and port >= 1024):
            raise ForbiddenAddress("the address must be on port 443")

    def _check_addresses(self, addresses: Iterable[str], plain: bool) -> None:
        for address in addresses:
            if not (self._is_ours(address) or (is_public(address) and not plain)):
                raise ForbiddenAddress("the address leads to a machine that is not on the open internet")

    def _is_ours(self, address: str) -> bool:
        return self.development and ip_address(address).is_loopback

    def _resolved(self, host: str, port: int, plain: bool, until: float) -> list[str]:
        """All addresses of a host, each of them allowed."""
        try:
            found = list(_in_time(lambda: list(self.resolve(host, port)), until))
        except (OSError, UnicodeError) as fault:
            if isinstance(fault, TimeoutError):
                raise
            raise OutboundError(f"the name {host} is not known") from None
        if not found:
            raise OutboundError(f"the name {host} has no address")
        self._check_addresses(found, plain)
        return found


class _Way(httpcore.NetworkBackend):
    """Connects to an address that was looked at, and lets no step last beyond the end of the call."""

    def __init__(self, outbound: Outbound, until: float, *, plain: bool) -> None:
        self._outbound, self._until, self._plain = outbound, until, plain
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> _Stream:
        """A connection to the first address of the host that takes one; TLS asks for the host's name all the same."""
        addresses = self._outbound._resolved(host, port, self._plain, self._until)
        for address in addresses[:-1]:
            with suppress(httpcore.ConnectError):
                return self._connected(address, port)
        return self._connected(addresses[-1], port)

    def _connected(self, address: str, port: int) -> _Stream:
        return _Stream(self._sockets.connect_tcp(address, port, _left(self._until)), self._until)


class _Stream(httpcore.NetworkStream):
    """A connection of which every step ends when the call does: a byte a second is no way to hold us."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._until))
        return _Stream(secured, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _read(url: str) -> httpx.URL:
    if len(url) > LONGEST_URL:
        raise ForbiddenAddress(f"the address is longer than {LONGEST_URL} characters")
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise ForbiddenAddress("this is no address") from None
    if not read.host or read.userinfo:
        raise ForbiddenAddress("the address must name a host, and nobody's password")
    return read.copy_with(fragment=None)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _in_time(work: Callable[[], list[str]], until: float) -> list[str]:
    """What `work` returns; the system's resolver knows no timeout, so it is left behind in its thread."""
    done: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            done.put(work())
        except Exception as fault:  # raised again by who waits
            done.put(fault)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = done.get(timeout=_left(until))
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _bounded(response: httpcore.Response, most_bytes: int) -> Answer:
    body = b""
    for piece in response.iter_stream():
        body += piece
        if len(body) > most_bytes:
            raise OutboundError(f"the answer is larger than {most_bytes} bytes")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, headers, body)


def _first_line(fault: Exception) -> str:
    return (str(fault) or type(fault).__name__).splitlines()[0][:200]
