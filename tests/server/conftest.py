"""A fresh store on a file of its own, a product in it, and the server around it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from tests.server.messages import NOW

from exitpoll_server import create_app
from exitpoll_server.store import Product, Store

# A busy machine, or a disk that takes its time to be durable, is no failure of ours.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

Look: TypeAlias = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once: tests of migrations make them themselves."""
    file = tmp_path_factory.mktemp("migrated") / "exitpoll.sqlite3"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path))


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{database}")
    yield store
    store.close()


@pytest.fixture
def product(store: Store) -> Product:
    return store.create_product(name="Sample", stopped_after_days=40, trial_days=30, now=NOW)


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(store).test_client()


@pytest.fixture
def look(database: Path, store: Store) -> Look:
    """Return how to query the file as any other process would: only what is durable is seen."""
    del store  # only there to have opened the file

    def run(sql: str, *parameters: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]

    return run
