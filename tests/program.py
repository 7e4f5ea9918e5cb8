"""The agent as the tests start it: the library, or the frozen program of `make bundle`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FROZEN = Path(path).absolute() if (path := os.environ.get("EXITPOLL_TEST_AGENT")) else None
"""The frozen program to test; None where the library is tested."""

ON_WINE = FROZEN is not None and FROZEN.suffix == ".exe" and sys.platform != "win32"
"""Whether that is a Windows program, which runs under Wine here."""

WINE = Path(__file__).parent / "wine" / "start"
"""Starts a Windows program."""


def starting(program: Path) -> tuple[str, ...]:
    """Return how to start a program of a bundle."""
    return (str(WINE), str(program)) if ON_WINE else (str(program),)


AGENT: tuple[str, ...] = starting(FROZEN) if FROZEN else (sys.executable, "-m", "exitpoll_agent")
"""How to start it as a module of this Python, where it is not frozen."""

INSTALLED = starting(FROZEN or Path(sys.executable).parent / "exitpoll-agent")
"""How a product would start it."""
