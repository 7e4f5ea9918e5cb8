"""A Windows desktop under Wine: setups are run on it, and a person's hands are xdotool's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "windows"
PREFIX = BUILT / "desktop"
LOCALES = BUILT / "locales"
PICTURES = ROOT / "build" / "pictures" / "installer"
START = ROOT / "tests" / "wine" / "start"
NEEDED = ("wine", "Xvfb", "xdotool", "openbox", "import", "localedef")
"""Debian: wine wine64 xvfb xdotool openbox imagemagick locales."""

LONGEST_RUN = 1800
"""Seconds for which Wine is kept up: all tests together take a tenth of that."""
PATIENCE = 60.0
"""Seconds for what takes a moment on a machine with nothing else to do."""
DELETED_LATER = 60.0
"""Seconds: an agent that goes on is deleted after thirty, and this machine is busy."""
SETTLED = 0.25
"""Seconds that a window takes to be drawn, and to be ready for a key."""
QUIET: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}


@dataclass(frozen=True)
class Ended:
    """What became of a program."""

    code: int
    seconds: float


class Desktop:
    """One screen and one Wine, for all tests of a run."""

    def __init__(self, folder: Path) -> None:
        self._opened = folder / "opened"
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {self._opened}\n')
        browser.chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "BROWSER": str(browser),
            "LOCPATH": str(LOCALES),
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Desktop:  # noqa: PYI034 - Self is of Python 3.11
        read, write = os.pipe()
        screen = [
            "Xvfb",
            "-displayfd",
            str(write),
            "-screen",
            "0",
            "1024x768x24",
            "-nolisten",
            "tcp",
        ]
        self._processes.append(subprocess.Popen(screen, pass_fds=[write], **QUIET))
        os.close(write)
        with os.fdopen(read) as said:
            self._environment["EXITPOLL_SCREEN"] = self._environment["DISPLAY"] = (
                f":{said.readline().strip()}"
            )
        self._processes.append(subprocess.Popen(["openbox"], env=self._environment, **QUIET))
        if not PREFIX.exists():
            PREFIX.mkdir(parents=True)
            self.run("wineboot", "--init", seconds=180)
            self.run("winecfg", "-v", "win10")
        # Whatever starts Wine leaves its streams with Wine's services, and starts of programs are
        # twice as fast while something runs.
        sleeper = (BUILT / "python" / "python.exe", "-c", f"import time; time.sleep({LONGEST_RUN})")
        self.start(*sleeper)
        self.run("cmd", "/c", "ver")
        return self

    def __exit__(self, *_: object) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "TMPDIR"}
        environment["WINEPREFIX"] = str(PREFIX)
        for option in ("--kill", "--wait"):
            subprocess.run(["wineserver", option], env=environment, check=False, **QUIET)
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    # -- programs ----------------------------------------------------------------------------

    def start(
        self, *command: str | Path, language: str | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a Windows program, for a person of a language ("ru_RU")."""
        environment = dict(self._environment)
        if language is not None:
            environment["EXITPOLL_WINE_LOCALE"] = _made_locale(language)
        process = subprocess.Popen([START, *command], env=environment, cwd=cwd, **QUIET)
        self._processes.append(process)
        return process

    def run(self, *command: str | Path, seconds: float = PATIENCE, **how: Any) -> Ended:
        """Run a Windows program to its end."""
        began = time.monotonic()
        code = self.start(*command, **how).wait(seconds)
        return Ended(code, time.monotonic() - began)

    def said(self, *command: str | Path) -> str:
        """Return what a Windows program prints."""
        return subprocess.run(
            [START, *command], env=self._environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False, timeout=PATIENCE,
        ).stdout  # fmt: skip

    def has_key(self, key: str) -> bool:
        """Whether the registry has a key."""
        return self.run("reg", "query", key).code == 0

    # -- files -------------------------------------------------------------------------------

    @property
    def drive(self) -> Path:
        """The drive C:."""
        return PREFIX / "drive_c"

    @property
    def local(self) -> Path:
        """The person's own folder, %LOCALAPPDATA%."""
        return self._profile / "AppData" / "Local"

    @property
    def temporary(self) -> Path:
        """The person's %TEMP%, where Wine has it."""
        return self._profile / "Temp"

    @property
    def _profile(self) -> Path:
        [profile] = [one for one in (self.drive / "users").iterdir() if one.name != "Public"]
        return profile

    @property
    def opened(self) -> list[str]:
        """The addresses that the browser was given in this test."""
        return self._opened.read_text().splitlines() if self._opened.exists() else []

    def tidy(self) -> None:
        """Wait for agents that go on, and forget what a test left behind."""
        self._closed()
        until(lambda: not any(self.local.glob("Programs/*.exitpoll")), DELETED_LATER)
        self._opened.unlink(missing_ok=True)
        for folder in (self.local / "Programs", self.local / "exitpoll"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.drive / "ProgramData" / "exitpoll", ignore_errors=True)
        for note in self.temporary.glob("exitpoll-*"):
            note.unlink()

    # -- the person --------------------------------------------------------------------------

    def window(self, title: str) -> str:
        """Wait for a window that has been drawn, and return its id."""
        found = until(lambda: self._x("search", "--onlyvisible", "--name", title).split())[-1]
        self._still(found)
        return str(found)

    def windows(self) -> list[str]:
        """Return the titles of the windows that are to be seen."""
        ids = self._x("search", "--onlyvisible", "--name", ".+").split()
        return [self._x("getwindowname", one).strip() for one in ids]

    def goes_on(self, title: str, key: str = "Return") -> None:
        """Press a key in a window, and wait until it shows something else."""
        window = self.window(title)
        before = self._still(window)
        self._x("windowactivate", "--sync", window)
        self._x("key", key)
        self._still(window, other_than=before)

    def presses(self, key: str) -> None:
        """Press a key where the keyboard is."""
        self._x("key", key)
        time.sleep(SETTLED)

    def types(self, text: str) -> None:
        """Type a text where the keyboard is."""
        self._x("type", "--delay", "20", text)
        time.sleep(SETTLED)

    def clicks(self, title: str, place: tuple[int, int]) -> None:
        """Click into a window; below 0 it is counted from the right, and from below."""
        window = self.window(title)
        said = self._x("getwindowgeometry", "--shell", window).split()
        size = dict(line.split("=") for line in said)
        x, y = place
        x, y = x % int(size["WIDTH"]), y % int(size["HEIGHT"])
        self._x("mousemove", "--window", window, str(x), str(y), "click", "1")
        time.sleep(SETTLED)

    def photograph(self, title: str, name: str) -> None:
        """Take a picture of a window, for somebody to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        file = PICTURES / f"{name}.png"
        command = ["import", "-window", self.window(title), str(file)]
        subprocess.run(command, env=self._environment, check=True)

    def _still(self, window: str, other_than: bytes | None = None) -> bytes:
        """Wait until a window looks the same for a moment, and return how."""

        def look() -> bytes:
            command = ["import", "-window", window, "gray:-"]
            done = subprocess.run(
                command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True,
                check=False,
            )  # fmt: skip
            return done.stdout

        def same() -> bytes | None:
            first = look()
            time.sleep(SETTLED)
            return first if first == look() != other_than and any(first) else None

        found: bytes = until(same)
        return found

    def _closed(self) -> None:
        """Close every window, as somebody does who pulls the plug."""
        for window in self._x("search", "--onlyvisible", "--name", ".+").split():
            self._x("windowkill", window)

    def _x(self, *command: str) -> str:
        done = subprocess.run(
            ["xdotool", *command], env=self._environment, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout


def missing() -> list[str]:
    """Return what a desktop needs and this machine lacks."""
    lacking = [program for program in NEEDED if shutil.which(program) is None]
    return lacking if (BUILT / "python").exists() else [*lacking, "`make bundle-windows`"]


def until(found: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until something is found, and return it."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return result


def _made_locale(language: str) -> str:
    """Make a locale, which Debian does not bring made, and return its name."""
    name = f"{language}.UTF-8"
    if not (LOCALES / name).exists():
        LOCALES.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            subprocess.run(
                ["localedef", "-i", language, "-f", "UTF-8", LOCALES / name], check=True, **QUIET
            )
    return name
