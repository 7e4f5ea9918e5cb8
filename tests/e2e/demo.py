"""`make demo`: plays the story, shows the report on the terminal and writes it as a page."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.story import AS_OF, BEGIN, PRODUCT, play
from tests.e2e.world import World

OUT = Path("demo") / "report.html"


def main() -> int:
    """Play, report, and end."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="exitpoll-demo-") as folder:
        world = World(Path(folder), BEGIN)
        try:
            server = world.start_server()
            print(f"A real server listens on {server.url}; the people's agents are real too.\n")
            cast = play(world, print)
            report = ("report", "--product", PRODUCT, "--as-of", AS_OF.isoformat())
            print(f"\nThe report of {AS_OF:%d %b}, as the vendor reads it:\n")
            print(world.exitpoll(*report))
            world.exitpoll(*report, "--format", "html", "--out", str(OUT.absolute()))
        finally:
            world.close()
    people, seconds = len(cast.people) + 1, time.monotonic() - began
    print(f"{people} copies, {seconds:.0f} s. The same report as a page: {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
