"""A receiver with a certificate that is trusted here, and a name that leads to it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.server.messages import NOW
from tests.server.notify.receivers import NAME, Box, Receiver, authority, mail_server, receiving

from exitpoll_server import clock, config
from exitpoll_server.config import Config
from exitpoll_server.notify import addresses

Names: TypeAlias = dict[str, list[str]]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    authority(folder)
    return folder


@pytest.fixture
def trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process trust the test's own authority, and no other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    return certificates


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Return what names stand for; to be added to. No other name stands for anything."""
    known: Names = {NAME: ["127.0.0.1"]}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host not in known:
            # Numbers, and this machine: what needs nobody else to be asked.
            if host != "localhost":
                options["flags"] = socket.AI_NUMERICHOST
            return real(host, port, *args, **options)
        found = [real(one, port, type=socket.SOCK_STREAM) for one in known[host]]
        return [entry for entries in found for entry in entries]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def loopback_is_public(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine stand for the internet: it is the only one that a test has."""
    assert names
    real = addresses.is_public
    monkeypatch.setattr(addresses, "is_public", lambda one: one == "127.0.0.1" or real(one))


@pytest.fixture
def receiver(trusted: Path, loopback_is_public: None) -> Iterator[Receiver]:
    assert loopback_is_public is None
    with receiving(trusted) as running:
        yield running


@pytest.fixture
def box() -> Iterator[Box]:
    with mail_server() as running:
        yield running


@pytest.fixture
def settings(box: Box) -> Config:
    """Return settings with a mail server."""
    server = {"EXITPOLL_SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
    sender = {"EXITPOLL_MAIL_FROM": "Exitpoll <exitpoll@feedback.example.com>"}
    return replace(config.load({**server, **sender}), public_url="https://feedback.example.com")


class Hands:
    """The clock's, moved by the test."""

    def __init__(self) -> None:
        self.now = NOW

    def move(self, **durations: float) -> None:
        self.now += timedelta(**durations)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Return the clock's hands; it stands still until they are moved."""
    hands = Hands()
    told: Callable[[], datetime] = lambda: hands.now  # noqa: E731 - one line is all there is to it
    monkeypatch.setattr(clock, "now", told)
    return hands
