"""Bytes on a socket: whatever a client sends, `exitpoll serve` refuses it and goes on serving.

Which HTTP server answers is not said here: where they may differ, each allowed status is named.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e.world import Server
from tests.server.messages import COUNTER, INSTALLATION, NOW

from exitpoll_server.store import Store

CLOSED = 0
"""In place of a status: the connection was closed without an answer."""

PATIENCE_SECONDS = 10.0
QUIET_SECONDS = 1.0
"""Nothing more comes: not every server answers who has already hung up."""
SLOW_CLIENTS = 200

PING = json.dumps(
    {
        "installation_id": str(INSTALLATION),
        "counter": str(COUNTER),
        "seq": 1,
        "sent_at": "2026-11-20T08:00:00Z",
        "consent": "full",
    }
).encode()


@dataclass(frozen=True)
class Running:
    """A server process, and the key of a product in it."""

    host: str
    port: int
    key: str
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE_SECONDS)

    def head(self, *headers: str, line: str = "POST /v1/pings HTTP/1.1") -> bytes:
        """Return a request up to its body; without a length unless one is given."""
        known = ("Host: a.example", f"Authorization: Bearer {self.key}")
        lines = [line, *known, "Content-Type: application/json", *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def ping(self, *headers: str) -> bytes:
        return self.head(f"Content-Length: {len(PING)}", *headers) + PING

    def answers(self, request: bytes) -> list[tuple[int, bytes]]:
        """Send bytes and nothing more; return every answer until the server closes."""
        with closing(self.connect()) as connection:
            # It may well have refused and gone before it was sent everything.
            with suppress(OSError):
                connection.sendall(request)
            return split(received(connection))

    def status(self, request: bytes) -> int:
        """Return the status of the first answer; None of them says anything of the program."""
        answers = self.answers(request)
        assert not any(b"Traceback" in body or b".py" in body for _, body in answers)
        return answers[0][0] if answers else CLOSED

    def is_well(self) -> bool:
        """Whether an ordinary ping is confirmed, soon."""
        begun = time.monotonic()
        status = self.status(self.ping("Connection: close"))
        return status == 200 and time.monotonic() - begun < 5


def received(connection: socket.socket) -> bytes:
    """Return what is sent until the server closes; where it waits for more, it is told the end."""
    parts = []
    connection.settimeout(QUIET_SECONDS)
    with suppress(ConnectionError):
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except TimeoutError:
            connection.settimeout(PATIENCE_SECONDS)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                parts.append(part)
    return b"".join(parts)


def split(answers: bytes) -> list[tuple[int, bytes]]:
    """Return the status and body of each answer, however its end is marked."""
    parts = re.split(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n", answers)[1:]
    return [(int(parts[n]), parts[n + 1]) for n in range(0, len(parts), 2) if parts[n] != b"100"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serving(tmp_path_factory.mktemp("sockets"))


def serving(folder: Path, **settings: str) -> Iterator[Running]:
    url = f"sqlite:///{folder / 'exitpoll.sqlite3'}"
    with closing(Store(url)) as store:
        product = store.create_product(
            name="Sample", stopped_after_days=40, trial_days=None, now=NOW
        )
    ours = {name: value for name, value in os.environ.items() if not name.startswith("EXITPOLL_")}
    log = folder / "log"
    server = Server({**ours, **settings, "EXITPOLL_DATABASE_URL": url}, log)
    address = urlsplit(server.url)
    assert address.hostname is not None
    assert address.port is not None
    try:
        yield Running(address.hostname, address.port, product.key, log)
    finally:
        server.stop()


# -- what no HTTP client says --------------------------------------------------------------

LONG = "x" * 10_000
ODD_LINES = [
    ("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", {400, CLOSED}),
    (
        "TLS where there is none",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
        {400, CLOSED},
    ),
    ("zeros", bytes(5_000), {400, 431, CLOSED}),
    ("nothing", b"", {CLOSED}),
    ("half a line", b"POST /v1/pi", {400, CLOSED}),
    ("no version", b"GET /openapi\r\n\r\n", {200, 400, 404, CLOSED}),
    (
        "a version to come",
        b"GET / HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404, 505, CLOSED},
    ),
    ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 405, 505, CLOSED}),
    (
        "a method of its own",
        b"FROB /v1/pings HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 405, 501},
    ),
    (
        "a method in small letters",
        b"post /v1/pings HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 401, 405},
    ),
    ("TRACE", b"TRACE /v1/pings HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {400, 405}),
    (
        "a proxy's CONNECT",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404, 405, CLOSED},
    ),
    (
        "OPTIONS of everything",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {200, 400, 404},
    ),
    (
        "a long path",
        f"GET /{LONG} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
        {400, 404, 414, CLOSED},
    ),
    (
        "a long query",
        f"GET /u/k?id={LONG * 5} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
        {400, 404, 414, 431, CLOSED},
    ),
    (
        "a path of a megabyte",
        b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 414, 431, CLOSED},
    ),
    (
        "a NUL in the path",
        b"GET /s/\0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404, 410, CLOSED},
    ),
    ("a NUL, encoded", b"GET /s/%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {400, 410}),
    (
        "no percent encoding",
        b"GET /s/%zz%f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 410},
    ),
    (
        "no UTF-8, encoded",
        b"GET /s/%ff%fe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 410},
    ),
    (
        "no ASCII in the path",
        b"GET /s/\xff\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 410, CLOSED},
    ),
    (
        "dots",
        b"GET /s/static/../../config.py HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404},
    ),
    (
        "dots, encoded",
        b"GET /s/static/%2e%2e%2f%2e%2e/config.py HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404},
    ),
    (
        "a backslash",
        b"GET /s/static/..\\..\\config.py HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404},
    ),
    (
        "dots into the documentation",
        b"GET /openapi/static/../__init__.py HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {400, 404},
    ),
]


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [case[1:] for case in ODD_LINES],
    ids=[case[0] for case in ODD_LINES],
)
def test_what_is_no_request_of_ours_is_turned_away(
    running: Running, request_: bytes, statuses: set[int]
) -> None:
    """Odd methods, versions, paths and noise get a status or a closed connection, never a 5xx."""
    assert running.status(request_) in statuses
    assert running.is_well()


# -- what stands in headers ----------------------------------------------------------------

HEADERS = [
    ("ten thousand", [f"X-{n}: {n}" for n in range(10_000)], {400, 431, CLOSED}),
    ("one of a megabyte", ["X-A: " + "x" * 1_000_000], {400, 431, CLOSED}),
    ("a name of a megabyte", ["X" * 1_000_000 + ": a"], {400, 431, CLOSED}),
    ("a cookie that is none", ["Cookie: \xff=../../%00; ;;==;" + "a=b;" * 500], {200, 400}),
    ("no colon", ["Nonsense"], {400, CLOSED}),
    ("a space before the colon", ["X-A : b"], {400, CLOSED}),
    ("a NUL", ["X-A: \0"], {200, 400, CLOSED}),
    ("a line alone", ["X-A: b\nX-C: d"], {200, 400, CLOSED}),
    ("a return alone", ["X-A: b\rX-C: d"], {200, 400, CLOSED}),
    ("goes on in the next line", ["X-A: b", " c"], {200, 400, CLOSED}),
    ("two hosts", ["Host: b.example"], {200, 400}),
    ("a host that is none", ["Host: a\\b/../c:99999999"], {200, 400}),
    ("two keys", ["Authorization: Bearer other"], {200, 400, 401}),
    ("a switch to websockets", ["Connection: Upgrade", "Upgrade: websocket"], {200, 400, 404}),
    (
        "a switch to HTTP/2",
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
        {200, 400},
    ),
]


@pytest.mark.parametrize(
    ("headers", "statuses"), [case[1:] for case in HEADERS], ids=[case[0] for case in HEADERS]
)
def test_headers_do_no_harm(running: Running, headers: list[str], statuses: set[int]) -> None:
    """A ping with strange headers is taken or refused; floods are refused."""
    assert running.status(running.ping(*headers, "Connection: close")) in statuses
    assert running.is_well()


# -- how long a body is --------------------------------------------------------------------

CHUNKED = "Transfer-Encoding: chunked"
LENGTH = f"Content-Length: {len(PING)}"
AS_CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PING), PING)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# Where a body ends too soon and what came is a whole message, taking it is no harm: a part of a
# message is no JSON, and a part of a compressed one no gzip.
BODIES = [
    ("in one chunk", [CHUNKED], AS_CHUNK, {200}),
    (
        "with a word about the chunk",
        [CHUNKED],
        b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(PING), PING),
        {200},
    ),
    ("no length at all", [], PING, {400, 411}),
    ("less than it says", ["Content-Length: 5000"], PING, {200, 400, 408, CLOSED}),
    ("more than it says", ["Content-Length: 10"], PING, {400}),
    ("more than may be", ["Content-Length: 99999999"], PING, {400, 413, CLOSED}),
    ("an absurd length", [f"Content-Length: {10**30}"], PING, {400, 413, CLOSED}),
    ("a negative length", ["Content-Length: -1"], PING, {400, CLOSED}),
    ("a signed length", [f"Content-Length: +{len(PING)}"], PING, {400, CLOSED}),
    ("no number", ["Content-Length: many"], PING, {400, CLOSED}),
    ("another script's digits", ["Content-Length: \xb2"], PING, {400, CLOSED}),
    ("two lengths", [LENGTH, "Content-Length: 3"], PING, {400, CLOSED}),
    ("two in one", [f"{LENGTH}, 3"], PING, {400, CLOSED}),
    ("no number of bytes", [CHUNKED], b"zz\r\n{}\r\n0\r\n\r\n", {400, CLOSED}),
    ("a negative chunk", [CHUNKED], b"-5\r\n{}\r\n0\r\n\r\n", {400, CLOSED}),
    ("an absurd chunk", [CHUNKED], b"f" * 40 + b"\r\n{}", {400, 413, CLOSED}),
    ("a chunk cut off", [CHUNKED], b"ff\r\n{}", {400, 408, 422, CLOSED}),
    ("chunks without end", [CHUNKED], b"1000\r\n" + b" " * 4096 + b"\r\n", {400, 408, CLOSED}),
    ("too many chunks", [CHUNKED], (b"1000\r\n" + b" " * 4096 + b"\r\n") * 300, {400, 413, CLOSED}),
    ("another encoding", ["Transfer-Encoding: xchunked"], AS_CHUNK, {400, 501, CLOSED}),
    ("chunked is not the last", [f"{CHUNKED}, identity"], AS_CHUNK, {400, 501, CLOSED}),
    ("a promise to wait", [LENGTH, "Expect: 100-continue"], PING, {200}),
    ("a promise of something else", [LENGTH, "Expect: a miracle"], PING, {200, 417}),
]


@pytest.mark.parametrize(
    ("headers", "body", "statuses"),
    [case[1:] for case in BODIES],
    ids=[case[0] for case in BODIES],
)
def test_a_body_is_as_long_as_it_says(
    running: Running, headers: list[str], body: bytes, statuses: set[int]
) -> None:
    """Lengths that are no lengths, lie, or contradict each other end in a refusal."""
    assert running.status(running.head(*headers, "Connection: close") + body) in statuses
    assert running.is_well()


@pytest.mark.parametrize(
    "headers",
    [
        [f"Content-Length: {len(AS_CHUNK)}", CHUNKED],
        [CHUNKED, f"Content-Length: {len(AS_CHUNK) + len(SMUGGLED)}"],
        ["Content-Length: 4", CHUNKED],
    ],
)
def test_nothing_is_smuggled(running: Running, headers: list[str]) -> None:
    """Where length and chunks contradict each other, chunks count, or nothing does: never both."""
    answers = running.answers(running.head(*headers, "Connection: close") + AS_CHUNK + SMUGGLED)
    assert [status for status, _ in answers] in ([200], [400], [])
    assert running.is_well()


# -- several on one connection -------------------------------------------------------------


def test_requests_in_a_row_are_answered_in_a_row(running: Running) -> None:
    """What is sent without waiting for the answer is answered, each by itself."""
    wrong = running.head("Content-Length: 2") + b"[]"
    answers = running.answers(running.ping() + wrong + running.ping("Connection: close"))
    assert [status for status, _ in answers] == [200, 422, 200]


def test_the_oldest_http_is_spoken(running: Running) -> None:
    """HTTP/1.0, with neither host nor connection kept, is enough to be heard."""
    line = "POST /v1/pings HTTP/1.0"
    request = running.head(f"Content-Length: {len(PING)}", line=line).replace(
        b"Host: a.example\r\n", b""
    )
    assert [status for status, _ in running.answers(request + PING)] == [200]


def test_another_host_in_the_line_is_still_this_server(running: Running) -> None:
    """A whole address in the request's line, as proxies send it, leads nowhere else."""
    line = "POST http://elsewhere.example/v1/pings HTTP/1.1"
    request = running.head(f"Content-Length: {len(PING)}", "Connection: close", line=line) + PING
    assert running.status(request) in {200, 400, 404}
    assert running.is_well()


# -- slowly --------------------------------------------------------------------------------


@pytest.mark.parametrize("so_far", ["nothing", "half a line", "half the headers", "half the body"])
def test_slow_clients_hold_nobody_up(running: Running, so_far: str) -> None:
    """While many connections send nothing, or a byte now and then, an ordinary ping is answered."""
    begun = {
        "nothing": b"",
        "half a line": b"POST /v1/pi",
        "half the headers": running.head()[:-2] + b"X-Slow: ",
        "half the body": running.head(f"Content-Length: {len(PING)}") + PING[:10],
    }[so_far]
    with ExitStack() as opened:
        slow = [opened.enter_context(closing(running.connect())) for _ in range(SLOW_CLIENTS)]
        for connection in slow:
            connection.sendall(begun)
        assert running.is_well()
        for connection in slow:
            with suppress(OSError):
                connection.sendall(b"x")
        assert running.is_well()


# -- behind a proxy ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serving(
        tmp_path_factory.mktemp("proxied"),
        EXITPOLL_TRUSTED_PROXIES="1",
        EXITPOLL_RATE_LIMIT_ADDRESS="1/hour",
        EXITPOLL_WORKERS="1",  # each counts for itself
    )


def test_the_address_that_the_proxy_names_is_counted(proxied: Running) -> None:
    """The real server limits by the proxy's word; a header that merely looks like it is nothing."""
    real, made_up = "X-Forwarded-For: 192.0.2.1", "X_Forwarded_For: 192.0.2.99"
    statuses = [
        proxied.status(proxied.ping(*headers, "Connection: close"))
        for headers in ([real], ["X-Forwarded-For: 192.0.2.2"], [real, made_up], [made_up, real])
    ]
    assert statuses == [200, 200, 429, 429]


def test_the_log_shows_nothing_of_it(running: Running) -> None:
    """After all this the server has not failed once; no path or address of anybody is logged."""
    running.is_well()
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "/s/" not in log
    assert "127.0.0.1 " not in log
