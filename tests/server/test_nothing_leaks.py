"""Marked words, sent everywhere to a real server, turn up in no log, number or table."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from tests.e2e.world import Server
from tests.server.databases import Database
from tests.server.messages import leaving
from tests.server.test_ingest import PING

from exitpoll_agent import wire
from exitpoll_server.store import Product

MARK = "hushhushhush"
"""No word of ours; long enough not to come about by chance."""
TOKEN = "0123456789abcdef"

HEADERS = {
    "User-Agent": MARK,
    "Cookie": f"session={MARK}",
    "Referer": f"https://{MARK}.example/",
    "X-Forwarded-For": MARK,
    "X-Request-ID": MARK,
    f"X-{MARK}": MARK,
}

NOT_HTTP = f"GET /u/{MARK}/{MARK} HTTP/9\r\n{MARK}\r\n\r\n".encode()


@dataclass
class Running:
    """A server process, its log and its database."""

    url: str
    product: Product
    log: Path
    database: Database

    def send(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {**HEADERS, **how.pop("headers", {})}
        return requests.request(
            method, self.url + path, headers=headers, timeout=20, allow_redirects=False, **how
        )

    def post(self, message: object, path: str = wire.PINGS_PATH) -> int:
        authorization = {"Authorization": f"Bearer {self.product.key}"}
        return self.send("POST", path, json=message, headers=authorization).status_code

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


@pytest.fixture
def running(database: Database, product: Product, tmp_path: Path) -> Iterator[Running]:
    settings = {
        "EXITPOLL_DATABASE_URL": database.url,
        "EXITPOLL_METRICS_TOKEN": TOKEN,
        "EXITPOLL_ACCESS_LOG": "on",
    }
    server = Server({**os.environ, **settings}, tmp_path / "log")
    yield Running(server.url, product, tmp_path / "log", database)
    server.stop()


def test_nothing_that_was_sent_gets_out(running: Running) -> None:
    """Whatever goes right or wrong, logs, numbers and tables have nothing that was not asked."""
    everything_that_works(running)
    everything_that_is_refused(running)
    everything_that_fails(running)
    metrics = running.send("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert "exitpoll_requests_total" in metrics
    kept = running.database.contents()
    assert MARK not in running.log.read_text("utf-8")
    assert MARK not in metrics
    assert MARK.encode() not in kept
    assert running.product.key not in running.log.read_text("utf-8") + metrics
    assert_events(running.events())


def everything_that_works(running: Running) -> None:
    marked = {MARK: MARK, "attributes": {"plan": {MARK: MARK}}}
    assert running.post({**PING, **marked}) == 200
    page = running.send("GET", f"/u/{running.product.key}/{event()}?{MARK}={MARK}")
    assert page.status_code == 303
    survey = urlsplit(page.headers["Location"]).path
    assert running.send("GET", f"{survey}?{MARK}").status_code == 200
    answer = running.send("POST", survey, data={"reason": "other", MARK: MARK})
    assert answer.status_code == 303
    wire_id = running.send("GET", "/livez").headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", wire_id)


def everything_that_is_refused(running: Running) -> None:
    assert running.post({"installation_id": MARK, "days": MARK}) == 422
    for path in (f"/u/{MARK}/{MARK}", f"/u/{MARK}?id={MARK}", f"/s/{MARK}", f"/{MARK}"):
        assert running.send("GET", path).status_code in (404, 410)
    assert running.send(MARK.upper(), f"/s/{MARK}").status_code == 405
    key = {"Authorization": f"Bearer {MARK}"}
    assert running.send("POST", wire.PINGS_PATH, data=MARK, headers=key).status_code == 401
    assert running.send("GET", "/metrics", headers=key).status_code == 401
    with socket.create_connection(
        ("127.0.0.1", int(running.url.rpartition(":")[2])), timeout=10
    ) as connection:
        connection.sendall(NOT_HTTP)
        assert connection.recv(1000)


def everything_that_fails(running: Running) -> None:
    page = running.send("GET", f"/u/{running.product.key}/{event()}")
    with running.database.broken("answers", "showings", "feedback"):
        said = {"uninstall_id": "00000000-0000-0000-0000-000000000001", "at": PING["sent_at"]}
        left = {**PING, "uninstall": {**said, "answers": {"comment": MARK}}}
        assert running.post(left, wire.UNINSTALLS_PATH) == 500
        survey = urlsplit(page.headers["Location"]).path
        form = {"reason": "other", "comment": MARK}
        assert running.send("POST", survey, data=form).status_code == 500
        feedback = f"/u/{running.product.key}?survey=feedback&id={MARK}&v={MARK}"
        assert running.send("GET", feedback).status_code == 500


def event() -> str:
    return wire.encode_event(leaving())


def assert_events(events: list[dict[str, Any]]) -> None:
    """Every fault is told once, with the request's id, its pattern and where it happened."""
    faults = [one for one in events if one["level"] == "error"]
    assert {one["route"] for one in faults} == {
        wire.UNINSTALLS_PATH,
        "/s/<token>",
        "/u/<product_key>",
    }
    accesses = {one["request_id"]: one for one in events if one["event"] == "request"}
    for fault in faults:
        assert accesses[fault["request_id"]]["status"] == 500
        assert "merge" in fault["traceback"] or "survey" in fault["traceback"]
        assert "INSERT INTO" in fault["traceback"]
