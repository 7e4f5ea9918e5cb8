"""A fresh store on each engine, a product in it, and the server around it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, is_hypothesis_test, settings
from tests.postgresql import FAST, Cluster
from tests.server.databases import Database, Kind, Postgresql, Sqlite
from tests.server.messages import NOW
from tests.server.terminal import Terminal

from exitpoll_server import create_app
from exitpoll_server.store import Product, Store, postgresql, sqlite

# A busy machine, or a disk that takes its time to be durable, is no failure of ours.
# Settings that suppress another check of health must name this one again: they replace the list.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

Look: TypeAlias = Callable[..., list[dict[str, Any]]]
NewDatabase: TypeAlias = Callable[[Kind, Path], Database]

BOTH: tuple[Kind, ...] = ("sqlite", "postgresql")
"""The engines that every test of the store runs on."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once: tests of migrations make them themselves."""
    file = tmp_path_factory.mktemp("migrated") / "exitpoll.sqlite3"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Start PostgreSQL, once in a process of the tests, and only where a test asks for it."""
    with Cluster(*FAST).running() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Make the tables once, as in `migrated`."""
    name = cluster.create()
    Store(cluster.url(name)).close()
    return name


@pytest.fixture(scope="session")
def shared(cluster: Cluster, template: str) -> Postgresql:
    """Return a database for one test after the other: to empty it is faster than a new one."""
    return Postgresql(cluster, cluster.create(template))


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Return how to make a database that no other test has, with a folder to make it in."""

    def make(kind: Kind, folder: Path) -> Database:
        if kind == "sqlite":
            return Sqlite(Path(shutil.copy(request.getfixturevalue("migrated"), folder)))
        cluster: Cluster = request.getfixturevalue("cluster")
        return Postgresql(cluster, cluster.create(request.getfixturevalue("template")))

    return make


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path, new_database: NewDatabase) -> Database:
    """Return an empty database of each engine."""
    if request.param == "sqlite":
        return new_database("sqlite", tmp_path)
    shared: Postgresql = request.getfixturevalue("shared")
    shared.empty()
    return shared


@pytest.fixture
def live(database: Database) -> Path:
    """Return the file of a database that is one, for tests of nothing else."""
    assert isinstance(database, Sqlite)
    return database.file


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stores opened from here on give up waiting for others at once."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT_SECONDS", 0.05)


@pytest.fixture(scope="session")
def warm(shared: Postgresql) -> Iterator[Store]:
    """Return a store on the shared database: connections that know their queries are faster."""
    store = Store(shared.url)
    yield store
    store.close()


@pytest.fixture
def store(request: pytest.FixtureRequest, database: Database) -> Iterator[Store]:
    if database.kind == "postgresql":
        yield request.getfixturevalue("warm")
        return
    store = Store(database.url)
    yield store
    store.close()


@pytest.fixture
def product(store: Store) -> Product:
    return store.create_product(name="Sample", stopped_after_days=40, trial_days=30, now=NOW)


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(store).test_client()


@pytest.fixture
def look(database: Database) -> Look:
    """Return how to query the database past the store."""
    return database.look


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def sample(terminal: Terminal) -> Terminal:
    terminal.succeed("product", "create", "Sample")
    return terminal


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave properties on PostgreSQL to `make test-slow`: a hundred examples, each many trips."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        on_postgresql = parameters is not None and "postgresql" in parameters.params.values()
        if on_postgresql and is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("slow")
