"""Kits as developers get them, and the server that they report to."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.world import Server
from tests.installer.desk import Desk, sat_down
from tests.installer.desktop import Desktop, missing, until

from exitpoll_agent import wire
from exitpoll_agent.places import Places

BIN = Path(sys.executable).parent
DIST = Path(__file__).parents[2] / "dist"


class Vendor:
    """Who sells products: a server of their own, and the kits that it makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        database = folder / "vendor.sqlite3"
        self._database = database
        self._has_agents = False
        self._places: list[Places] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "EXITPOLL_DATABASE_URL": f"sqlite:///{database}",
        }
        self.server = Server(self.environment, folder / "server.log")
        self.environment["EXITPOLL_PUBLIC_URL"] = self.server.url

    def exitpoll(self, *arguments: str | Path) -> str:
        """Run the server's command line and return what it printed; it must succeed."""
        done = subprocess.run(
            [BIN / "exitpoll", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def product(self, name: str) -> str:
        """Create a product and return its address."""
        address = self.exitpoll("product", "create", name).strip()
        self._places.append(Places.of(name, wire.parse_address(address).product_key, {}))
        return address

    def kit(self, installer: str, folder: str, *options: str, product: str = "Inkwell") -> Path:
        """Make a kit and return its folder."""
        target = self.folder / folder
        if "any" not in options:
            self._add_agents()
        self.exitpoll("kit", "--product", product, "--installer", installer, *options, target)
        return target

    def _add_agents(self) -> None:
        """Hand out every agent that was built here; only once, and only where a kit carries one."""
        if not self._has_agents:
            for archive in sorted(DIST.glob("exitpoll-agent-*.tar.xz")):
                self.exitpoll("agent", "add", archive)
        self._has_agents = True

    def stored(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look behind the report: rows of the database, read only."""
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def uninstalls(self) -> list[dict[str, Any]]:
        """Return what was stored of every uninstall, with the last answer, in their order."""
        rows = self.stored(
            "SELECT p.name, u.version, u.context, u.asked, u.not_asked, u.locale, "
            "u.withdrawn_at IS NOT NULL, a.reason, a.comment FROM uninstalls u "
            "JOIN installations i ON i.id = u.installation_id "
            "JOIN products p ON p.id = i.product_id "
            "LEFT JOIN answers a ON a.uninstall_id = u.id ORDER BY u.id, a.id"
        )
        names = (
            *("product", "version", "context", "asked", "not_asked", "locale"),
            *("withdrawn", "reason", "comment"),
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def launches(self) -> int:
        """Return how many launches were counted, of all products."""
        [(launches,)] = self.stored("SELECT COALESCE(SUM(launches), 0) FROM launches")
        return int(launches)

    def close(self) -> None:
        """Stop the server, and delete what agents kept for everybody on this machine."""
        self.server.stop()
        for places in self._places:
            places.note.unlink(missing_ok=True)
            shutil.rmtree(places.machine, ignore_errors=True)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    """Give a vendor whose product is called Inkwell."""
    vendor = Vendor(tmp_path)
    try:
        vendor.product("Inkwell")
        yield vendor
    finally:
        vendor.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give a machine with a person at it; this one, so only one test at a time, and as root."""
    with sat_down() as desk:
        yield desk


@pytest.fixture(scope="session")
def _one_desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    lacking = missing()
    if lacking:
        pytest.skip(f"`make test-windows` needs {', '.join(lacking)}")
    with Desktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture
def desktop(_one_desktop: Desktop) -> Iterator[Desktop]:
    """Give a Windows desktop on which nothing is installed."""
    _one_desktop.tidy()
    yield _one_desktop
    _one_desktop.tidy()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """Give one vendor for all tests of a module, who sells Inkwell for Windows."""
    vendor = Vendor(tmp_path_factory.mktemp("shop"))
    try:
        vendor.product("Inkwell")
        yield vendor
    finally:
        vendor.close()


@pytest.fixture
def since(shop: Vendor) -> Any:
    """Return a function: waits for so many uninstalls, and gives those since the test began.

    On a machine that is slow just then the uninstaller does not wait for its agent.
    """
    before = len(shop.uninstalls())

    def stored(wanted: int = 0) -> list[dict[str, Any]]:
        until(lambda: len(shop.uninstalls()) >= before + wanted)
        return shop.uninstalls()[before:]

    return stored
