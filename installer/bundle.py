"""`make bundle`: freezes the agent into a folder and an archive, with licences and sums."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from exitpoll_agent import __version__, machine

ROOT = Path(__file__).parents[1]
SYSTEMS = {"win32": "windows", "darwin": "macos"}
FROZEN_WITH_IT = (
    "certifi", "charset-normalizer", "idna", "platformdirs", "requests", "truststore",
    "urllib3",
)  # fmt: skip


def main() -> int:
    """Build `dist/exitpoll-agent-<version>-<platform>/`, pack it, and print the program's path."""
    system = SYSTEMS.get(sys.platform, sys.platform)
    folder = ROOT / "dist" / f"exitpoll-agent-{__version__}-{system}-{machine.arch()}"
    work = ROOT / "build" / f"frozen-{system}"
    spec = ROOT / "installer" / "agent.spec"
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=ERROR",
         f"--distpath={work}", f"--workpath={work / 'work'}", spec],
        check=True,
    )  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    (work / "exitpoll-agent").rename(folder)
    _add_licences(folder / "licences")
    # For `exitpoll agent add`, whichever system that is run on.
    shutil.make_archive(str(folder), "xztar", folder.parent, folder.name)
    _write_sums(folder.parent)
    program = folder / ("exitpoll-agent.exe" if sys.platform == "win32" else "exitpoll-agent")
    sys.stdout.write(f"{program.relative_to(ROOT).as_posix()}\n")
    return 0


def _add_licences(folder: Path) -> None:
    """Put the licences beside what they are of: those of the libraries ask for it."""
    folder.mkdir()
    shutil.copyfile(ROOT / "LICENSE", folder / "exitpoll.txt")
    shutil.copyfile(_licence_of_python(), folder / "python.txt")
    for name in FROZEN_WITH_IT:
        files = [
            f for f in metadata.files(name) or () if f.name.upper().startswith(("LICEN", "NOTICE"))
        ]
        if not files:
            raise FileNotFoundError(f"{name} brings no licence")
        (folder / f"{name}.txt").write_text("\n".join(f.read_text() for f in files), "utf-8")


def _licence_of_python() -> Path:
    # As `license()` looks for it: beside the library, or where Python is installed.
    places = [Path(os.__file__).parent, Path(sys.base_prefix)]
    return next(place / "LICENSE.txt" for place in places if (place / "LICENSE.txt").exists())


def _write_sums(folder: Path) -> None:
    """Write SHA256SUMS for `sha256sum --check`, over every bundle and archive that lies here."""
    inside = folder.glob("exitpoll-agent-*/**/*")
    files = sorted(file for file in (*inside, *folder.glob("*.tar.xz")) if file.is_file())
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n"
        for file in files
    ]
    # As bytes: sha256sum takes the line end of a Windows text for a part of the name.
    (folder / "SHA256SUMS").write_bytes("".join(lines).encode())


if __name__ == "__main__":
    sys.exit(main())
