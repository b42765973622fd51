"""From which address a request comes: the one that connected, or the one that a proxy we trust names."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from service.settings import Network

HOUSEHOLD = 64
"""Leading bits of an IPv6 address that one customer has: who owns one of them owns them all."""


def of_request(environ: Mapping[str, Any], trusted: tuple[Network, ...]) -> str:
    """The address of who asks, as a name to count by.

    X-Forwarded-For is read from its end, for as long as those who wrote it are trusted: the rest anybody may have made up.
    """
    address = str(environ.get("REMOTE_ADDR", ""))
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",") if trusted else []
    while forwarded and _is_trusted(address, trusted):
        said = forwarded.pop().strip()
        if not _is_address(said):
            break
        address = said
    return _household(address)


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def _is_address(said: str) -> bool:
    try:
        ip_address(said)
    except ValueError:
        return False
    return True


def _household(address: str) -> str:
    if not _is_address(address):
        return address
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, HOUSEHOLD), strict=False))
    return str(found)
