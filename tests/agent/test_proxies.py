"""Machines that reach the network by a proxy: the environment says which."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from tests.agent import faults
from tests.agent.loopback import Loopback, running

from exitpoll_agent import upload, wire
from exitpoll_agent.upload import Confirmed, Later, Outcome, Patience

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
PATIENCE = Patience(connect=5, read=5, whole=20)
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def post(address: str) -> Outcome:
    ping = wire.Ping(installation_id=uuid4(), seq=1, sent_at=NOW, consent="full")
    return upload.post(wire.parse_address(address), wire.PINGS_PATH, ping, PATIENCE, NOW)


class Proxy(ThreadingHTTPServer):
    """Passes everything on to one server, whatever name was asked for; notes who asked what."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = port
        self.password: str | None = None
        self.asked: list[str] = []

    def handle_error(self, *_args: object) -> None:
        """Clients that give up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_POST(self) -> None:
        if not self._may():
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"POST {wire.PINGS_PATH} HTTP/1.0\r\n{self.headers}".encode()
        with socket.create_connection(("127.0.0.1", self.server.port)) as to:
            to.sendall(head + body)
            _pass_on(to, self.connection)

    def do_CONNECT(self) -> None:
        if not self._may():
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as to:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(to, self.connection))
            back.start()
            _pass_on(self.connection, to)
            back.join()

    def _may(self) -> bool:
        self.server.asked.append(f"{self.command} {self.path}")
        self.close_connection = True
        password = self.server.password
        expected = password and f"Basic {base64.b64encode(password.encode()).decode()}"
        if expected and self.headers["Proxy-Authorization"] != expected:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.end_headers()
            return False
        return True

    def log_message(self, *_args: object) -> None:
        """Keep the tests' output clean."""


def _pass_on(origin: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := origin.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxying(port: int) -> Iterator[Proxy]:
    with Proxy(port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_proxy_of_the_testers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(server: Loopback) -> Iterator[Proxy]:
    """Return a proxy in front of the plain server."""
    with proxying(server.server_port) as proxy:
        yield proxy


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Return a server whose certificate for localhost is trusted."""
    server = Loopback()
    server.speaks_tls(str(faults.certificate(tmp_path)))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    with running(server):
        yield server


def _address(proxy: Proxy, password: str = "") -> str:
    return f"http://{password}127.0.0.1:{proxy.server_port}"


def test_plain_http_goes_by_the_proxy(
    proxy: Proxy, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY is asked for the whole address, and passes the message on."""
    monkeypatch.setenv("HTTP_PROXY", _address(proxy))
    assert isinstance(post("http://KEY@127.0.0.1:1"), Confirmed)
    assert proxy.asked == ["POST http://127.0.0.1:1/v1/pings"]
    assert server.received[0].headers["Authorization"] == "Bearer KEY"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_https_goes_through_a_tunnel(
    tls: Loopback, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """HTTPS_PROXY connects, and sees nothing of what is said; the certificate is the server's."""
    with proxying(tls.server_port) as proxy:
        monkeypatch.setenv(variable, _address(proxy))
        assert isinstance(post("https://KEY@localhost:1"), Confirmed)
        assert proxy.asked == ["CONNECT localhost:1"]
    assert tls.received[0].headers["Authorization"] == "Bearer KEY"
    assert "Proxy-Authorization" not in tls.received[0].headers


def test_a_tunnel_does_not_widen_trust(tls: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers in the place of the server is found out."""
    with proxying(tls.server_port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", _address(proxy))
        assert post("https://KEY@feedback.invalid") == Later("no connection (SSLError)")
    assert tls.received == []


def test_no_proxy_goes_straight(
    proxy: Proxy, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What NO_PROXY names is asked without a proxy."""
    monkeypatch.setenv("HTTP_PROXY", _address(proxy))
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert isinstance(post(server.address), Confirmed)
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_for_later(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """407 refuses nothing for good: tomorrow the machine may be at home."""
    with proxying(server.server_port) as proxy:
        proxy.password = "person:secret"
        monkeypatch.setenv(f"{scheme}_proxy", _address(proxy))
        assert isinstance(post(f"{scheme}://KEY@localhost:1"), Later)
        assert len(proxy.asked) == 1
    assert server.received == []


def test_a_password_in_the_proxys_address_is_given(
    tls: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credentials of the environment are for the proxy, and do not reach the server."""
    with proxying(tls.server_port) as proxy:
        proxy.password = "person:s3 cret"
        monkeypatch.setenv("HTTPS_PROXY", _address(proxy, "person:s3%20cret@"))
        assert isinstance(post("https://KEY@localhost:1"), Confirmed)
    assert "Proxy-Authorization" not in tls.received[0].headers


def test_a_proxy_of_an_unknown_kind_is_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOCKS needs a library that is not there: nothing is sent past such a proxy."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    assert post("https://KEY@localhost:1") == Later("no connection (InvalidSchema)")
