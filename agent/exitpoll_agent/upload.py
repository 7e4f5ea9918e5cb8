"""One message sent, and what came of it: confirmed, refused or later.

Nothing escapes from here into the host's program, nobody waits longer than was agreed, and
nothing goes on reading afterwards. Light to import: what takes time, `exchange` with requests,
is imported within the time that is bounded.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal, TypeAlias

from exitpoll_agent import wire

THREAD_NAME = "exitpoll-upload"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many seconds a message may take."""

    connect: float
    read: float
    whole: float
    """Bounds what the other two do not: importing requests, resolving the name, a server that
    answers by drops."""


FOR_A_LAUNCH = Patience(connect=5, read=10, whole=20)
"""Nobody waits for a ping, and a satellite link takes four seconds to greet."""
FOR_SOMEBODY_WHO_WAITS = Patience(connect=5, read=10, whole=15)
"""Somebody typed a command, and would rather wait than type it again."""
SHORTEST_SECONDS = 0.3
"""Of a message that an uninstaller waits for, on a machine that was slow to start."""
SILENCE_SECONDS = 1.5
"""How long an uninstaller waits for a network that says nothing: a good one takes a tenth of that.
What else it has is for a slow machine, which may need as long to load the libraries."""


def for_an_uninstall(seconds: float) -> Patience:
    """Return the patience of a person who waits: so many seconds, or a little.

    Where that is not enough the browser is the second channel.
    """
    whole = max(seconds, SHORTEST_SECONDS)
    silence = min(whole, SILENCE_SECONDS)
    return Patience(connect=silence, read=silence, whole=whole)


Result: TypeAlias = Literal["confirmed", "refused", "later"]


@dataclass(frozen=True)
class Confirmed:
    """Merged, or already known: the counts that were sent need not be sent again."""

    result: ClassVar[Literal["confirmed"]] = "confirmed"
    detail: ClassVar[None] = None
    confirmation: wire.Confirmation


@dataclass(frozen=True)
class Refused:
    """Will never be accepted as it is."""

    result: ClassVar[Literal["refused"]] = "refused"
    detail: str


@dataclass(frozen=True)
class Later:
    """Anything else: try again."""

    result: ClassVar[Literal["later"]] = "later"
    detail: str
    retry_after: timedelta | None = None


Outcome: TypeAlias = Confirmed | Refused | Later
"""`result` is the word for it, `detail` why it was not confirmed, as the end of a sentence."""
Sent: TypeAlias = wire.Ping | wire.Erasure


class Line:
    """The connections of one exchange; whoever waits for it can cut them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._is_cut = False

    def hold(self, connection: socket.socket) -> socket.socket:
        """Take note of a connection that was just made.

        Raises:
            TimeoutError: the line was cut meanwhile; the connection is closed.
        """
        with self._lock:
            if self._is_cut:
                connection.close()
                raise TimeoutError("nobody waits any more")
            # A handle of our own: TLS takes over the first one, and the number of one that was
            # closed may be a file of the host's by the time it is cut.
            self._handles.append(connection.dup())
        return connection

    def cut(self) -> None:
        """End every connection, in the middle of whatever it does, and allow no more."""
        with self._lock:
            self._is_cut = True
            for handle in self._handles:
                with contextlib.suppress(OSError):  # the other side was faster
                    handle.shutdown(socket.SHUT_RDWR)
                handle.close()
            self._handles.clear()


def post(
    address: wire.Address, path: str, message: Sent, patience: Patience, now: datetime
) -> Outcome:
    """Send one message, and wait no longer than `patience.whole`. Raises nothing."""
    outcomes: list[Outcome] = []
    line = Line()

    def work() -> None:
        outcomes.append(_exchanged(address, path, message, patience, now, line))

    # A daemon: a name server that does not answer may not keep the process from ending.
    thread = threading.Thread(target=work, name=THREAD_NAME, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # too many of them, or the process is about to end
        return Later(f"nothing was sent ({error})")
    try:
        thread.join(patience.whole)
        # Before the line is cut: what comes of that is no word on the network.
        return outcomes[0] if outcomes else Later(f"no answer within {patience.whole:g} seconds")
    finally:
        line.cut()


def _exchanged(
    address: wire.Address,
    path: str,
    message: Sent,
    patience: Patience,
    now: datetime,
    line: Line,
) -> Outcome:
    try:
        from exitpoll_agent import exchange  # noqa: PLC0415 - within the time that is bounded

        return exchange.post(address.url(path), address.product_key, message, patience, now, line)
    except Exception as error:  # noqa: BLE001 - a guest in the host's process lets nothing escape
        return Later(f"no connection ({type(error).__name__})")
