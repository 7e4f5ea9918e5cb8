"""The samples of installer/launching/, made into products that can be started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "installer" / "launching"
COMPILING_SECONDS = 120
"""Longer than any compiler takes for a page that is not stuck."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """How to make a product of a sample, and how to start it; `{out}` is its folder."""

    sample: str
    compiled_by: tuple[tuple[str, ...], ...] = ()
    started_by: tuple[str, ...]
    packages: str = ""
    """Debian's, which have what it takes."""
    has_own_session: bool = True
    """Whether the agent has a session of its own: no Ctrl-C of the product's reaches it."""
    keeps_files: bool = True
    """Whether the agent holds no file that the product was given open."""

    @property
    def is_at_hand(self) -> bool:
        """Whether all that it takes is installed."""
        commands = (*self.compiled_by, self.started_by)
        return all(shutil.which(command[0]) or command[0][0] == "{" for command in commands)

    def build(self, out: Path) -> None:
        """Make the product in a new folder; a warning of the compiler's is an error."""
        out.mkdir()
        shutil.copyfile(SAMPLES / self.sample, out / self.sample)
        for command in self.compiled_by:
            done = subprocess.run(
                _filled(command, out), cwd=out, capture_output=True, text=True, check=False,
                timeout=COMPILING_SECONDS,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr

    def command(self, out: Path) -> list[str]:
        """Return how the product in a folder is started."""
        return _filled(self.started_by, out)


def _filled(command: tuple[str, ...], out: Path) -> list[str]:
    return [word.replace("{out}", str(out)) for word in command]


CPP = ("-std=c++11", "-Wall", "-Wextra", "-Werror", "{out}/inkwell.cpp", "-o")

LANGUAGES = {
    "c++": Language(
        sample="inkwell.cpp",
        compiled_by=(("g++", *CPP, "{out}/inkwell"),),
        started_by=("{out}/inkwell",),
        packages="g++",
    ),
    "c#": Language(
        sample="Inkwell.cs",
        compiled_by=(("mcs", "-warnaserror", "-out:{out}/Inkwell.exe", "{out}/Inkwell.cs"),),
        started_by=("mono", "{out}/Inkwell.exe"),
        packages="mono-mcs, mono-runtime",
        has_own_session=False,
    ),
    "pascal": Language(
        sample="inkwell.dpr",
        compiled_by=(("fpc", "-v0ew", "-Sew", "-o{out}/inkwell", "{out}/inkwell.dpr"),),
        started_by=("{out}/inkwell",),
        packages="fp-compiler",
    ),
    "java": Language(
        sample="Inkwell.java",
        compiled_by=(
            ("javac", "-Xlint:all", "-Werror", "-d", "{out}/classes", "{out}/Inkwell.java"),
            ("jar", "--create", "--file", "{out}/inkwell.jar", "--main-class", "Inkwell",
             "-C", "{out}/classes", "."),
        ),
        started_by=("java", "-jar", "{out}/inkwell.jar"),
        packages="default-jdk-headless",
        has_own_session=False,
    ),
    "electron": Language(
        sample="inkwell.js", started_by=("node", "{out}/inkwell.js"), packages="nodejs",
        keeps_files=False,  # Node.js hands on what it was handed; its own files it does not
    ),
    "python": Language(
        sample="inkwell.py",
        started_by=(sys.executable, "-X", "dev", "-W", "error", "{out}/inkwell.py"),
    ),
}  # fmt: skip
"""Those that start the agent as a program, on this system."""

LIBRARY = Language(
    sample="inkwell_library.py",
    started_by=(sys.executable, "-X", "dev", "-W", "error", "{out}/inkwell_library.py"),
)

WINDOWS = Language(
    sample="inkwell.cpp",
    compiled_by=(("x86_64-w64-mingw32-g++", "-static", *CPP, "{out}/inkwell.exe"),),
    started_by=("wine", "{out}/inkwell.exe"),
    packages="g++-mingw-w64-x86-64-win32, wine, wine64",
)
"""C++ for Windows; `installer/wine.sh` sets up what starts it."""
