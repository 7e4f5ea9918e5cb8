"""/livez, /readyz and /metrics: what whoever runs the server is told, and what nobody is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database, Kind
from tests.server.messages import ping
from werkzeug.test import TestResponse

from exitpoll_agent import wire
from exitpoll_server import config, create_app
from exitpoll_server.operations import readiness
from exitpoll_server.store import Product, Store

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

READ_ONLY = {
    "sqlite": "CREATE TRIGGER full BEFORE UPDATE ON alembic_version "
    "BEGIN SELECT RAISE(ABORT, 'full'); END",
    "postgresql": "ALTER TABLE alembic_version ADD CHECK (version_num IS NULL) NOT VALID",
}
"""How a database is made to take nothing new."""

Numbers = Callable[..., float]


@pytest.fixture
def client(store: Store) -> FlaskClient:
    settings = replace(config.load({}), metrics_token=TOKEN)
    return create_app(store, settings).test_client()


@pytest.fixture
def numbers(client: FlaskClient) -> Numbers:
    """Return how to read one number of /metrics; what was never counted is 0."""
    return lambda name, **labels: number(client.get("/metrics", headers=BEARER).data, name, labels)


def number(text: bytes, name: str, labels: dict[str, str]) -> float:
    found = [
        sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if (sample.name, sample.labels) == (name, labels)
    ]
    assert len(found) <= 1
    return found[0] if found else 0.0


# -- livez and readyz ------------------------------------------------------------------------


def test_livez_needs_no_database(client: FlaskClient, database: Database) -> None:
    """The process is alive whatever became of its database."""
    with database.held():
        answer = client.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"alive": True})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready(client: FlaskClient) -> None:
    """A server whose database takes what is written is ready."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True})


def test_a_database_that_somebody_holds(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer does not wait for the database, and asking again does not ask it again."""
    monkeypatch.setattr(readiness, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)
    with database.held():
        began = time.monotonic()
        for _ in range(3):
            assert_not_ready(client.get("/readyz"), "database_busy")
        assert time.monotonic() - began < 2
        assert [one.name for one in threading.enumerate()].count(readiness.THREAD) == 1
    assert_ready_soon(client)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "database_version"),
        ("DROP TABLE alembic_version", "database_failed"),
        (None, "database_failed"),
    ],
)
def test_a_database_that_is_no_use(
    new_database: NewDatabase, tmp_path: Path, kind: Kind, sql: str | None, reason: str
) -> None:
    """Of another version, without its tables or not to be written: the reason is a word."""
    database = new_database(kind, tmp_path)
    store = Store(database.url)
    database.change(sql or READ_ONLY[kind])
    assert_not_ready(create_app(store).test_client().get("/readyz"), reason)
    store.close()


def assert_not_ready(answer: TestResponse, reason: str) -> None:
    assert (answer.status_code, answer.json) == (503, {"ready": False, "reason": reason})


def assert_ready_soon(client: FlaskClient) -> None:
    deadline = time.monotonic() + 5
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# -- metrics -------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer nonsense"}])
def test_metrics_are_for_the_token(client: FlaskClient, sent: dict[str, str]) -> None:
    """Whoever has no token, or another, learns nothing."""
    answer = client.get("/metrics", headers=sent)
    assert answer.status_code == 401
    assert b"process_" not in answer.data


def test_without_a_token_there_are_no_metrics(store: Store) -> None:
    """Behind a proxy everybody is on this machine: without a token nobody is let in."""
    client = create_app(store, config.load({})).test_client()
    assert client.get("/metrics", headers=BEARER).status_code == 404


def test_messages_are_counted(client: FlaskClient, product: Product, numbers: Numbers) -> None:
    """Accepted, merged, their group and its commit: each ping adds one."""
    names = (
        "exitpoll_messages_accepted_total",
        "exitpoll_messages_merged_total",
        "exitpoll_group_messages_count",
        "exitpoll_commit_seconds_count",
    )
    before = [numbers(name) for name in names]
    for seq in (1, 2):
        assert send(client, product.key, wire.to_json(ping(seq))).status_code == 200
    assert [numbers(name) for name in names] == [value + 2 for value in before]


def test_refusals_are_counted_by_code(
    client: FlaskClient, product: Product, numbers: Numbers
) -> None:
    """Each code of a refusal has a number, and a refused message is not accepted."""
    codes = ("bad_json", "invalid", "unknown_product_key")
    before = [numbers("exitpoll_messages_rejected_total", code=code) for code in codes]
    accepted = numbers("exitpoll_messages_accepted_total")
    sent = [(product.key, b"{"), (product.key, b"{}"), ("k0", b"{}")]
    answers = [send(client, key, body) for key, body in sent]
    assert [answer.status_code for answer in answers] == [400, 422, 401]
    after = [numbers("exitpoll_messages_rejected_total", code=code) for code in codes]
    assert after == [value + 1 for value in before]
    assert numbers("exitpoll_messages_accepted_total") == accepted


def test_requests_are_counted_by_pattern(client: FlaskClient, numbers: Numbers) -> None:
    """A path is never a label: the pattern is, and whatever matches none is one and the same."""
    pages = {"route": "/u/<product_key>/<path:event>", "status": "404"}
    strangers = {"route": "none", "status": "404"}
    before = numbers("exitpoll_requests_total", **pages)
    nowhere = numbers("exitpoll_requests_total", **strangers)
    client.get("/u/hush/hush")
    client.get("/hush")
    client.get("/hush/again")
    assert numbers("exitpoll_requests_total", **pages) == before + 1
    assert numbers("exitpoll_requests_total", **strangers) == nowhere + 2
    assert b"hush" not in client.get("/metrics", headers=BEARER).data


def test_the_process_itself(numbers: Numbers) -> None:
    """Memory, files and processor time of the server are there, and its start."""
    assert numbers("process_resident_memory_bytes") > 1_000_000
    assert numbers("process_open_fds") > 3
    assert numbers("process_cpu_seconds_total") > 0
    assert time.time() - 86_400 < numbers("process_start_time_seconds") <= time.time()


def send(client: FlaskClient, key: str, body: bytes | str) -> TestResponse:
    return client.post(
        wire.PINGS_PATH,
        data=body,
        headers={"Authorization": f"Bearer {key}"},
        content_type="application/json",
    )


def test_every_number_is_documented(client: FlaskClient) -> None:
    """docs/operating.md names each number of ours, and none that is not there."""
    text = client.get("/metrics", headers=BEARER).data.decode()
    there = set(re.findall(r"^# TYPE (exitpoll_\w+) ", text, re.MULTILINE))
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    table = page.partition("The numbers add up")[2].partition("**Logs**")[0]
    assert set(re.findall(r"`(exitpoll_\w+)", table)) == there


WORKERS = """
import os, signal, subprocess, sys, time
from exitpoll_server import metrics

WORK = '''
import sys
from exitpoll_server import metrics
metrics.accepted(3)
metrics.queued(5)
print("counted", flush=True)
sys.stdin.read()
'''

def started():
    worker = subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    worker.stdout.readline()
    return worker

def forked():
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        metrics.accepted(10)
        metrics.queued(1)
        os.write(done, b"counted")
        signal.pause()
    os.read(ready, 7)
    return pid

with metrics.shared():
    one, other, third = started(), started(), forked()
    sys.stdout.buffer.write(metrics.text() + b"----\\n")
    one.kill()
    one.wait()
    sys.stdout.buffer.write(metrics.text())
    os.kill(third, signal.SIGKILL)
    other.communicate()
    folder = os.environ[metrics.FOLDER]
assert not os.path.exists(folder)
"""


def test_processes_add_up(tmp_path: Path) -> None:
    """Started or forked, workers count together; a killed one keeps its counts, not its queue."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WORKERS], env=environment, stdout=subprocess.PIPE, check=True
    )
    both, after = done.stdout.split(b"----\n")
    assert number(both, "exitpoll_messages_accepted_total", {}) == 16
    assert number(both, "exitpoll_messages_queued", {}) == 11
    assert number(after, "exitpoll_messages_accepted_total", {}) == 16
    assert number(after, "exitpoll_messages_queued", {}) == 6
    memory = [number(text, "process_resident_memory_bytes", {}) for text in (both, after)]
    assert memory[0] > memory[1] > 0
