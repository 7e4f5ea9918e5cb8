"""Setups that Inno Setup's own compiler makes of kits, and a person at the screen before them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.installer.conftest import Vendor

TREE = Path(__file__).parents[2]
HERE = TREE / "build" / "inno"
ROOT = HERE / "root"
IN_ROOT = TREE / "installer" / "in_root.sh"
COMPILER = HERE / "node_modules" / "innosetup" / "bin" / "ISCC.exe"
PICTURES = TREE / "build" / "pictures" / "installer"
DRIVE = ROOT / "wine" / "drive_c"
PROFILE = DRIVE / "users" / "root"
PROGRAMS = PROFILE / "AppData" / "Local" / "Programs"
FOR_ALL = DRIVE / "Program Files"
BROWSER = ROOT / "usr" / "local" / "bin" / "xdg-open"
OPENED = ROOT / "tmp" / "opened"

UP = DRIVE / "up"
"""What the program that hangs writes when it has started."""
LOG = DRIVE / "log.txt"
LOGGED = r"/LOG=C:\log.txt"
SILENT = ("/VERYSILENT", "/SUPPRESSMSGBOXES", LOGGED)
LONGEST_RUN = 60
"""Seconds for a setup or an uninstaller, with a build on the other processor."""
WINDOW_SECONDS = 30
"""How long a window may take to appear."""
DELETED_LATER = 60
"""Seconds: an agent that goes on is deleted after thirty, and this machine is busy."""
SETTLES = 0.7
"""Seconds until a window that has appeared takes keys."""
KEYS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall"
KEYS_FOR_ALL = KEYS.replace("HKCU", "HKLM")


class Windows:
    """One person's Windows, as Wine has it."""

    def __init__(self, vendor: Vendor, kits: Path) -> None:
        self.vendor = vendor
        self._kits = kits
        self._setups: dict[tuple[object, ...], Path] = {}
        self.seconds = 0.0
        """How long the last program took."""

    def clean(self) -> None:
        """Wait for agents that go on, then remove what an earlier test left, if it failed."""
        until(lambda: not any(PROGRAMS.glob("*.exitpoll")), seconds=DELETED_LATER)
        for folder in (
            PROGRAMS,
            PROFILE / "AppData/Local/exitpoll",
            DRIVE / "ProgramData/exitpoll",
        ):
            shutil.rmtree(folder, ignore_errors=True)
        for found in (*FOR_ALL.glob("inkwell*"), *PROFILE.glob("Temp/exitpoll-*.json")):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
        for key in self.registered():
            self.wine("reg", "delete", key, "/f")
        for file in (OPENED, UP):
            file.unlink(missing_ok=True)
        BROWSER.write_text('#!/bin/sh\necho "$1" >> /tmp/opened\n')
        BROWSER.chmod(0o755)
        self._seen = len(self.vendor.uninstalls())

    # -- what is made ------------------------------------------------------------------

    def setup(
        self,
        *options: str,
        product: str = "Inkwell",
        version: str = "1.0.0",
        app: str = "inkwell",
        more: str = "",
        without: str = "",
    ) -> Path:
        """Return a setup made of a kit's script, in which what makes it another one is changed."""
        wanted = (options, product, version, app, more, without)
        if wanted not in self._setups:
            folder = self._kits / str(len(self._setups))
            self.vendor.kit("inno", str(folder), *options, product=product)
            script = folder / "setup.iss"
            text = script.read_text("utf-8-sig")
            text = re.sub("(?m)^AppVersion=.*", f"AppVersion={version}", text)
            text = re.sub(r"(?m)^AppId=.*", f"AppId={app}", text)
            text = re.sub(r"(?m)^(DefaultDirName=.*\\).*", rf"\g<1>{app}", text)
            text = re.sub(r"(?m)^OutputBaseFilename=.*", "OutputBaseFilename=setup", text)
            text = text.replace("[Setup]", "[Setup]\nCompression=none", 1)
            if without:
                assert without in text
                text = text.replace(without, "")
            script.write_text(text + more, "utf-8-sig")
            self.compile(script)
            self._setups[wanted] = folder / "setup.exe"
        return self._setups[wanted]

    def compile(self, script: Path) -> None:
        """Run the compiler, which must find nothing wrong."""
        done = self.wine(COMPILER, "/Q", script.name, folder=script.parent)
        assert done.returncode == 0, done.stdout

    # -- what is run -------------------------------------------------------------------

    def wine(self, *command: str | Path, folder: Path = TREE) -> subprocess.CompletedProcess[str]:
        """Run a program that says something to its end."""
        # Through a pipe: the agent is a Python, which does not start with a plain file under Wine.
        script = 'cd "$1" && shift && wine "$@" 2>&1 | cat; exit "${PIPESTATUS[0]}"'
        return subprocess.run(
            [IN_ROOT, "bash", "-c", script, "-", folder, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, errors="replace", check=False, timeout=LONGEST_RUN,
        )  # fmt: skip

    def quietly(self, *command: str | Path) -> int:
        """Run a program with windows to its end, and return its exit code.

        Not through a pipe: the first of them starts the desktop, which would hold it open.
        """
        began = time.monotonic()
        with self._started(*command) as running:
            try:
                code = running.wait(LONGEST_RUN)
            finally:
                self._end(running)
        self.seconds = time.monotonic() - began
        return code

    @staticmethod
    def _started(*command: str | Path, locale: str = "C.UTF-8") -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [IN_ROOT, "wine", *command], env={**os.environ, "WINE_LOCALE": locale},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _end(self, running: subprocess.Popen[bytes]) -> None:
        if running.poll() is None:
            for image in ("setup.exe", "setup.tmp", "unins000.exe", "_unins.tmp"):
                self.wine("taskkill", "/f", "/im", image)
            running.wait(LONGEST_RUN)

    def install(self, setup: Path) -> None:
        """Install with nobody there."""
        assert self.quietly(setup, *SILENT) == 0, LOG.read_text("utf-8", "replace")

    def launch(self, app: str = "inkwell", programs: Path = PROGRAMS) -> None:
        """Start the product as its icon does, and wait until its launch was counted."""
        before = self.vendor.launches()
        self.wine("cmd", "/c", programs / app / "inkwell.cmd")
        until(lambda: self.vendor.launches() > before)

    def uninstall(self, app: str = "inkwell", programs: Path = PROGRAMS) -> str:
        """Uninstall with nobody there and return what the uninstaller wrote down."""
        LOG.unlink(missing_ok=True)
        began = time.monotonic()
        self.quietly(programs / app / "unins000.exe", *SILENT)
        until(has_ended)
        self.seconds = time.monotonic() - began
        sys.stdout.write(f"uninstalled in {self.seconds:.1f} s\n")
        return LOG.read_text("utf-8", "replace")

    @contextmanager
    def shown(self, program: Path, *options: str, locale: str = "C.UTF-8") -> Iterator[None]:
        """Start a setup or an uninstaller at which somebody sits; afterwards it must have ended."""
        LOG.unlink(missing_ok=True)
        with self._started(program, LOGGED, *options, locale=locale) as running:
            try:
                yield
                until(has_ended)
                running.wait(LONGEST_RUN)
            finally:
                self._end(running)

    @contextmanager
    def running(self, program: Path) -> Iterator[None]:
        """Have somebody else run a program meanwhile."""
        with self._started(program) as running:
            try:
                until(UP.exists)
                yield
            finally:
                self.wine("taskkill", "/f", "/im", program.name)
                running.wait(LONGEST_RUN)

    # -- the person --------------------------------------------------------------------

    def window(self, title: str) -> str:
        """Wait for the window on top to be called so, and return its id."""

        def found() -> str:
            return self._desk("getactivewindow", "getwindowname").strip()

        until(lambda: found() == title, lambda: f"the window is {found()!r}, not {title!r}")
        time.sleep(SETTLES)
        return self._desk("getactivewindow").strip()

    def next_window(self, title: str, before: str) -> str:
        """Wait for another window of this title."""
        until(lambda: self._desk("getactivewindow").strip() != before)
        return self.window(title)

    def keys(self, *keys: str) -> None:
        """Press one key after the other."""
        for key in keys:
            self._desk("key", "--clearmodifiers", key)
            time.sleep(0.15)

    def close(self, key: str) -> None:
        """Press the key of the last window's button, which will be there in the end."""

        def is_over() -> bool:
            self.keys(key)
            return has_ended()

        until(is_over)

    def type(self, text: str) -> None:
        self._desk("type", "--delay", "40", text)

    def picture(self, name: str) -> None:
        """Photograph the screen."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [IN_ROOT, "import", "-window", "root", f"png:{PICTURES / name}.png"], check=True
        )

    @staticmethod
    def _desk(*arguments: str) -> str:
        return subprocess.run(
            [IN_ROOT, "xdotool", *arguments], capture_output=True, text=True, check=False
        ).stdout

    # -- what came of it ---------------------------------------------------------------

    def told(self, wanted: int = 0) -> list[dict[str, object]]:
        """Wait for so many uninstalls, and return those that were stored since this test began.

        On a machine that is slow just then the uninstaller does not wait for its agent.
        """
        until(lambda: len(self.vendor.uninstalls()) >= self._seen + wanted)
        return self.vendor.uninstalls()[self._seen :]

    def pages(self) -> list[str]:
        """Return the paths that the browser was given."""
        lines = OPENED.read_text().split() if OPENED.exists() else []
        return [urlsplit(line).path for line in lines]

    def registered(self) -> list[str]:
        """Return the keys of what Windows calls installed by Inno Setup."""
        listed = [self.wine("reg", "query", keys).stdout for keys in (KEYS, KEYS_FOR_ALL)]
        return [
            line.strip() for line in "\n".join(listed).splitlines() if line.strip().endswith("_is1")
        ]

    def assert_nothing_is_left(self, app: str = "inkwell", programs: Path = PROGRAMS) -> None:
        """Look that the product's folder, the agent's and what Windows knew are gone."""
        until(
            lambda: not (programs / app).exists(),
            lambda: str(list((programs / app).rglob("*"))[:9]),
        )
        assert not [key for key in self.registered() if key.endswith(f"\\{app}_is1")]


def has_ended() -> bool:
    """Whether the setup or uninstaller has: what is started is only what starts it."""
    return LOG.exists() and "Log closed." in LOG.read_text("utf-8", "replace")


def until(
    holds: Callable[[], bool],
    otherwise: Callable[[], str] = lambda: "it never came",
    seconds: float = WINDOW_SECONDS,
) -> None:
    """Wait for something to become true, or fail."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, otherwise()
        time.sleep(0.2)
