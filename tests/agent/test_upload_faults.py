"""Whatever the network does: an upload ends in time, says "later", and leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.agent import faults
from tests.agent.loopback import Loopback

from exitpoll_agent import upload, wire
from exitpoll_agent.upload import Confirmed, Later, Outcome, Patience

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
BRIEF = Patience(connect=10, read=10, whole=0.6)
"""Only the whole is short: nothing but the deadline can end what does not end by itself."""
A_MOMENT = 0.6
"""Seconds that a busy machine may take beyond what is promised."""

# Python's ssl leaves a connection that ends before its greeting to be closed by whoever drops it,
# which is at once, but with a warning.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def post(address: str, patience: Patience = BRIEF) -> Outcome:
    ping = wire.Ping(installation_id=uuid4(), seq=1, sent_at=NOW, consent="full")
    return upload.post(wire.parse_address(address), wire.PINGS_PATH, ping, patience, NOW)


@contextlib.contextmanager
def ends_in_time() -> Iterator[None]:
    """Check that the block takes no longer than `BRIEF`, and that no thread survives it."""
    # Whoever comes first pays for the import of requests.
    post("http://KEY@127.0.0.1:1", Patience(connect=1, read=1, whole=60))
    started = time.monotonic()
    yield
    assert time.monotonic() - started < BRIEF.whole + A_MOMENT
    while _is_uploading():
        assert time.monotonic() - started < BRIEF.whole + 2 * A_MOMENT, "a thread goes on"
        time.sleep(0.01)
    gc.collect()


def _is_uploading() -> bool:
    return any(thread.name == upload.THREAD_NAME for thread in threading.enumerate())


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a certificate that this machine trusts for the time of a test."""
    certificate = faults.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    return certificate


@pytest.mark.parametrize("fault", faults.PLAIN)
def test_a_fault_is_for_later(
    fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A server that drips, lies or breaks off confirms nothing, in time, once, and silently."""
    caplog.set_level(logging.INFO)
    with faults.serving(faults.PLAIN[fault]) as server, ends_in_time():
        assert isinstance(post(server.address), Later)
        assert server.connections == 1
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", faults.GREETINGS)
def test_a_fault_of_the_greeting_is_for_later(fault: str) -> None:
    """A server that drips or never ends its side of the TLS handshake does not hold anybody."""
    with faults.serving(faults.GREETINGS[fault], "https") as server, ends_in_time():
        assert isinstance(post(server.address), Later)


@pytest.mark.parametrize("fault", ["drips its headers", "drips its body", "never answers"])
def test_a_fault_within_tls_is_for_later(fault: str, trusted: Path) -> None:
    """Encrypted drops are no different from plain ones."""
    does = faults.PLAIN.get(fault, faults.PLAIN["accepts and never answers"])
    with faults.serving(does, "https", trusted) as server, ends_in_time():
        assert post(server.address) == Later("no answer within 0.6 seconds")


@pytest.mark.parametrize("host", [faults.dead_host, faults.refusing_host])
def test_a_host_that_is_not_there_is_for_later(
    host: Callable[[], AbstractContextManager[str]],
) -> None:
    """Neither a refusal nor silence where a connection should be made holds anybody."""
    with host() as address:
        started = time.monotonic()
        assert isinstance(post(address, Patience(connect=0.4, read=9, whole=0.6)), Later)
        assert time.monotonic() - started < BRIEF.whole + A_MOMENT


def test_a_slow_name_server_does_not_hold_anybody(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the name is known at last, nobody waits any more, and nothing is sent.

    The resolver is slowed down in here: a name server of our own would need this machine's
    settings changed.
    """
    known = threading.Event()
    resolve = socket.getaddrinfo

    def slow(*arguments: Any) -> Any:
        known.wait(5)
        return resolve(*arguments)

    with ends_in_time():
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        assert post(server.address) == Later("no answer within 0.6 seconds")
        known.set()
    assert server.received == []


def test_a_proxy_that_drips_does_not_hold_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection to a proxy is cut like any other."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with faults.serving(faults.PLAIN["drips its headers"]) as proxy, ends_in_time():
        monkeypatch.setenv("https_proxy", proxy.address)
        assert post("https://KEY@feedback.invalid") == Later("no answer within 0.6 seconds")


def test_a_process_without_threads_to_spare_goes_on(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be started, the message waits for another launch.

    Stands for a machine at its limit of threads, which a test must not drive it to.
    """

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert post(server.address) == Later("nothing was sent (can't start new thread)")


def test_a_cut_leaves_the_next_message_alone(server: Loopback) -> None:
    """A message that was given up says nothing of the next one's connection."""
    with faults.serving(faults.PLAIN["drips its body"]) as dripping:
        assert isinstance(post(dripping.address), Later)
    assert isinstance(post(server.address), Confirmed)
