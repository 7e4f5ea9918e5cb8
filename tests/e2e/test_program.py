"""Every command of the agent, started as a program, against a real server process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.e2e.world import Person, World
from tests.program import FROZEN, INSTALLED, starting

from exitpoll_agent import __version__, cli

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "milestone": ("first-export",),
    "uninstall": ("--open-survey", "--context", "remove"),
}
"""What commands need to be told; a new command needs nothing, or a line here."""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[World]:
    """Start a server in the present: nothing needs a calendar here."""
    world = World(tmp_path, datetime.now(timezone.utc))
    try:
        world.start_server()
        yield world
    finally:
        world.close()


def commands() -> list[str]:
    """Return the commands that the agent has, uninstall last."""
    return sorted(cli.COMMANDS, key=lambda name: (name == "uninstall", name))


def test_the_program_says_its_version(vendor: World) -> None:
    """--version is that of the package, and nothing is said on stderr."""
    done = subprocess.run(
        [*INSTALLED, "--version"],
        env=vendor.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{__version__}\n", "")


def test_every_command_works_against_a_real_server(vendor: World) -> None:
    """Each command answers with JSON; the launch and the uninstall arrive, and the survey opens."""
    address = vendor.exitpoll("product", "create", "Inkwell").strip()
    person = Person(vendor, "Ada", address)
    said = {name: person.run(name, *ARGUMENTS.get(name, ())) for name in commands()}
    assert said["launch"]["upload"] == "confirmed"
    assert said["status"]["configured"] is True
    assert said["uninstall"]["upload"] == "confirmed"
    assert said["uninstall"]["survey_opened"] is True
    report = json.loads(vendor.exitpoll("report", "--product", "Inkwell", "--format", "json"))
    assert report["uninstalls"]["steps"][0]["of_uninstalls"]["numerator"] == 1


def test_the_browser_gets_the_machines_own_libraries(vendor: World) -> None:
    """What the agent opens is started with the person's LD_LIBRARY_PATH, not with ours."""
    noted = vendor.folder / "noted"
    browser = vendor.folder / "noting-browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$LD_LIBRARY_PATH" > "{noted}"\n', "ascii")
    browser.chmod(0o755)
    address = vendor.exitpoll("product", "create", "Inkwell").strip()
    own = {"BROWSER": str(browser), "LD_LIBRARY_PATH": "/opt/of-the-person"}
    Person(vendor, "Ada", address, settings=own).run("uninstall", "--open-survey")
    assert noted.read_text("ascii") == "/opt/of-the-person"


@pytest.mark.skipif(FROZEN is None, reason="only a frozen program has a folder of its own")
def test_the_frozen_program_reads_the_settings_beside_it(vendor: World) -> None:
    """A copy of the folder with exitpoll.toml in it works, wherever it is started from."""
    assert FROZEN is not None
    address = vendor.exitpoll("product", "create", "Inkwell").strip()
    folder = vendor.folder / "with a space" / "agent"
    shutil.copytree(FROZEN.parent, folder, symlinks=True)
    (folder / "exitpoll.toml").write_text(f'address = "{address}"\nversion = "3.1"', "utf-8")
    state = {"EXITPOLL_STATE_DIR": str(vendor.folder / "state")}
    done = subprocess.run(
        [*starting(folder / FROZEN.name), "launch"],
        env={**vendor.environment, **state}, cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("Launch 1 counted; the server confirmed it.\n", "")
