"""A product that has its launches counted, by the agent as a program of its own."""

from __future__ import annotations

# -- exitpoll: begin
import subprocess
import sys
import threading
from pathlib import Path


def start_exitpoll_agent() -> None:
    """Count this launch. Returns at once, and raises nothing."""
    is_frozen = getattr(sys, "frozen", False)  # by PyInstaller, for one
    folder = Path(sys.executable if is_frozen else __file__).absolute().parent / "exitpoll"
    name = "exitpoll-agentw.exe" if sys.platform == "win32" else "exitpoll-agent"
    try:
        agent = subprocess.Popen(
            [folder / name, "launch"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # which only Windows has
        )
        # Somebody waits for it, so that no zombie is left; the product does not wait for them.
        threading.Thread(target=agent.wait, daemon=True).start()
    except (OSError, RuntimeError):
        pass  # not counted; the product goes on


# -- exitpoll: end


def main() -> None:
    """Do what the product is for."""
    start_exitpoll_agent()  # exitpoll: the call
    sys.stdout.write("Inkwell: nothing to write about yet\n")


if __name__ == "__main__":
    main()
