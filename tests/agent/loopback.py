"""A real HTTP server on loopback that answers as a test tells it to, and remembers."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONFIRMED = b'{"exitpoll": 1, "ignored": [], "policy": {}}'


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = CONFIRMED
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        is_compressed = self.headers.get("Content-Encoding") == "gzip"
        body = gzip.decompress(self.body) if is_compressed else self.body
        message: dict[str, Any] = json.loads(body)
        return message


class Loopback(ThreadingHTTPServer):
    """Answers every POST with `answer`, after `before_answering` was called."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = Answer()
        self.before_answering: Callable[[Received], None] = lambda _received: None
        self.received: list[Received] = []
        self.scheme = "http"
        self.date: datetime | None = None
        """What it takes for the present; None: the machine's clock."""
        self.redirects_pages_to: str | None = None
        """Where pages under /u/ lead; None: they are answered as everything is."""

    @property
    def address(self) -> str:
        """The one string that a developer would configure."""
        return f"{self.scheme}://KEY@localhost:{self.server_port}"

    def answers_with_policy(self, **policy: object) -> None:
        """Confirm everything, with this policy."""
        self.answer = Answer(body=json.dumps({"exitpoll": 1, "policy": policy}).encode())

    def speaks_tls(self, certificate: str) -> None:
        """Speak TLS with a certificate and its key from one file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, *_args: object) -> None:
        """Clients that give up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.path, dict(self.headers), body)
        self.server.received.append(received)
        self.server.before_answering(received)
        answer = self.server.answer
        if self.server.redirects_pages_to is not None and self.path.startswith("/u/"):
            answer = Answer(303, b"", {"Location": self.server.redirects_pages_to})
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST  # noqa: N815 - http.server's name; a followed redirect would arrive here

    def date_time_string(self, timestamp: float | None = None) -> str:
        date = self.server.date
        return super().date_time_string(timestamp if date is None else date.timestamp())

    def log_message(self, *_args: object) -> None:
        """Keep the tests' output clean."""


@contextlib.contextmanager
def running(server: Loopback) -> Iterator[Loopback]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def dead_port() -> int:
    """Return a port of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
