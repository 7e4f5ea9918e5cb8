"""nginx and Caddy as our files configure them, in front of a real server, on free ports."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

DEPLOY = Path(__file__).parents[2] / "server" / "deploy"
NAME = "feedback.example.com"

START_SECONDS = 20


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    """Run a program until the block ends, from when it has a certificate for the site."""
    with log.open("ab") as said:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=said, stderr=said
        )
    try:
        _wait_until_it_listens(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


@contextmanager
def connected(port: int) -> Iterator[ssl.SSLSocket]:
    """Connect to this machine over TLS and ask for the site's name, whatever its certificate."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - signed by itself
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        yield connection


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), connected(port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"it does not listen: {log.read_text('utf-8', 'replace')}")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a new certificate and its key, signed by itself."""
    names = folder / "fullchain.pem", folder / "privkey.pem"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-out", names[0], "-keyout", names[1]], check=True, capture_output=True)
    return names


def nginx_configuration(folder: Path, upstream: str, port: int) -> Path:
    """Return a whole configuration around our file, which changes places and ports only."""
    chain, key = certificate(folder)
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    for found, wanted in (
        (r"listen \[::\]:\d+.*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443", f"listen 127.0.0.1:{port}"),
        (r"/etc/letsencrypt/\S+/fullchain.pem", str(chain)),
        (r"/etc/letsencrypt/\S+/privkey.pem", str(key)),
        (r"server 127.0.0.1:8000", f"server {urlsplit(upstream).netloc}"),
        (r"/var/log/nginx", str(folder)),
    ):
        text, times = re.subn(found, wanted, text)
        assert times, found
    whole = folder / "nginx.conf"
    # A server that keeps logs by default, as Debian's does: ours must not be in them.
    whole.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log info;\n"
        f"events {{}}\nhttp {{ access_log {folder}/nginx-access.log;\n{text}}}\n"
    )
    return whole


def caddy_configuration(folder: Path, port: int) -> Path:
    """Return our file, with a certificate of Caddy's own making and on another port."""
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    options = f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {free_port()}\n"
    options += f"\thttps_port {port}\n"
    assert "\n{\n" in text
    assert "\treverse_proxy" in text
    text = text.replace("\n{\n", "\n" + options, 1)
    text = text.replace("\treverse_proxy", "\ttls internal\n\treverse_proxy", 1)
    whole = folder / "Caddyfile"
    whole.write_text(text, "utf-8")
    return whole
