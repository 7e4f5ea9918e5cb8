"""The browser is started apart from the agent, and nobody waits for it."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.agent.profile import Profile

from exitpoll_agent.browser import LOOK_SECONDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is POSIX's")


@dataclass
class Noting:
    """A program that opens nothing: it notes what it was given and then does as a test wants."""

    folder: Path

    def named(self, name: str, then: str = "") -> str:
        """Return a program of this name, which notes as it starts."""
        file = self.folder / name
        file.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.folder}/noted\n{then}\n')
        file.chmod(0o755)
        return str(file)

    @property
    def noted(self) -> list[str]:
        file = self.folder / "noted"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def noting(offline: Profile, tmp_path: Path) -> Noting:
    """Make a desktop on which only the test's own programs can open anything."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("cat", "ls", "ps", "readlink", "sleep", "setpriv"):
        for place in ("/usr/bin", "/bin"):
            if Path(place, tool).exists() and not (folder / tool).exists():
                (folder / tool).symlink_to(Path(place, tool))
    offline.environment |= {"DISPLAY": ":0", "PATH": str(folder)}
    return Noting(folder)


def test_nothing_of_ours_is_inherited(offline: Profile, noting: Noting) -> None:
    """The browser has a session of its own, no pipe, file or lock of ours, and stands in no folder.

    An uninstaller that reads our output to its end, and deletes the folder, waits for nothing.
    """
    look = f"ls -l /proc/$$/fd > {noting.folder}/files; ps -o sid= $$ > {noting.folder}/session"
    cwd = f"readlink /proc/$$/cwd > {noting.folder}/cwd"
    offline.environment["BROWSER"] = noting.named("browser", f"{look}; {cwd}; sleep 30")
    started = time.monotonic()
    answer = offline.json("uninstall", "--open-survey")
    assert time.monotonic() - started < 15
    assert answer["survey_opened"] is True
    _wait_for(noting.folder / "cwd")
    files = [line.split(" -> ")[1] for line in _lines(noting.folder / "files") if " -> " in line]
    assert {file for file in files if not file.endswith(("/browser", "/files"))} == {"/dev/null"}
    assert int((noting.folder / "session").read_text()) != os.getsid(0)
    assert (noting.folder / "cwd").read_text() == "/\n"


def test_what_fails_at_once_leaves_it_to_the_next(offline: Profile, noting: Noting) -> None:
    """$BROWSER comes first, each of its programs, then what the desktop has."""
    missing, failing = str(noting.folder / "missing"), noting.named("failing", "exit 3")
    noting.named("xdg-open", "exit 2")
    noting.named("x-www-browser")
    offline.environment["BROWSER"] = f"{missing}:{failing} --new %s &:'"
    assert offline.json("uninstall", "--open-survey")["survey_opened"] is True
    names = [line.split()[0] for line in noting.noted]
    assert names == ["failing", "xdg-open", "x-www-browser"]
    assert noting.noted[0].startswith(f"failing --new {offline.address.replace('KEY@', '')}/u/KEY/")


def test_where_nothing_opens_a_page_the_answer_says_so(offline: Profile, noting: Noting) -> None:
    """The uninstall goes on without a page, and does not claim one."""
    noting.named("xdg-open", "exit 3")
    done = offline.run("uninstall", "--open-survey")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The survey page could not be opened." in done.stdout


def test_several_slow_failures_take_no_longer_than_one(offline: Profile, noting: Noting) -> None:
    """The time to look is for all of them together; the last one is believed."""
    slow = f"sleep {LOOK_SECONDS * 2 / 3}; exit 1"
    programs = [noting.named(f"slow-{n}", slow) for n in range(5)]
    offline.environment["BROWSER"] = ":".join(programs)
    assert offline.json("uninstall", "--open-survey")["survey_opened"] is True
    assert [line.split()[0] for line in noting.noted] == ["slow-0", "slow-1"]


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline, f"{file.name} was never written"
        time.sleep(0.02)
