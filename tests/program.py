"""The agent as the tests start it: the library, or the frozen program of `make bundle`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FROZEN = Path(path).absolute() if (path := os.environ.get("EXITPOLL_TEST_AGENT")) else None
"""The frozen program to test; None where the library is tested."""

AGENT: tuple[str, ...] = (str(FROZEN),) if FROZEN else (sys.executable, "-m", "exitpoll_agent")
"""How to start it as a module of this Python, where it is not frozen."""

INSTALLED = FROZEN or Path(sys.executable).parent / "exitpoll-agent"
"""The program that a product would start."""
