"""One POST, and what its answer means."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tests.agent.faults import certificate
from tests.agent.loopback import CONFIRMED, Answer, Loopback, Received, running

from exitpoll_agent import exchange, upload, wire
from exitpoll_agent.upload import Confirmed, Later, Outcome, Patience, Refused

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=wire.UTC)
PATIENCE = Patience(connect=2, read=2, whole=5)
PORTAL = b"<html><title>Welcome to the hotel</title></html>"


def post(address: str, patience: Patience = PATIENCE) -> Outcome:
    ping = wire.Ping(installation_id=uuid4(), seq=1, sent_at=NOW, consent="full")
    return upload.post(wire.parse_address(address), wire.PINGS_PATH, ping, patience, NOW)


def test_our_own_answer_confirms(server: Loopback) -> None:
    """200 with our JSON confirms, and brings the policy."""
    server.answers_with_policy(interval_hours=6)
    outcome = post(server.address)
    assert isinstance(outcome, Confirmed)
    assert outcome.confirmation.policy.interval_hours == 6


def test_the_message_names_the_product(server: Loopback) -> None:
    """The product key travels as a bearer token, the message as JSON under our path."""
    post(server.address)
    (received,) = server.received
    assert received.path == "/v1/pings"
    assert received.headers["Authorization"] == "Bearer KEY"
    assert received.headers["Content-Type"] == "application/json"
    assert received.message["seq"] == 1


@pytest.mark.parametrize("status", [400, 401, 413, 415, 422])
def test_a_refusal_is_for_good(server: Loopback, status: int) -> None:
    """These statuses say that the message will never be accepted as it is."""
    server.answer = Answer(status, b'{"exitpoll": 1, "code": "no", "message": "no"}')
    assert isinstance(post(server.address), Refused)


@pytest.mark.parametrize(
    "status",
    [201, 202, 204, 301, 302, 303, 307, 308, 403, 404, 407, 408, 409, 429, 500, 502, 503, 504],
)
def test_anything_else_is_for_later(server: Loopback, status: int) -> None:
    """No other status confirms or refuses, even with a body like ours."""
    server.answer = Answer(status, b"" if status == 204 else CONFIRMED)
    assert isinstance(post(server.address), Later)


@pytest.mark.parametrize(
    "body",
    [
        PORTAL,
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"exitpoll": 2}',
        b'{"exitpoll": true}',
        b'{"exitpoll": 1',
        b"\xff\xfe",
        b"[" * 60_000,
        CONFIRMED + b" " * exchange.MAX_ANSWER_BYTES,
    ],
)
def test_a_strangers_200_confirms_nothing(server: Loopback, body: bytes) -> None:
    """A captive portal's page, or an endless body, is not taken for our answer."""
    server.answer = Answer(200, body)
    assert isinstance(post(server.address), Later)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: Loopback, status: int) -> None:
    """Whoever stands in between cannot send the message elsewhere."""
    server.answer = Answer(status, CONFIRMED, {"Location": f"{server.address}/elsewhere"})
    assert isinstance(post(server.address), Later)
    assert [received.path for received in server.received] == ["/v1/pings"]


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ("120", timedelta(minutes=2)),
        ("Fri, 20 Nov 2026 10:30:00 GMT", timedelta(hours=1)),
        ("Fri, 20 Nov 2026 10:30:00", timedelta(hours=1)),
        ("soon", None),
        ("²", None),
        ("9" * 400, None),
        ("Fri, 20 Nov 20261 10:30:00 GMT", None),
    ],
)
def test_retry_after_is_read(server: Loopback, header: str, waits: timedelta | None) -> None:
    """Retry-After is seconds or a date; nonsense is as if it were not there."""
    encoded = header.encode().decode("latin-1")
    server.answer = Answer(503, b"", {"Retry-After": encoded})
    outcome = post(server.address)
    assert isinstance(outcome, Later)
    assert outcome.retry_after == waits


def test_no_such_host_is_for_later() -> None:
    """A name that cannot even be written down is no reason to raise anything."""
    assert isinstance(post(f"https://KEY@{'x' * 70}.invalid"), Later)


def _long(rows: int) -> wire.Ping:
    day = wire.DayCount(day=NOW.date(), version="1.0", launches=1)
    ping = wire.Ping(installation_id=uuid4(), seq=1, sent_at=NOW, consent="full")
    return replace(ping, days=(day,) * rows)


@pytest.mark.parametrize(("rows", "encoding"), [(100, None), (400, "gzip")])
def test_a_long_message_is_compressed(server: Loopback, rows: int, encoding: str | None) -> None:
    """What is long travels as gzip; what is short goes as it is."""
    address = wire.parse_address(server.address)
    message = _long(rows)
    assert len(wire.to_json(message)) > exchange.GZIP_ABOVE_BYTES or encoding is None
    assert isinstance(upload.post(address, "/", message, PATIENCE, NOW), Confirmed)
    (received,) = server.received
    assert received.headers.get("Content-Encoding") == encoding
    assert received.message == json.loads(wire.to_json(message))
    assert (len(received.body) < 2_000) == (encoding == "gzip")


def test_who_takes_no_gzip_gets_it_plain(server: Loopback) -> None:
    """415 for a compressed message is no refusal of the message: it is sent once more, plain."""
    server.answer = Answer(415)

    def relent(received: Received) -> None:
        if "Content-Encoding" not in received.headers:
            server.answer = Answer()

    server.before_answering = relent
    address = wire.parse_address(server.address)
    assert isinstance(upload.post(address, "/", _long(400), PATIENCE, NOW), Confirmed)
    encodings = [received.headers.get("Content-Encoding") for received in server.received]
    assert encodings == ["gzip", None]


def test_who_takes_nothing_at_all_is_asked_twice(server: Loopback) -> None:
    """415 for the plain message too is a refusal."""
    server.answer = Answer(415)
    address = wire.parse_address(server.address)
    assert isinstance(upload.post(address, "/", _long(400), PATIENCE, NOW), Refused)
    assert len(server.received) == 2


def test_a_netrc_does_not_replace_the_product_key(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's own passwords for a host never reach us, nor displace the product's key."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login person password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    post(server.address)
    assert server.received[0].headers["Authorization"] == "Bearer KEY"


@pytest.mark.parametrize("has_truststore", [True, False])
def test_the_machine_decides_whom_to_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_truststore: bool
) -> None:
    """A certificate counts if the system's store has it, and not otherwise, on Debian too."""
    if not has_truststore:
        monkeypatch.setitem(sys.modules, "truststore", None)
    monkeypatch.delitem(sys.modules, "exitpoll_agent.trust")
    monkeypatch.setattr(exchange, "trust", importlib.import_module("exitpoll_agent.trust"))
    server = Loopback()
    server.speaks_tls(str(certificate(tmp_path)))
    with running(server):
        assert post(server.address) == Later("no connection (SSLError)")
        assert server.received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
        assert isinstance(post(server.address), Confirmed)
