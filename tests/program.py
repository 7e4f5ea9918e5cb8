"""The agent as the tests start it: the library, or the frozen program of `make bundle`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

FROZEN = Path(path).absolute() if (path := os.environ.get("EXITPOLL_TEST_AGENT")) else None
"""The frozen program to test; None where the library is tested."""

ON_WINE = FROZEN is not None and FROZEN.suffix == ".exe" and sys.platform != "win32"
"""Whether that is a Windows program, which runs under Wine here."""

WINE = Path(__file__).parent / "wine" / "start"
"""Starts a Windows program."""

NOBODY = 65534
"""An account that every system has."""

IS_ROOT = sys.platform == "linux" and os.geteuid() == 0

AS_A_PERSON: tuple[str, ...] = (
    (str(shutil.which("setpriv")), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
     "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    if IS_ROOT and not ON_WINE else ()
)  # fmt: skip
"""Root shows no page to anybody: where root runs the tests the agent is started as a person, who
may use root's folders. Windows' programs know nothing of root, and Wine serves one account."""


def starting(program: Path) -> tuple[str, ...]:
    """Return how to start a program that is no script of Python's."""
    return (str(WINE), str(program)) if ON_WINE else (str(program),)


PROGRAM = starting(FROZEN) if FROZEN else (sys.executable, "-m", "exitpoll_agent")
"""How to start it as a module of this Python, where it is not frozen."""

AGENT = (*AS_A_PERSON, *PROGRAM)
"""How a person starts it."""

INSTALLED = starting(FROZEN or Path(sys.executable).parent / "exitpoll-agent")
"""How a product would start it."""
