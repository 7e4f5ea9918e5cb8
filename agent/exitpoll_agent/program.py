"""What `exitpoll-agent` runs: the short way of a launch where there is one, else the long one."""

from __future__ import annotations

import sys

from exitpoll_agent import order


def main() -> int:
    """Run the command line and return its exit code."""
    if order.followed(sys.argv[1:]):
        return 0
    # Imported here: most launches end before this.
    from exitpoll_agent.cli import main as run  # noqa: PLC0415

    return run()
