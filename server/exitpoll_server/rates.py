"""How much one address and one product may send in a while; beyond that, later.

Counted in memory, by each process for itself, and forgotten when the while is over: an address is
never stored and never logged. Two threads at once may count one request too few.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from exitpoll_server import clock
from exitpoll_server.config import Config, Rate
from exitpoll_server.store import Product

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WRONG_KEYS = Rate(amount=60, seconds=60)
"""What one address may send with keys that nobody has: each of them asks the database."""

MOST_KEYS = 100_000
"""Some 15 MB. Who has more addresses than that is not held back by counting each of them."""

V6_NETWORK_BYTES = 8
"""One customer's network: whoever has one IPv6 address has all of its /64."""

V4_IN_V6 = bytes(10) + b"\xff\xff"


def believing(application: WSGIApplication, proxies: int) -> ProxyFix:
    """Return an application to which so many proxies say whose request it is."""
    # Nothing here depends on what else they may say, and not every proxy says it.
    return ProxyFix(application, x_for=proxies, x_proto=0, x_host=0)


class LimitedError(Exception):
    """There were too many; carries after how many seconds to try again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Rates:
    """The limits of one process."""

    def __init__(self, settings: Config) -> None:
        self._addresses = _Window(settings.rate_limit_address)
        self._products = _Window(settings.rate_limit_product)
        self._wrong = _Window(settings.rate_limit_address and WRONG_KEYS)
        self._right: set[str] = set()

    def count(self, address: str | None) -> None:
        """Count a request of an address.

        Raises:
            LimitedError: there were too many of it.
        """
        self._addresses.count(network(address))

    def product(
        self, address: str | None, key: str, find: Callable[[str], Product | None]
    ) -> Product | None:
        """Return the product of a key, or None, and count it; a guess too many is not looked up.

        Raises:
            LimitedError: there were too many requests for the product, or wrong keys.
        """
        whence = network(address)
        # Who has a right key is not kept out by a neighbour behind the same address.
        if key not in self._right:
            self._wrong.refuse_beyond(whence)
        product = find(key)
        if product is None:
            self._wrong.count(whence)
            return None
        self._right.add(key)
        self._products.count(str(product.id))
        return product


class Attempts:
    """Tries that failed, by whatever they are counted by."""

    def __init__(self, rate: Rate) -> None:
        self._window = _Window(rate)

    def refuse_beyond(self, key: str | bytes | None) -> None:
        """Refuse a try where too many failed; None is never refused.

        Raises:
            LimitedError: there were too many.
        """
        self._window.refuse_beyond(key)

    def count(self, key: str | bytes | None) -> None:
        """Count a try that failed."""
        with suppress(LimitedError):
            self._window.count(key)


class _Window:
    """Counts by key, all forgotten together: no list to tidy, no thread to do it."""

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._counts: dict[str | bytes, int] = {}
        self._ends = 0.0

    def count(self, key: str | bytes | None) -> None:
        if self._rate is None or key is None:
            return
        counts = self._current(self._rate)
        count = counts.get(key, 0) + 1
        if count > self._rate.amount:
            raise LimitedError(self._seconds_left())
        if count > 1 or len(counts) < MOST_KEYS:
            counts[key] = count

    def refuse_beyond(self, key: str | bytes | None) -> None:
        if self._rate is None or key is None:
            return
        if self._current(self._rate).get(key, 0) >= self._rate.amount:
            raise LimitedError(self._seconds_left())

    def _current(self, rate: Rate) -> dict[str | bytes, int]:
        now = clock.elapsed()
        if now >= self._ends:
            self._ends = now + rate.seconds
            self._counts = {}
        return self._counts

    def _seconds_left(self) -> int:
        return max(1, math.ceil(self._ends - clock.elapsed()))


def network(address: str | None) -> str | bytes | None:
    """Return what is counted as one; None for this machine, which nobody has to be kept from.

    A proxy on this machine that was not said to be trusted is not one client either.
    """
    if not address or address.startswith("127."):
        return None
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return address
    if packed.startswith(V4_IN_V6):
        return network(socket.inet_ntoa(packed[len(V4_IN_V6) :]))
    return None if address == "::1" else packed[:V6_NETWORK_BYTES]
