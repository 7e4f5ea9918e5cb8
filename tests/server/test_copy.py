"""`exitpoll copy`: everything arrives, or nothing; in every direction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database
from tests.server.full import fill
from tests.server.messages import NOW, after, arrival, ping
from tests.server.terminal import Terminal

from exitpoll_server.store import Store, copying, tables

NAMES = [table.name for table in tables.metadata.sorted_tables]


@pytest.fixture
def filled(database: Database) -> Database:
    """Return a database with a row of every kind; tables made later need one in `full` too."""
    store = Store(database.url)
    fill(store)
    store.close()
    assert [name for name in NAMES if not rows(database, name)] == []
    return database


@pytest.fixture(params=BOTH)
def empty(request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path) -> Database:
    folder = tmp_path / "target"
    folder.mkdir()
    return new_database(request.param, folder)


@pytest.fixture
def terminal(
    filled: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Terminal:
    """Return a terminal on the filled database."""
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("EXITPOLL_DATABASE_URL", filled.url)
    return terminal


def rows(database: Database, name: str) -> list[dict[str, Any]]:
    return sorted(database.look(f"SELECT * FROM {name}"), key=repr)  # noqa: S608


def test_everything_arrives(
    terminal: Terminal,
    filled: Database,
    empty: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every row of every table is the same, ids included, and so is the report."""
    monkeypatch.setattr(copying, "BATCH", 5)
    said = terminal.succeed("copy", "--to", empty.url)
    for name in NAMES:
        assert rows(empty, name) == rows(filled, name), name
        assert f"{len(rows(filled, name))} {name}\n" in said
    report = ("report", "--product", "Sample", "--format", "json", "--as-of", "2026-11-21")
    assert json.loads(terminal.succeed(*report))["uninstalls"]
    before = terminal.succeed(*report)
    monkeypatch.setenv("EXITPOLL_DATABASE_URL", empty.url)
    assert terminal.succeed(*report) == before


def test_the_copy_goes_on(terminal: Terminal, empty: Database) -> None:
    """New rows of every kind get numbers that no copied row has."""
    terminal.succeed("copy", "--to", empty.url)
    before = {name: len(rows(empty, name)) for name in NAMES}
    store = Store(empty.url)
    found = store.product_by_name("Sample")
    assert found is not None
    store.create_product(name="New", stopped_after_days=40, trial_days=None, now=NOW)
    store.merge(found, [arrival(ping(1, version="new"), after(days=1))])
    store.quarantine(found, start=NOW, end=after(days=1), note=None, now=NOW)
    store.close()
    for name in ("products", "installations", "counters", "history", "exclusions"):
        assert len(rows(empty, name)) == before[name] + (name != "installations"), name


def test_a_database_that_is_not_empty_is_refused(terminal: Terminal, filled: Database) -> None:
    """Nothing is ever mixed or overwritten."""
    before = {name: rows(filled, name) for name in NAMES}
    assert "is not empty" in terminal.fail("copy", "--to", filled.url)
    assert {name: rows(filled, name) for name in NAMES} == before


LOSE_ANSWERS = {
    "sqlite": "CREATE TRIGGER lost AFTER INSERT ON answers "
    "BEGIN DELETE FROM answers WHERE id = NEW.id; END",
    "postgresql": "CREATE RULE lost AS ON INSERT TO answers DO INSTEAD NOTHING",
}


def test_a_copy_that_is_not_the_same_is_undone(terminal: Terminal, empty: Database) -> None:
    """Where rows are lost on the way, nothing stays of the others."""
    empty.change(LOSE_ANSWERS[empty.kind])
    assert "not the same" in terminal.fail("copy", "--to", empty.url)
    assert all(rows(empty, name) == [] for name in NAMES)


def test_the_reports_are_compared(terminal: Terminal, empty: Database) -> None:
    """As many rows are not enough: one that was changed on the way is found by the report."""
    changed = {
        "sqlite": "CREATE TRIGGER other AFTER INSERT ON answers "
        "BEGIN UPDATE answers SET reason = 'another' WHERE id = NEW.id; END",
        "postgresql": "ALTER TABLE answers ALTER COLUMN reason TYPE VARCHAR(1) "
        "USING reason::VARCHAR(1)",
    }
    empty.change(changed[empty.kind])
    said = terminal.fail("copy", "--to", empty.url)
    assert "not the same" in said or "the table answers cannot be copied" in said
    assert all(rows(empty, name) == [] for name in NAMES)


def test_a_copy_that_ends_midway_leaves_nothing(
    terminal: Terminal, empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target of a copy that was killed or failed is as empty as before, and works anew."""

    def fail(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(copying.Whole, "_number_on", fail)
        assert terminal.run("copy", "--to", empty.url)[0] == 1
    assert all(rows(empty, name) == [] for name in NAMES)
    terminal.succeed("copy", "--to", empty.url)


def test_nonsense_is_one_line(terminal: Terminal) -> None:
    """A URL that is none is named, without what may be a password."""
    said = terminal.fail("copy", "--to", "postgresql://me:secret@host")
    assert "--to names no database" in said
    assert "secret" not in said
