"""Jobs: of all servers on a database one does each, and whoever dies is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.server.conftest import NewDatabase
from tests.server.databases import Database
from tests.server.messages import NOW
from tests.server.notify.receivers import Receiver, receiving
from tests.server.processes import PATIENCE_SECONDS, new_product, serving

from exitpoll_server import clock
from exitpoll_server.config import Config
from exitpoll_server.notify import Jobs, jobs, payloads
from exitpoll_server.store import Product, Store, Webhook

SERVERS = 4
MESSAGES = 30


@pytest.fixture
def servers(database: Database) -> Iterator[list[Store]]:
    """Return several stores on one database, as several processes have them."""
    stores = [Store(database.url) for _ in range(SERVERS)]
    yield stores
    for store in stores:
        store.close()


def fill(store: Store, product: Product, receiver: Receiver) -> Webhook:
    webhook = store.notices.add_webhook(product, url=receiver.url, events=["alarm"], now=NOW)
    for _ in range(MESSAGES):
        store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    return webhook


def ids(receiver: Receiver) -> Counter[str]:
    return Counter(one.headers["webhook-id"] for one in receiver.told)


def all_told(store: Store, product: Product) -> bool:
    return all(one.delivered_at for one in store.notices.log(product))


@pytest.mark.usefixtures("hands")
def test_servers_that_race_send_each_message_once(
    store: Store, servers: list[Store], product: Product, receiver: Receiver, settings: Config
) -> None:
    """Four at once on one database: nothing is lost, nothing comes twice."""
    fill(store, product, receiver)
    racing = [Jobs(one, settings) for one in servers]
    begun = threading.Barrier(SERVERS)

    def race(one: Jobs) -> None:
        begun.wait()
        give_up = time.monotonic() + 60
        while not all_told(store, product) and time.monotonic() < give_up:
            one.do(one.all[1])

    with ThreadPoolExecutor(SERVERS) as pool:
        list(pool.map(race, racing))
    assert len(ids(receiver)) == MESSAGES
    assert set(ids(receiver).values()) == {1}


@pytest.mark.usefixtures("hands")
def test_without_a_lease_each_attempt_is_still_made_once(
    store: Store,
    servers: list[Store],
    product: Product,
    receiver: Receiver,
    settings: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A holder that was asleep for longer than its lease sends nothing that another has sent."""
    monkeypatch.setattr(jobs.Lease, "holds", lambda _: True)
    fill(store, product, receiver)
    racing = [Jobs(one, settings) for one in servers]
    with ThreadPoolExecutor(SERVERS) as pool:
        list(pool.map(lambda one: one.do(one.all[1]), racing))
    assert len(ids(receiver)) == MESSAGES
    assert set(ids(receiver).values()) == {1}


def test_a_lease_is_one_holders(servers: list[Store]) -> None:
    """Of many who want it at once, one gets it, keeps it, and gives it back."""
    for n in range(5):
        with ThreadPoolExecutor(SERVERS) as pool:
            wanted = [
                pool.submit(store.notices.take, f"job {n}", f"holder {who}", 60.0)
                for who, store in enumerate(servers)
            ]
        got = [who for who, one in enumerate(wanted) if one.result()]
        assert len(got) == 1
        [who] = got
        assert servers[who].notices.take(f"job {n}", f"holder {who}", 60.0)
        servers[who].notices.give_back(f"holder {who}")
        assert servers[who - 1].notices.take(f"job {n}", f"holder {who - 1}", 60.0)


@pytest.mark.usefixtures("hands")
def test_a_holder_that_dies_is_replaced_after_its_lease(
    database: Database,
    store: Store,
    product: Product,
    receiver: Receiver,
    settings: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then nobody does its job; then another does, and a living holder holds on."""
    fill(store, product, receiver)
    spawn = multiprocessing.get_context("spawn")
    dying = spawn.Process(target=_take_and_die, args=(database.url, "webhooks", 2.0))
    dying.start()
    dying.join(60)
    assert dying.exitcode == -9
    taken = time.monotonic()
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 60.0)
    other = Jobs(store, settings)
    while not receiver.told and time.monotonic() < taken + 60:
        other.do(other.all[1])
        time.sleep(0.02)
    assert ids(receiver)
    assert time.monotonic() - taken > 0.5
    assert not store.notices.take("webhooks", "a third", 2.0)


def _take_and_die(url: str, job: str, seconds: float) -> None:
    assert Store(url).notices.take(job, "who dies", seconds)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("hands")
def test_it_runs_beside_what_is_served_and_ends_with_it(
    store: Store,
    product: Product,
    receiver: Receiver,
    settings: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Started once, it does what comes; stopped, it lets another go on at once."""
    monkeypatch.setattr(jobs, "TICK_SECONDS", 0.05)
    running = Jobs(store, settings)
    running.start()
    fill(store, product, receiver)
    give_up = time.monotonic() + 60
    while not all_told(store, product) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert len(ids(receiver)) == MESSAGES
    running.stop()
    assert store.notices.take("webhooks", "another", 60.0)


def test_a_job_that_fails_ends_no_other(
    store: Store, settings: Config, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged by its name and kind of failure, without what anybody wrote."""
    running = Jobs(store, settings)

    def fail() -> bool:
        raise ValueError("Anna wrote this.")

    running.do(jobs.Job("events", 1.0, fail, lambda _: None))
    assert "the job events failed: ValueError" in caplog.text
    assert "Anna" not in caplog.text


def test_where_nothing_is_to_be_done_nothing_is_written(
    store: Store, settings: Config, database: Database
) -> None:
    """A server without webhooks and readers leaves no lease, and wakes no disk."""
    running = Jobs(store, settings)
    running.work()
    assert database.look("SELECT * FROM leases") == []


@pytest.mark.parametrize("server", ["granian", "waitress"])
def test_a_server_that_serves_does_them(
    new_database: NewDatabase, tmp_path: Path, server: str
) -> None:
    """`exitpoll serve` tells webhooks, with workers or without, each message once."""
    database = new_database("sqlite", tmp_path)
    private = {"EXITPOLL_WEBHOOK_PRIVATE_ADDRESSES": "on"}
    if server == "waitress":
        missing = tmp_path / "missing"
        (missing / "granian").mkdir(parents=True)
        (missing / "granian" / "__init__.py").write_text("raise ImportError\n")
        private["PYTHONPATH"] = str(missing)
    product = new_product(database)
    store = Store(database.url)
    with receiving(None) as plain, serving(database, tmp_path, **private):
        url = f"http://127.0.0.1:{plain.port}/"
        webhook = store.notices.add_webhook(product, url=url, events=["alarm"], now=clock.now())
        for _ in range(5):
            store.notices.queue(webhook, payloads.test(product, clock.now()), clock.now())
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not all_told(store, product) and time.monotonic() < give_up:
            time.sleep(0.1)
    store.close()
    assert len(ids(plain)) == 5
    assert set(ids(plain).values()) == {1}
