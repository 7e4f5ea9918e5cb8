"""`make test-inno`: Inno Setup's compiler, and what it makes, run on Debian under 32-bit Wine.

    inno_root.py prepare       make the Debian root, with compiler and Wine prefix, in build/inno/
    inno_root.py run COMMAND   run a command of this system while Wine and a screen are up in there

Needs root, and Debian's packages mmdebstrap and npm. A root of its own, because this system's dpkg
stays as it is: not every mirror has the same version of everything for two architectures.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[1] / "build" / "inno"
ROOT = HERE / "root"
IN_ROOT = Path(__file__).with_name("in_root.sh")

SUITE = "bookworm"
PACKAGES = (
    *("wine", "wine64", "wine32:i386", "locales", "fonts-dejavu-core"),
    *("xvfb", "openbox", "xdotool", "imagemagick"),
)
LOCALES = ("ru_RU", "ar_SA")
"""Beside English, in which Wine shall find a person."""
COMPILER = "innosetup@6.4.1"
"""A package of npm that carries Inno Setup's own compiler."""

MAKING_A_ROOT = 1200
"""Seconds; it takes one to four minutes."""
SHORT_RUN = 120
"""Seconds for one of Wine's own programs; the longest, making a prefix, takes about twenty."""
FIRST = -20
"""Ahead of every other process."""
SCREEN = "1000x800x24"
SCREEN_SECONDS = 20
"""How long a screen may take to come up."""


def main(arguments: list[str]) -> int:
    """Do what the first argument says; the exit code is that of what was run."""
    if arguments == ["prepare"]:
        _make_root()
        _make_prefix()
        return 0
    if arguments[:1] == ["run"] and len(arguments) > 1:
        # An uninstaller gives the agent three seconds, whatever else this machine is doing.
        os.nice(FIRST)
        with _screen_up() as display, _wine_up(display):
            environment = {**os.environ, "DISPLAY": display}
            return subprocess.run(arguments[1:], env=environment, check=False).returncode
    sys.stderr.write(__doc__ or "")
    return 2


# -- the root ------------------------------------------------------------------------------


def _make_root() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    source = f"deb {_mirror()} {SUITE} main"
    _run(
        "mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--architectures=amd64,i386",
        '--aptopt=APT::Install-Recommends "false"', f"--include={','.join(PACKAGES)}",
        SUITE, str(ROOT), source,
    )  # fmt: skip
    for name in LOCALES:
        _run(str(IN_ROOT), "localedef", "-i", name, "-f", "UTF-8", f"{name}.UTF-8")
    _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent",
         f"--prefix={HERE}", COMPILER)  # fmt: skip


def _mirror() -> str:
    """Return where this system gets its packages."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Codename: " + SUITE],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [line.split()[0] for line in told.stdout.splitlines() if line.endswith(" main")]
    if not found:
        raise LookupError(f"apt knows of no mirror of Debian {SUITE}: see /etc/apt/sources.list")
    return found[0]


def _make_prefix() -> None:
    for command in (("wineboot", "--init"), ("winecfg", "-v", "win10")):
        _quietly("", "wine", *command)
    _quietly("", "wineserver", "--wait")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=MAKING_A_ROOT)


# -- what is up while tests run ------------------------------------------------------------


@contextlib.contextmanager
def _screen_up() -> Iterator[str]:
    """Keep a screen with a window manager, without which no window gets the keyboard."""
    ours, theirs = os.pipe()
    screen = subprocess.Popen(
        [IN_ROOT, "Xvfb", "-displayfd", str(theirs), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=(theirs,), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    try:
        with os.fdopen(ours) as told:
            display = f":{told.readline().strip()}"
        manager = _started(display, "openbox")
        time.sleep(1)  # nothing says when it has taken over
        yield display
        manager.terminate()
        manager.wait(SCREEN_SECONDS)
    finally:
        screen.terminate()
        screen.wait(SCREEN_SECONDS)


@contextlib.contextmanager
def _wine_up(display: str) -> Iterator[None]:
    """Keep Wine running by a program that waits: what is started then starts in half the time."""
    sleeper = _started(display, "wine", "cmd", "/c", "pause", stdin=subprocess.PIPE)
    try:
        _quietly(display, "wine", "cmd", "/c", "ver")
        yield
    finally:
        _quietly(display, "wineserver", "--kill")
        sleeper.wait(SHORT_RUN)


def _started(
    display: str, *command: str, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [IN_ROOT, *command], env={**os.environ, "DISPLAY": display},
        stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _quietly(display: str, *command: str) -> None:
    subprocess.run(
        [IN_ROOT, *command], env={**os.environ, "DISPLAY": display}, check=False, timeout=SHORT_RUN,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
