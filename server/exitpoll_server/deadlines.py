"""A conversation over the network, cut off when it has taken too long as a whole."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer


@contextmanager
def cut_after(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the connection if the block has not ended by then; what waits for it fails.

    A timeout of the socket bounds each step only: whoever sends a byte now and then goes on for
    ever.
    """

    def cut() -> None:
        connection = current()
        if connection is not None:
            with suppress(OSError):
                # Of TLS too without its farewell, which would wait.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
