"""How `exitpoll serve` shares its time and its queue, and how it ends."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from tests.server.databases import Database
from tests.server.messages import leaving
from tests.server.processes import (
    Line,
    Server,
    Together,
    launched,
    new_product,
    serving,
    stored_launches,
    stored_uninstalls,
    wait_until,
)
from tests.server.slow_app import SLOW

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.serving.adapter import MOST_IN_POOL
from exitpoll_server.store import Product
from exitpoll_server.store.groups import MOST_WAITING

# -- a slow page never delays a ping -------------------------------------------------------

SLOW_APP = (sys.executable, "-m", "tests.server.slow_app", "serve")
SLOW_SECONDS = 14
"""Longer than a product's key is remembered: it is looked up anew meanwhile."""
SOON_SECONDS = 2.0
"""A ping takes some milliseconds, and longer where the machine has other work."""
TOO_MANY = 50


@pytest.mark.slow
def test_a_slow_page_never_delays_a_ping(database: Database, tmp_path: Path) -> None:
    """With every thread in a slow page, and the queue for them full, messages are answered."""
    product = new_product(database)
    server = Server(database.url, tmp_path / "log", command=SLOW_APP, EXITPOLL_WORKERS="1")
    with ExitStack() as opened:
        opened.callback(server.end)
        line = opened.enter_context(Line(server.port, product))
        assert line.send(launched(uuid4(), 1)).status == 200
        request = f"GET {SLOW}/{SLOW_SECONDS} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
        slow = [begin(server, request, opened) for _ in range(MOST_IN_POOL + TOO_MANY)]
        until, took = time.monotonic() + SLOW_SECONDS - SOON_SECONDS, []
        while time.monotonic() < until:
            began = time.monotonic()
            assert line.send(launched(uuid4(), 1)).status == 200
            assert line.ask("GET", "/livez").status == 200
            took.append(time.monotonic() - began)
            time.sleep(0.05)
        assert len(took) >= 50
        assert max(took) < SOON_SECONDS
        assert refusals(slow) == TOO_MANY


def begin(server: Server, request: bytes, opened: ExitStack) -> socket.socket:
    """Send a request without waiting for its answer."""
    connection = opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
    connection.sendall(request)
    return connection


def refusals(waiting: list[socket.socket]) -> int:
    """Return how many were told to come later."""
    refused = 0
    for one in waiting:
        one.settimeout(0)
        with suppress(BlockingIOError):
            answer = one.recv(4096).lower()
            assert answer.startswith(b"http/1.1 503 ")
            assert b"\r\nretry-after: " in answer
            refused += 1
    return refused


# -- a full queue ---------------------------------------------------------------------------

DAYS = 300
"""Rows of a message, so that few messages fill the queue."""
FLOOD = 3 * 2 * MOST_WAITING // DAYS
"""Three times what two workers may hold."""
MOST_MIB = 250
"""What a worker may take with its queue full; idle it has some 70."""


@pytest.mark.slow
def test_a_full_queue_refuses_at_once(database: Database, tmp_path: Path) -> None:
    """Beyond its maximum nothing waits; what waited is stored, and only that; memory is bounded."""
    product = new_product(database)
    with serving(database, tmp_path) as server:
        for _ in range(20):  # on a new connection each: both workers know the product
            warm(server, product)
        people = [uuid4() for _ in range(FLOOD)]
        with ExitStack() as opened:
            held = opened.enter_context(ExitStack())
            held.enter_context(database.held())
            waiting = {who: begin(server, many_days(product, who), opened) for who in people}
            refused = answered_within(waiting, seconds=5)
            assert set(refused.values()) == {503}
            assert len(refused) >= FLOOD / 2
            assert server.resident_mib < MOST_MIB
            held.close()
            stored = answered_within(waiting, seconds=30)
        assert set(stored.values()) == {200}
        assert len(stored) + len(refused) == FLOOD
        assert len(stored) >= MOST_WAITING // DAYS
        assert set(stored_launches(database)) & set(people) == set(stored)
        assert server.stop() == 0


def warm(server: Server, product: Product) -> None:
    with Line(server.port, product) as line:
        assert line.send(launched(uuid4(), 1)).status == 200


def many_days(product: Product, who: UUID) -> bytes:
    """Return a request with a message of many days."""
    one = launched(who, 1)
    [today] = one.days
    days = tuple(replace(today, day=today.day - timedelta(days=n)) for n in range(DAYS))
    body = wire.to_json(replace(one, days=days))
    head = (
        f"POST {wire.PINGS_PATH} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n"
        f"Authorization: Bearer {product.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answered_within(waiting: dict[UUID, socket.socket], seconds: float) -> dict[UUID, int]:
    """Take those out that are answered; return their statuses."""
    until, answered = time.monotonic() + seconds, {}
    while waiting and time.monotonic() < until:
        for who, connection in list(waiting.items()):
            connection.settimeout(0)
            with suppress(BlockingIOError):
                answer = connection.recv(65536)
                answered[who] = int(answer[9:12])
                assert answered[who] == 200 or b"retry-after: " in answer.lower()
                del waiting[who]
        time.sleep(0.02)
    return answered


# -- one failing message --------------------------------------------------------------------

POISON = "6.6.6"
TOGETHER = 40


@pytest.fixture
def poisonous(database: Database) -> Iterator[Database]:
    """Give a database in which one version's name cannot be stored."""
    if database.kind == "sqlite":
        database.change(
            "CREATE TRIGGER poison BEFORE INSERT ON versions "
            f"WHEN NEW.name = '{POISON}' BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    else:
        database.change(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'poison'; END$$; CREATE TRIGGER poison BEFORE INSERT "
            f"ON versions FOR EACH ROW WHEN (NEW.name = '{POISON}') EXECUTE FUNCTION poison()"
        )
    yield database
    if database.kind == "postgresql":  # it is the next test's too
        database.change("DROP FUNCTION poison CASCADE")


def test_one_failing_message_never_fails_its_group(poisonous: Database, tmp_path: Path) -> None:
    """Of many that wait together all are stored but the one that cannot be: it alone fails."""
    product = new_product(poisonous)
    with serving(poisonous, tmp_path, EXITPOLL_WORKERS="1") as server:
        warm(server, product)
        bad, good = uuid4(), [uuid4() for _ in range(TOGETHER)]
        with poisonous.held():
            sent = [launched(who, 1) for who in good]
            sent.insert(TOGETHER // 2, launched(bad, 1, POISON))
            answers = Together(server, product, sent)
            time.sleep(1)
        assert answers.statuses() == {**dict.fromkeys(good, 200), bad: 500}
        stored = poisonous.look("SELECT uuid FROM installations")
        known = {UUID(row["uuid"]) for row in stored}
        assert set(good) <= known
        assert bad not in known
        assert server.stop() == 0


# -- the end --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_graceful_stop_answers_what_it_stores(
    database: Database, tmp_path: Path, how: signal.Signals
) -> None:
    """Under load, what was answered and what is stored are the same; it takes seconds; code 0."""
    product = new_product(database)
    with serving(database, tmp_path) as server:
        load = Load(server, product)
        wait_until(lambda: load.answered[200] >= 100, 60, "a hundred messages answered")
        began = time.monotonic()
        assert server.stop(how) == 0
        assert time.monotonic() - began < STOP_SECONDS
        load.end()
    assert set(load.answered) <= {0, 200, 503}
    assert set(stored_launches(database)) == load.confirmed


def test_what_waits_when_the_server_is_told_to_stop_is_answered(
    database: Database, tmp_path: Path
) -> None:
    """Whatever was accepted is finished: stored, and confirmed to whoever sent it."""
    product = new_product(database)
    with serving(database, tmp_path) as server:
        warm(server, product)
        people = [uuid4() for _ in range(TOGETHER)]
        with database.held():
            answers = Together(server, product, [launched(who, 1) for who in people])
            time.sleep(1)
            server.tell(signal.SIGTERM)
            time.sleep(1)
        assert answers.statuses() == dict.fromkeys(people, 200)
        assert server.wait() == 0
    assert set(people) < set(stored_launches(database))


STOP_SECONDS = 8.0


class Load:
    """Threads that send a ping of another installation each time, until nobody listens."""

    def __init__(self, server: Server, product: Product, threads: int = 8) -> None:
        self.confirmed: set[UUID] = set()
        self.answered: Counter[int] = Counter()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(server.port, product)) for _ in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, port: int, product: Product) -> None:
        with Line(port, product) as line:
            while not self._ended.is_set():
                who = uuid4()
                status = line.send(launched(who, 1)).status
                self.answered[status] += 1
                if status == 200:
                    self.confirmed.add(who)
                elif not status:
                    time.sleep(0.05)


# -- where granian is not -------------------------------------------------------------------


def test_waitress_serves_where_granian_is_not(database: Database, tmp_path: Path) -> None:
    """Without granian's wheel the same program takes messages, shows pages, and ends when told."""
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "granian.py").write_text("raise ImportError('there is no wheel')\n")
    product = new_product(database)
    with serving(database, tmp_path, PYTHONPATH=str(missing)) as server:
        assert server.workers == []  # waitress has but one process
        who, event = uuid4(), uuid4()
        how = {"uninstall_id": event, "at": clock.now()}
        with Line(server.port, product) as line:
            assert line.send(launched(who, 3)).status == 200
            assert line.send(leaving(installation_id=uuid4(), uninstall=how)).status == 200
            assert line.ask("GET", f"/u/{product.key}?id=a-copy&v=1.0").status == 303
        assert server.stop() == 0
    assert stored_launches(database) == {who: 3}
    assert event in stored_uninstalls(database)
