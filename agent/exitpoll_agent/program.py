"""What `exitpoll-agent` runs: the short way of a launch where there is one, else the long one."""

from __future__ import annotations

import os
import sys
import time

from exitpoll_agent import order

_BEGAN = time.monotonic()

LAUNCHES = (["launch"], ["launch", "--json"])


def main() -> int:
    """Run the command line and return its exit code."""
    given = sys.argv[1:]
    said = order.follow(os.environ) if given in LAUNCHES else None
    if said is not None:
        _write(said[LAUNCHES.index(given)])
        return 0
    # Imported here: most launches end before this.
    from exitpoll_agent.cli import main as run  # noqa: PLC0415

    return run()


def spent_seconds() -> float:
    """Return for how long this program has been running."""
    return time.monotonic() - _BEGAN


def _write(text: str) -> None:
    if sys.stdout is None:  # a program without a console
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):  # it is counted, and nobody listens
        pass
