"""A product that has its launches counted, by the agent as a library: no program, no kit."""

from __future__ import annotations

import sys
from pathlib import Path

# -- exitpoll: begin
import exitpoll_agent


def count_launch() -> None:
    """Count this launch. Returns at once, and raises nothing."""
    settings = Path(__file__).absolute().parent / "exitpoll" / "exitpoll.toml"
    exitpoll_agent.launch(config=settings)


# -- exitpoll: end


def main() -> None:
    """Do what the product is for."""
    count_launch()  # exitpoll: the call
    sys.stdout.write("Inkwell: nothing to write about yet\n")


if __name__ == "__main__":
    main()
