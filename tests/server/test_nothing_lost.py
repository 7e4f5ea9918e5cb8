"""What was answered 200 is stored, whatever happens to the server's processes meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from psycopg import sql
from tests.postgresql import UNPRIVILEGED, Cluster
from tests.server.conftest import BOTH
from tests.server.databases import Database, Postgresql, Sqlite
from tests.server.processes import Answer, Line, Server, crowd, new_product, serving, wait_until
from tests.server.program import erasure, needs_root
from tests.server.test_writers import INSTALLATIONS, STATE, life

from exitpoll_server.ingest import RETRY_AFTER_SECONDS
from exitpoll_server.store import Arrival, Product

pytestmark = pytest.mark.slow

KILLS = 24
LEAST_CONFIRMED = 500
"""Of the crowd's messages: between two kills there are tens, or hundreds."""

GONE_SECONDS = 5.0
"""How soon the workers of a main process that was killed are gone."""


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    """Start a PostgreSQL that waits for the disk as a vendor's does."""
    with Cluster().running() as cluster:
        yield cluster


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return an empty database of each engine, with its whole durability."""
    if request.param == "sqlite":
        return Sqlite(tmp_path / "exitpoll.sqlite3")
    cluster: Cluster = request.getfixturevalue("durable")
    return Postgresql(cluster, cluster.create())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def lose_main(server: Server, _chance: Random) -> None:
    workers = server.kill_main()
    assert len(workers) >= 2
    wait_until(lambda: not any(map(is_alive, workers)), GONE_SECONDS, "workers outlive their main")
    server.start()


def lose_power(server: Server, _chance: Random) -> None:
    server.cut_the_power()
    server.start()


def lose_worker(server: Server, chance: Random) -> None:
    lost = chance.choice(server.workers)
    with suppress(ProcessLookupError):
        os.kill(lost, signal.SIGKILL)
    wait_until(
        lambda: lost not in server.workers and len(server.workers) >= 2,
        GONE_SECONDS,
        "a worker that died is not replaced",
    )


def test_killed_again_and_again(database: Database, tmp_path: Path) -> None:
    """After power cuts, lost main processes and lost workers all that was confirmed is there."""
    product, chance = new_product(database), Random(4)
    ways = [lose_power, lose_main, lose_worker]
    with serving(database, tmp_path) as server:
        with crowd(product, server) as said, Line(server.port, product) as line:
            for number in range(KILLS):
                if number % 4:  # else it is killed while it starts
                    wait_until(lambda: said.ask(line).status == 200, 30, "it does not start")
                time.sleep(chance.uniform(0.0, 0.8))
                ways[number % len(ways)](server, chance)
            wait_until(lambda: said.ask(line).status == 200, 30, "it does not start")
        assert server.stop() == 0
    said.assert_kept(database)
    assert said.answers[200] >= LEAST_CONFIRMED
    assert len(said.confirmed_left) >= LEAST_CONFIRMED / 5
    assert set(said.answers) <= {0, 200, 503}


# -- a full disk ----------------------------------------------------------------------------

DISK_MIB = 24
FULL_SECONDS = 60.0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def database_on(disk: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Give a database of each engine whose tables lie on a disk."""
    if request.param == "sqlite":
        yield Sqlite(disk / "exitpoll.sqlite3")
        return
    cluster: Cluster = request.getfixturevalue("durable")
    tables = disk / "tables"
    tables.mkdir()
    if os.geteuid() == 0:
        shutil.chown(tables, UNPRIVILEGED)
        for folder in list(tables.parents)[:-2]:
            folder.chmod(folder.stat().st_mode | 0o011)
    cluster.run(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(tables))))
    name = cluster.create(tablespace="small")
    yield Postgresql(cluster, name)
    cluster.way_in(name).close()
    cluster.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    cluster.run(sql.SQL("DROP TABLESPACE small"))


@pytest.fixture(params=BOTH)
def on_small_disk(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Database, Path]]:
    """Give a database of each engine, and the small disk that it is on."""
    with small_disk(tmp_path / "disk") as disk, database_on(disk, request) as database:
        yield database, disk


def fill(disk: Path) -> Path:
    """Leave no room on a disk; return what takes it."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


@needs_root
def test_a_full_disk(on_small_disk: tuple[Database, Path], tmp_path: Path) -> None:
    """While nothing can be written messages and erasures get 503; with room again all is well."""
    database, disk = on_small_disk
    product, journal = new_product(database), disk / "erasures"
    with serving(database, tmp_path, EXITPOLL_ERASURES_FILE=str(journal)) as server:
        with crowd(product, server) as said, Line(server.port, product) as line:
            time.sleep(1)
            ballast = fill(disk)
            wait_until(lambda: said.ask(line).status == 503, FULL_SECONDS, "it is never full")
            time.sleep(2)
            fill(disk)
            later = Answer(503, retry_after=RETRY_AFTER_SECONDS)
            wait_until(lambda: said.ask(line) == later, FULL_SECONDS, "it is full no more")
            assert line.send(erasure(uuid4())).status == 503
            assert line.ask("GET", "/livez").status == 200
            if database.kind == "sqlite":  # on PostgreSQL there is room for what readiness writes
                assert line.ask("GET", "/readyz").status == 503
            ballast.unlink()
            wait_until(lambda: said.ask(line).status == 200, 10, "it does not recover")
            assert line.send(erasure(uuid4())).status == 200
            time.sleep(1)
        assert server.stop() == 0
        assert "takes nothing just now" in server.log()
    said.assert_kept(database)
    assert set(said.answers) == {200, 503}
    assert said.answers[200] >= LEAST_CONFIRMED / 5
    assert said.answers[503] >= 10


# -- a database that others hold ------------------------------------------------------------

SHORT_SECONDS = 4.0
LONG_SECONDS = 50.0
"""Longer than a message waits: for its turn, and for the database."""
MOST_MIB = 200

HOLDER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def held_by_a_stopped_process(database: Database) -> Iterator[None]:
    """Let another process of ours have its turn to write, and stand still."""
    assert isinstance(database, Sqlite)
    command = [sys.executable, "-c", HOLDER, str(database.file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            holder.kill()


def held_by_a_transaction(database: Database) -> AbstractContextManager[None]:
    return database.held()


@pytest.mark.parametrize("held", [held_by_a_transaction, held_by_a_stopped_process])
def test_a_database_held_by_others(
    database: Database, tmp_path: Path, held: Callable[[Database], AbstractContextManager[None]]
) -> None:
    """For a while messages wait; then they get 503; no memory grows; afterwards all is well."""
    if held is held_by_a_stopped_process and database.kind != "sqlite":
        pytest.skip("PostgreSQL's writers take no turns")
    product = new_product(database)
    with serving(database, tmp_path) as server:
        with crowd(product, server) as early:
            time.sleep(1)
            with held(database):
                time.sleep(SHORT_SECONDS)
        assert set(early.answers) == {200}
        with crowd(product, server, members=30) as late:
            time.sleep(1)
            with held(database):
                time.sleep(LONG_SECONDS)
                assert server.resident_mib < MOST_MIB
            with Line(server.port, product) as line:
                wait_until(lambda: late.ask(line).status == 200, 10, "it does not recover")
        assert server.stop() == 0
    late.launches += early.launches
    late.confirmed += early.confirmed
    late.left |= early.left
    late.confirmed_left |= early.confirmed_left
    late.assert_kept(database)
    assert set(late.answers) == {200, 503}
    assert late.answers[503] >= 30


# -- a PostgreSQL that is restarted ---------------------------------------------------------

RESTARTS = 5


def test_postgresql_restarted_under_load(durable: Cluster, tmp_path: Path) -> None:
    """While it is away messages get 503; when it is back they are taken, and none was lost."""
    database = Postgresql(durable, durable.create())
    product = new_product(database)
    with serving(database, tmp_path) as server:
        with crowd(product, server) as said, Line(server.port, product) as line:
            for _ in range(RESTARTS):
                time.sleep(1)
                durable.stop()
                try:
                    wait_until(lambda: said.ask(line).status == 503, 10, "it waits for it")
                    assert line.ask("GET", "/livez").status == 200
                finally:
                    durable.start()
                wait_until(lambda: said.ask(line).status == 200, 10, "it does not recover")
        assert server.stop() == 0
    said.assert_kept(database)
    assert set(said.answers) == {200, 503}
    assert said.answers[200] >= LEAST_CONFIRMED / 5


# -- two servers ----------------------------------------------------------------------------


def test_two_servers_leave_what_one_leaves(database: Database, tmp_path: Path) -> None:
    """Messages repeated and in any order, to two servers of two workers, end in the same state."""
    one_by_one, again = new_product(database), new_product(database, "Again")
    lives = [life(who) for who in range(1, INSTALLATIONS + 1)]
    (tmp_path / "other").mkdir()
    with serving(database, tmp_path) as one, serving(database, tmp_path / "other") as other:
        send_all(one, one_by_one, [message for story in lives for message in story])
        messages = 2 * [message for story in lives for message in story]
        with ThreadPoolExecutor(6) as pool:
            for ended in [
                pool.submit(
                    send_all,
                    (one, other)[n % 2],
                    again,
                    Random(n).sample(messages, len(messages)),
                )
                for n in range(6)
            ]:
                ended.result()
        assert (one.stop(), other.stop()) == (0, 0)
    assert state(database, again) == state(database, one_by_one)
    assert len(state(database, again)["uninstalls"]) == INSTALLATIONS


def send_all(server: Server, product: Product, messages: list[Arrival]) -> None:
    with Line(server.port, product) as line:
        for arrival in messages:
            assert line.send(arrival.message).status == 200


def state(database: Database, product: Product) -> dict[str, list[str]]:
    """Return a product's state, without the instants of receipt."""
    of_product = f"(SELECT * FROM installations WHERE product_id = {product.id}) i"  # noqa: S608
    return {
        name: sorted(
            repr({key: value for key, value in row.items() if not key.endswith("received_at")})
            for row in database.look(query.replace("installations i", of_product))
        )
        for name, query in STATE.items()
    }
