"""The MSI kit: packages are built with wixl, and installed and removed under Wine."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.installer.conftest import Vendor
from tests.installer.desktop import Desktop, Ended, until
from tests.installer.hostile import ask

pytestmark = [pytest.mark.slow, pytest.mark.windows_setup]

FULL = ("--consent", "full")
CRASH = b"no program at all"
LIMIT = 12.0
"""Seconds for a removal whose server is silent: three are ours, and Wine takes the rest."""


class Package:
    """A package of a vendor's product, and the copy that it makes."""

    def __init__(self, desktop: Desktop, file: Path, *, is_shared: bool) -> None:
        self.desktop = desktop
        self.file = file
        programs = desktop.drive / "Program Files" if is_shared else desktop.local
        self.folder = programs / file.stem
        self.agent = self.folder / "exitpoll" / "exitpoll-agent.exe"
        self.agentw = self.agent.with_name("exitpoll-agentw.exe")

    def msiexec(self, *arguments: str | Path) -> Ended:
        """Have Windows Installer do something; without a word, unless told otherwise."""
        shows = {"/qb", "/passive"} & {*map(str, arguments)}
        return self.desktop.run("msiexec", *arguments, *(() if shows else ("/qn",)))

    def install(self, *properties: str) -> None:
        """Install it."""
        assert self.msiexec("/i", self.file, *properties).code == 0
        assert self.agent.exists()

    def remove(self, *options: str) -> Ended:
        """Remove it."""
        return self.msiexec("/x", self.file, *options)

    def launch(self) -> None:
        """Start what the product starts, and wait until it has sent what is due."""
        self.desktop.run(self.agent, "launch")

    def id(self) -> str:
        """Return what the agent calls this copy."""
        said = json.loads(self.desktop.said(self.agent, "status", "--json"))
        return str(said["installation_id"])


@cache
def _built(shop: Vendor, options: tuple[str, ...], product: str, version: str) -> Path:
    folder = f"msi-{abs(hash((options, product, version)))}"
    kit = shop.kit("msi", folder, *options, product=product)
    done = subprocess.run([kit / "build.sh", version], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    [package] = kit.glob("*.msi")
    return package


def package(
    desktop: Desktop,
    shop: Vendor,
    *options: str,
    product: str = "Inkwell",
    version: str = "1.0.0",
) -> Package:
    """Make a kit, and build its sample as it is."""
    file = _built(shop, options or FULL, product, version)
    return Package(desktop, file, is_shared="machine" in options)


@pytest.fixture(autouse=True)
def _removed(desktop: Desktop, shop: Vendor) -> Iterator[None]:
    """Leave nothing installed, whatever became of a test: the next one would find it."""
    yield
    for file in shop.folder.glob("msi-*/*.msi"):
        if any(
            (one / file.stem).exists() for one in (desktop.drive / "Program Files", desktop.local)
        ):
            desktop.run("msiexec", "/x", file, "/qn")


def _asked(told: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
    return [(one["asked"], one["not_asked"], one["context"]) for one in told]


SILENT = ("no", "unattended", "unknown")
UNSAID = ("no", "policy", "remove")


@pytest.mark.parametrize("scope", ["user", "machine"])
def test_a_life(desktop: Desktop, shop: Vendor, since: Any, scope: str) -> None:
    """Installed, launched, removed without anybody there: counted as such, and nothing is left."""
    inkwell = package(desktop, shop, *FULL, "--scope", scope)
    inkwell.install()
    before = shop.launches()
    inkwell.launch()
    assert shop.launches() == before + 1
    ended = inkwell.remove()
    print(f"{scope}: {ended.seconds:.1f} s")  # noqa: T201 - for whoever runs it
    assert ended.code == 0
    assert _asked(since()) == [SILENT]
    assert not inkwell.folder.exists()
    assert not list(desktop.drive.glob("ProgramData/exitpoll/*"))
    assert not list(desktop.local.glob("exitpoll/*"))
    assert desktop.opened == []


@pytest.mark.parametrize(("option", "opens"), [("/qb", True), ("/passive", False)])
def test_the_page_opens_where_the_vendor_says_so(
    desktop: Desktop, shop: Vendor, since: Any, option: str, *, opens: bool
) -> None:
    """With --survey open the page opens as "Apps" removes; not where a fleet's management does."""
    inkwell = package(desktop, shop, *FULL, "--survey", "open")
    inkwell.install()
    assert inkwell.remove(option).code == 0
    assert _asked(since()) == [("page", None, "remove") if opens else SILENT]
    if opens:
        [page] = until(lambda: desktop.opened)
        assert urlsplit(page)[:2] == urlsplit(shop.server.url)[:2]
    assert len(desktop.opened) == opens


def test_nobody_is_asked_unless_the_vendor_says_so(
    desktop: Desktop, shop: Vendor, since: Any
) -> None:
    """A package has no page of ours: without --survey open a person's removal is counted alone."""
    inkwell = package(desktop, shop)
    inkwell.install()
    inkwell.remove("/qb")
    assert _asked(since()) == [UNSAID]
    assert desktop.opened == []


def test_an_update(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A major upgrade goes on with the same copy, and nobody takes it for an uninstall.

    Wine's RemoveExistingProducts does not set UPGRADINGPRODUCTCODE, so here the old version speaks,
    and the new one takes its word back. The next test says it as Windows does.
    """
    inkwell = package(desktop, shop)
    inkwell.install()
    inkwell.launch()
    before = inkwell.id()
    newer = package(desktop, shop, version="2.0.0")
    newer.install()
    newer.launch()
    assert newer.id() == before
    assert [one["withdrawn"] for one in since()] == [1]
    versions = "SELECT version FROM installations ORDER BY id DESC LIMIT 1"
    assert shop.stored(versions) == [("2.0.0",)]


def test_a_removal_within_an_update(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """The removal that Windows runs for a major upgrade says nothing and forgets nothing."""
    inkwell = package(desktop, shop)
    inkwell.install()
    before = inkwell.id()
    inkwell.remove("UPGRADINGPRODUCTCODE={4C9DF94E-0240-4B3F-84E1-1A6CD8E28D7F}")
    assert not inkwell.folder.exists()
    assert since() == []
    inkwell.install()
    assert inkwell.id() == before


@pytest.mark.parametrize(
    "properties", [("REINSTALL=ALL", "REINSTALLMODE=amus"), ("ADDLOCAL=Everything",)]
)
def test_repaired_or_changed(
    desktop: Desktop, shop: Vendor, since: Any, properties: tuple[str, ...]
) -> None:
    """A repair and a change are no install and no uninstall: the agent is not run."""
    inkwell = package(desktop, shop)
    inkwell.install()
    state = next(desktop.local.glob("exitpoll/*"))
    shutil.rmtree(state)
    inkwell.install(*properties)
    assert not state.exists()
    assert since() == []


def test_a_removal_that_fails(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A removal that is rolled back is taken back at the next launch."""
    inkwell = package(desktop, shop, "--consent", "full", "--survey", "no")
    # After ours; its type, 1042, heeds the exit code, which is 2.
    rows = {
        "CustomAction (Action, Type, Source, Target)": "'Fails', 1042, 'ExitpollAgentw', '-x'",
        "InstallExecuteSequence (Action, Condition, Sequence)": "'Fails', 'REMOVE', 3490",
    }
    for table, row in rows.items():
        sql = f"INSERT INTO {table} VALUES ({row})"  # noqa: S608 - a package is no database
        subprocess.run(["msibuild", inkwell.file, "-q", sql], check=True)
    inkwell.install()
    inkwell.launch()
    before = inkwell.id()
    assert inkwell.remove().code != 0
    assert inkwell.agent.exists()
    assert inkwell.id() == before
    assert [one["withdrawn"] for one in since()] == [0]
    inkwell.launch()
    assert [one["withdrawn"] for one in since()] == [1]


@pytest.mark.parametrize("fault", ["damaged", "no program", "no folder"])
def test_a_broken_agent(desktop: Desktop, shop: Vendor, fault: str) -> None:
    """Whatever became of the agent, the package goes, with exit code 0 and without a word."""
    inkwell = package(desktop, shop)
    inkwell.install()
    if fault == "damaged":
        inkwell.agentw.write_bytes(CRASH)
    elif fault == "no program":
        inkwell.agentw.unlink()
    else:
        shutil.rmtree(inkwell.agentw.parent)
    assert inkwell.remove().code == 0
    assert not inkwell.folder.exists()
    assert desktop.windows() == []


def test_a_server_that_does_not_answer(desktop: Desktop, shop: Vendor) -> None:
    """The agent ends by itself: Windows Installer would wait for ever."""
    inkwell = package(desktop, shop)
    inkwell.install()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://k@127.0.0.1:{silent.getsockname()[1]}"
        settings = inkwell.agent.with_name("exitpoll.toml")
        lines = settings.read_text("utf-8").splitlines()
        said = [f'address = "{address}"' if one.startswith("address") else one for one in lines]
        settings.write_text("\n".join(said), "utf-8")
        desktop.run(inkwell.agent, "install")
        ended = inkwell.remove()
    print(f"silent: {ended.seconds:.1f} s")  # noqa: T201 - for whoever runs it
    assert (ended.code, ended.seconds < LIMIT) == (0, True)
    assert not inkwell.folder.exists()


@pytest.mark.parametrize("scope", ["user", "machine"])
def test_a_fleets_word(desktop: Desktop, shop: Vendor, since: Any, scope: str) -> None:
    """With EXITPOLL_CONSENT=none nothing is ever sent."""
    inkwell = package(desktop, shop, *FULL, "--scope", scope)
    try:
        inkwell.install("EXITPOLL_CONSENT=none")
        before = shop.launches()
        inkwell.launch()
        inkwell.remove()
        assert (shop.launches(), since()) == (before, [])
    finally:
        desktop.run("reg", "delete", r"HKLM\Software\Policies\Exitpoll", "/f")


def test_a_hostile_name(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A name with all that XML, a shell and Windows Installer take for their own stays a name."""
    name = """Ink "well" {a} %PATH% 'x' <b> & [c] Söhne\\"""
    shop.product(name)
    ask(shop, name)
    hostile = package(desktop, shop, *FULL, product=name)
    said = subprocess.run(
        ["msiinfo", "export", hostile.file, "Property"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    assert f"ProductName\t{name}" in said
    hostile.install()
    assert hostile.remove().code == 0
    assert [one["product"] for one in since()] == [name]
