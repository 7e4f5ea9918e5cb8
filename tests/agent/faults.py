"""Networks that are dead, drip, lie or break off, on real sockets of loopback."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.agent.loopback import CONFIRMED, dead_port

DRIP_SECONDS = 0.05
"""Shorter than any timeout of a single read."""
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b" " * 20_000_000)


@dataclass
class Faulty:
    """A server of one fault, and how often somebody connected to it."""

    listener: socket.socket
    scheme: str = "http"
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """The one string that a developer would configure."""
        return f"{self.scheme}://KEY@localhost:{self.listener.getsockname()[1]}"


Fault = Callable[[socket.socket, Faulty], None]


# -- what a server does with a connection --------------------------------------------------


def _never_answers(_connection: socket.socket, server: Faulty) -> None:
    server.over.wait()


def _says(*parts: bytes, stays: bool = False) -> Fault:
    """Say something after the request, then close, or stay without another word."""

    def fault(connection: socket.socket, server: Faulty) -> None:
        _read_request(connection)
        connection.sendall(b"".join(parts))
        if stays:
            server.over.wait()

    return fault


def _drips(*parts: bytes, drop: bytes) -> Fault:
    """Say something, then drop by drop for ever."""

    def fault(connection: socket.socket, server: Faulty) -> None:
        _read_request(connection)
        connection.sendall(b"".join(parts))
        while not server.over.wait(DRIP_SECONDS):
            connection.sendall(drop)

    return fault


def _floods(*parts: bytes, drop: bytes) -> Fault:
    def fault(connection: socket.socket, server: Faulty) -> None:
        _read_request(connection)
        connection.sendall(b"".join(parts))
        while not server.over.is_set():
            connection.sendall(drop)

    return fault


def _resets(*parts: bytes) -> Fault:
    def fault(connection: socket.socket, _server: Faulty) -> None:
        _read_request(connection)
        connection.sendall(b"".join(parts))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return fault


def _half_closes(connection: socket.socket, server: Faulty) -> None:
    _read_request(connection)
    connection.shutdown(socket.SHUT_WR)
    server.over.wait()


def _redirects_to_itself(connection: socket.socket, server: Faulty) -> None:
    location = server.address.replace("KEY@", "").encode()
    told = b"Location: " + location + b"/\r\nContent-Length: 0\r\n\r\n"
    _says(b"HTTP/1.1 302 Found\r\n", told)(connection, server)


def _drips_its_greeting(connection: socket.socket, server: Faulty) -> None:
    connection.sendall(b"\x16\x03\x03\x40\x00\x02")  # a record of 16 KiB: the server's hello
    while not server.over.wait(DRIP_SECONDS):
        connection.sendall(b"\x00")


def _length(number: int) -> bytes:
    return f"Content-Length: {number}\r\n\r\n".encode()


PLAIN: dict[str, Fault] = {
    "accepts and never answers": _never_answers,
    "drips its status": _drips(drop=b"H"),
    "drips its headers": _drips(OK, drop=b"X"),
    "drips header lines": _drips(OK, drop=b"X: 1\r\n"),
    "drips its body": _drips(OK, _length(1000), drop=b" "),
    "drips a body without a length": _drips(OK, b"\r\n", drop=b" "),
    "drips chunks": _drips(OK, b"Transfer-Encoding: chunked\r\n\r\n", drop=b"1\r\n \r\n"),
    "says to go on for ever": _floods(drop=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body without an end": _floods(OK, b"\r\n", drop=b" " * 10_000),
    "headers without an end": _floods(OK, drop=b"X: 1\r\n" * 1_000),
    "a header without an end": _floods(OK, b"X: ", drop=b"1" * 10_000),
    "a length too long, and stays": _says(OK, _length(1000), CONFIRMED, stays=True),
    "a length too long": _says(OK, _length(1000), CONFIRMED),
    "a length too short": _says(OK, _length(10), CONFIRMED),
    "a length that is none": _says(OK, b"Content-Length: -1\r\n\r\n", b"{}"),
    "closes without a word": _says(),
    "closes in the middle": _says(OK, _length(len(CONFIRMED)), CONFIRMED[:10]),
    "resets without a word": _resets(),
    "resets in the middle": _resets(OK, _length(len(CONFIRMED)), CONFIRMED[:10]),
    "half-closes": _half_closes,
    "speaks something else": _says(b"220 mail.example.com ESMTP\r\n"),
    "headers that are none": _says(OK, b"no header\r\nX: \xff\r\n", _length(2), b"{}"),
    "a hotel's page": _says(OK, b"Content-Type: text/html\r\n\r\n<html>Welcome</html>"),
    "another's JSON": _says(OK, b'\r\n{"status": "ok"}'),
    "exitpoll is true": _says(OK, b'\r\n{"exitpoll": true}'),
    "a gzip bomb": _says(OK, b"Content-Encoding: gzip\r\n", _length(len(BOMB)), BOMB),
    "a proxy that wants a password": _says(b"HTTP/1.1 407 No\r\n", _length(0)),
    "redirects": _redirects_to_itself,
}
"""By what the other side does, without TLS."""

GREETINGS: dict[str, Fault] = {
    "never greets": _never_answers,
    "drips its greeting": _drips_its_greeting,
    "greets in plain": _says(b"HTTP/1.1 400 Bad Request\r\n", _length(0)),
    "resets the greeting": _resets(),
}
"""By what the other side does where it should speak TLS."""


# -- servers -------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(
    fault: Fault, scheme: str = "http", certificate: Path | None = None
) -> Iterator[Faulty]:
    """Serve a fault to whoever connects; within TLS where there is a certificate."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Faulty(listener, scheme)
        accepting = threading.Thread(target=_accept, args=(server, fault, certificate))
        accepting.start()
        try:
            yield server
        finally:
            server.over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


@contextlib.contextmanager
def dead_host() -> Iterator[str]:
    """Return an address where a connection is neither made nor refused, as behind a firewall."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue of who waits to be accepted is full now; whoever comes later gets no word.
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield f"http://KEY@127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def refusing_host() -> Iterator[str]:
    """Return an address where nobody listens."""
    yield f"http://KEY@127.0.0.1:{dead_port()}"


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost, with its key; `public.pem` beside it has no key."""
    path = folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    subprocess.run(
        [*command.split(), *names, "-keyout", path, "-out", folder / "public.pem"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (folder / "public.pem").read_text())
    return path


def _accept(server: Faulty, fault: Fault, certificate: Path | None) -> None:
    with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
        while True:
            connection, _ = server.listener.accept()
            server.connections += 1
            thread = threading.Thread(target=_serve, args=(connection, server, fault, certificate))
            thread.start()
            stack.callback(thread.join)


def _serve(
    connection: socket.socket, server: Faulty, fault: Fault, certificate: Path | None
) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
        fault(connection, server)


def _read_request(connection: socket.socket) -> None:
    """Read a request to its end, since what is closed before that is reset; or else one piece."""
    data = connection.recv(65536)
    if data.startswith((b"POST", b"CONNECT")):
        while not (headers := re.search(rb"(?s).*?\r\n\r\n", data)):
            data += connection.recv(65536)
        length = re.search(rb"Content-Length: (\d+)", headers[0])
        while length and len(data) < headers.end() + int(length[1]):
            data += connection.recv(65536)
