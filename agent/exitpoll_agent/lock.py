"""The lock of a state folder: one process at a time, given back when its process ends.

Imports next to nothing, because every launch takes it (docs/adr/0007).
"""

from __future__ import annotations

import os
import sys
import time

NAME = "lock"
WAIT_SECONDS = 60.0
"""Two hundred starts at once take most of a minute on two cores, and nobody waits for the program.
The lock is never held while something is sent."""
POLL_SECONDS = 0.005
"""A count holds the lock for a few milliseconds."""
SLOWEST_POLL_SECONDS = 0.1
"""Two hundred who look all the time would leave no time to the one who holds it."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""For `os.open`: without it Windows writes two bytes for the end of a line."""


class Lock:
    """A context manager that holds a folder, which must exist, against every other process.

    Raises on entering:
        OSError: the lock cannot be had, or was not free in time.
    """

    def __init__(self, folder: str | os.PathLike[str], wait_seconds: float = WAIT_SECONDS) -> None:
        self._path = os.path.join(folder, NAME)  # noqa: PTH118 - pathlib costs half a launch
        self._wait_seconds = wait_seconds
        self._descriptor = -1

    def __enter__(self) -> Lock:  # noqa: PYI034 - `Self` would have to be imported
        # Never deleted while in use: who waits for it would wait for another file than the next.
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(time.monotonic() + self._wait_seconds)
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)  # which gives the lock back, as the end of the process would

    @property
    def identity(self) -> str:
        """What tells this lock file from every other: one that came out of a backup differs."""
        found = os.fstat(self._descriptor)
        return f"{found.st_ino:x}-{found.st_ctime_ns:x}"

    def _take(self, until: float) -> None:
        pause = POLL_SECONDS
        while not _is_taken_now(self._descriptor):
            if time.monotonic() >= until:
                raise TimeoutError(f"the lock {self._path} was not free in time")
            time.sleep(pause)
            pause = min(pause * 1.5, SLOWEST_POLL_SECONDS)


if sys.platform == "win32":

    def _is_taken_now(descriptor: int) -> bool:
        import msvcrt  # noqa: PLC0415 - only Windows has it

        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:  # PermissionError, as Windows has it; Wine does not say which
            return False
        return True
else:

    def _is_taken_now(descriptor: int) -> bool:
        import fcntl  # noqa: PLC0415 - Windows lacks it

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
