"""The application behind a socket: granian where it is installed, else waitress.

Granian runs a process a core, and answers messages as `adapter` says. It has no wheel for every
machine: there waitress serves the same application in one process, with a thread a request.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass

MOST_HEADER_BYTES = 32 * 1024
"""An agent's head has 500 bytes; a browser's cookies for the same host may be more."""


class CannotListenError(Exception):
    """The address or port cannot be listened on; says why."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server listens."""

    family: socket.AddressFamily
    address: str
    port: int

    @property
    def url(self) -> str:
        """What a browser is told."""
        host = f"[{self.address}]" if self.family == socket.AF_INET6 else self.address
        return f"http://{host}:{self.port}"


def find_place(host: str, port: int) -> Place:
    """Return where to listen, for a host's name and a port; port 0 is any that is free.

    Raises:
        CannotListenError: there is no such address here, or somebody listens there already.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A name may stand for several: IPv4 is what other programs try when told "localhost".
        family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # Granian shares its port with whoever asks to: only a trial tells that it is taken.
            if sys.platform != "win32":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            bound = trial.getsockname()
    except OSError as error:
        raise CannotListenError(error.strerror) from None
    return Place(family=family, address=bound[0], port=bound[1])
