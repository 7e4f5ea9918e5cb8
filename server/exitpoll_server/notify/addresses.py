"""Where a webhook may lead: to the public internet by https, and nowhere into this network.

A name is resolved once, all its addresses are judged, and the connection goes to one of those very
addresses: what the name stands for a moment later does not matter.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urljoin, urlsplit

MAX_URL_CHARS = 2_000

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is handed out of IPv6; whatever lies elsewhere is somebody's own, or means IPv4."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
"""Not yet known as such to every Python that we run on."""
_PLAIN = re.compile(rf"[!-~]{{1,{MAX_URL_CHARS}}}")
"""What stands in a request's head as it is."""
_PORTS = {"https": 443, "http": 80}


class RefusedError(Exception):
    """A webhook may not lead there; says why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address as it is spoken to."""

    scheme: str
    name: str
    port: int
    path: str
    """With its query."""

    @property
    def host(self) -> str:
        """What the receiver is told that it was called."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def read(url: str, *, private: bool) -> Target:
    """Read an address; `private`: the operator lets webhooks go into the own network.

    Raises:
        RefusedError: it is none, or not by https.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        raise RefusedError("this is no web address") from None
    if not _PLAIN.fullmatch(url) or parts.scheme not in _PORTS or not name or port == 0:
        raise RefusedError("this is no web address")
    if parts.scheme != "https" and not private:
        raise RefusedError("the address must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("the address must not hold a user or a password")
    query = f"?{parts.query}" if parts.query else ""
    return Target(
        scheme=parts.scheme,
        name=name,
        port=port or _PORTS[parts.scheme],
        path=f"{parts.path or '/'}{query}",
    )


def redirected(url: str, location: str) -> str:
    """Return where an answer leads on to."""
    return urljoin(url, location)


def resolve(target: Target, *, private: bool) -> list[str]:
    """Return the addresses that a name stands for.

    Raises:
        RefusedError: it stands for none, or for any that is not public.
    """
    try:
        found = socket.getaddrinfo(target.name, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RefusedError("this name stands for no address") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not private and not all(map(is_public, addresses)):
        raise RefusedError("this name stands for a private address")
    return addresses


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the public internet, and to one machine of it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        # With a zone: of the local link, whatever it is.
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    inner = _inner(address)
    if inner is not None:
        return _is_public_4(inner)
    return address in _UNICAST and address.is_global and address not in _DOCUMENTATION


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
