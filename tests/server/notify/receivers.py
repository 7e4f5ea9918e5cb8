"""Who is told: real servers on this machine, with certificates of an authority made here."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from tests.server.proxies import free_port

NAME = "hooks.example.com"
"""What the receiver's certificate is for."""


@dataclass(frozen=True)
class Told:
    """One message as it came."""

    path: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes


@dataclass
class Receiver:
    """A server that answers what it is told to, and keeps what came."""

    port: int = 0
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """What is answered next; 204 after the last."""
    told: list[Told] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/exitpoll?for=us"


def authority(folder: Path) -> Path:
    """Make an authority, and a certificate for the receiver's name; return whom to trust."""
    new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    first = f"{new} -x509 -days 2 -keyout ca.key -out ca.pem -subj /CN=test-authority"
    asked = f"{new} -keyout host.key -out host.csr -subj /CN={NAME}"
    signed = "openssl x509 -req -in host.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
    (folder / "names").write_text(f"subjectAltName=DNS:{NAME},DNS:localhost\n")
    for command in (
        f"{first} -addext keyUsage=critical,keyCertSign,cRLSign",
        asked,
        f"{signed} -extfile names -out host.pem",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, cwd=folder)
    return folder / "ca.pem"


def context(folder: Path) -> ssl.SSLContext:
    """Return what a server with that certificate speaks."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "host.pem", folder / "host.key")
    return made


@contextmanager
def receiving(folder: Path | None) -> Iterator[Receiver]:
    """Run a receiver until the block ends; without a folder of certificates, by http."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            said = {name.lower(): value for name, value in self.headers.items()}
            receiver.told.append(Told(self.path, said, self.rfile.read(length)))
            status, extra = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **extra}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if folder is not None:
        server.socket = context(folder).wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Box:
    """What a mail server took."""

    port: int = 0
    refuses: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a message."""
        if self.refuses:
            return "451 come again tomorrow"
        read = BytesParser(EmailMessage, policy=policy.default).parsebytes(envelope.content)
        with self.lock:
            self.mails.append(read)
        return "250 taken"


@contextmanager
def mail_server(folder: Path | None = None) -> Iterator[Box]:
    """Run a mail server until the block ends; with a folder of certificates, it has STARTTLS."""
    box = Box()

    def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult  # noqa: PLC0415 - only where somebody logs in

        box.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word")

    options: dict[str, Any] = {}
    if folder is not None:
        options = {
            "tls_context": context(folder),
            "require_starttls": True,
            "authenticator": login,
            "auth_required": True,
        }
    controller = Controller(
        box, hostname="127.0.0.1", port=free_port(), ready_timeout=20, **options
    )
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()
