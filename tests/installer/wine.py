"""What the tests run under Wine: how it is started, and a program that stands in for the agent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WINE = Path(__file__).parents[2] / "installer" / "wine.sh"
SOURCE = Path(__file__).with_name("stand_in.cpp")
COMPILER = "x86_64-w64-mingw32-g++"
SECONDS = 120
"""Longer than the first start of Wine takes, or a compiler."""


def stand_in(folder: Path) -> Path:
    """Compile it into a folder, and return the program."""
    program = folder / "stand-in.exe"
    subprocess.run(
        [COMPILER, "-static", "-mwindows", "-o", program, SOURCE], check=True, timeout=SECONDS
    )
    return program


@contextmanager
def wine_up() -> Iterator[None]:
    """Keep Wine running: whoever starts it leaves it their pipes."""
    nothing = subprocess.DEVNULL
    keeper = subprocess.Popen(
        [WINE, "cmd", "/c", "pause"], stdin=subprocess.PIPE, stdout=nothing, stderr=nothing
    )
    try:
        subprocess.run(
            [WINE, "cmd", "/c", "ver"],
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            check=True,
            timeout=SECONDS,
        )
        yield
    finally:
        keeper.communicate(b"\r\n", timeout=SECONDS)
