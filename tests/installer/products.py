"""A copy of a product that starts the agent, with an agent or without one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.installer.languages import Language
from tests.program import FROZEN, ON_WINE

SAID = "Inkwell: nothing to write about yet\n"
HOSTILE = """Ink "well" $HOME `id` 'y' %PATH% & Söhne; Чернила"""
"""A folder's name with all that is particular to shells, and what is not ASCII; but for the
backslash, which Mono takes for a slash."""
PATIENCE_SECONDS = 30
"""Half as long as a slow agent sleeps, and longer than anything else takes that is not stuck."""

NOTING = """#!/bin/sh
{ echo "$#:$*"; pwd -P; cut -d' ' -f6 /proc/self/stat; ls -m /proc/$$/fd; } > noted.new
echo $$ > pid
mv noted.new noted
"""
"""Notes its arguments, its folder, its session and its open files."""
SHELLS_OWN = 10
"""From here on a shell has its own files."""


class Product:
    """One copy of a product, in a folder with a hostile name."""

    def __init__(self, language: Language, folder: Path) -> None:
        self.language = language
        self.folder = folder
        self.exitpoll = folder / "exitpoll"
        self.program = self.exitpoll / "exitpoll-agent"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "LC_ALL": "C.UTF-8",  # in C, Java knows no name beyond ASCII
            "EXITPOLL_STATE_DIR": str(folder.parent / "state"),
            "EXITPOLL_CONTAINERS": "count",  # the tests may run in one
        }

    def give(self, agent: str) -> None:
        """Put a script in the agent's place."""
        self.exitpoll.mkdir()
        self.program.write_text(agent, "utf-8")
        self.program.chmod(0o755)

    def give_the_real_one(self, address: str) -> None:
        """Put the agent there, with its settings: the frozen one, or this Python's."""
        if FROZEN is not None and not ON_WINE:
            shutil.copytree(FROZEN.parent, self.exitpoll, symlinks=True)
        else:
            self.give(f'#!/bin/sh\nexec "{sys.executable}" -m exitpoll_agent "$@"\n')
        settings = f'address = "{address}"\nproduct = "Inkwell"\nversion = "1.0.0"\n'
        (self.exitpoll / "exitpoll.toml").write_text(settings, "utf-8")

    def start(
        self, stdout: int = subprocess.PIPE, holds: int | None = None
    ) -> subprocess.Popen[str]:
        """Start it; what it `holds` is a file that its children could inherit."""
        return subprocess.Popen(
            self.language.command(self.folder),
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=() if holds is None else (holds,),
            text=True,
        )

    def goes_on(self, holds: int | None = None) -> None:
        """Run it to its end: the pipes that it was given end with it, and it says nothing else."""
        with self.start(holds=holds) as process:
            try:
                said, complaints = process.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert (said, complaints, process.returncode) == (SAID, "", 0)

    def noted(self) -> list[str]:
        """Wait for what the agent noted, line by line."""
        until((self.exitpoll / "noted").exists)
        return (self.exitpoll / "noted").read_text("utf-8").splitlines()

    def end_the_agent(self) -> bool:
        """Kill a noting agent, and say whether it was still there."""
        until((self.exitpoll / "noted").exists)
        with suppress(ProcessLookupError):
            os.kill(int((self.exitpoll / "pid").read_text("ascii")), signal.SIGKILL)
            return True
        return False


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something; whoever asserts it says more than a timeout would."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)


def children_of(process: int) -> list[str]:
    """Return the processes that it started and that are there, living or dead."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text("ascii").split()]
