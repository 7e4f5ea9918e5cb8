"""State files: read and replaced whole, put aside when damaged; the dearest are kept twice."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from exitpoll_agent import lock
from exitpoll_agent.lock import Lock

FORMAT = 1
"""Grows only where an older agent would misread the file; new fields alone do not need it."""

MAX_PUT_ASIDE = 3
"""Enough to see what went wrong; a disk that damages files again and again must not fill up."""

HELD_SECONDS = 1.0
"""Windows neither replaces nor opens a file that another program holds. Virus scanners hold a new
one for some milliseconds; who holds it longer has it open to stay, and a person may be waiting."""
HELD_POLL_SECONDS = 0.02

T = TypeVar("T")


class StateError(Exception):
    """A state file cannot be used; the sentence names it."""


class DamagedError(StateError):
    """The file is cut or altered."""


class NewerError(StateError):
    """The file was written by a newer agent, and is left as it is for that one's return."""


@contextmanager
def locked(folder: Path, wait_seconds: float = lock.WAIT_SECONDS) -> Iterator[Lock]:
    """Hold the folder, made where it is missing, against every other process.

    Raises:
        OSError: the folder cannot be made, or the lock was not free in time.
    """
    make_private(folder)
    with Lock(folder, wait_seconds) as held:
        yield held


def read(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Return what `parse` makes of the file; None where there is none.

    Raises:
        DamagedError: it cannot be parsed.
        NewerError: it is of a format not known here.
        OSError: it is there and cannot be read.
    """
    try:
        text = patiently(path.read_bytes)
    except FileNotFoundError:
        return None
    try:
        value = json.loads(text)
        known = value["format"] <= FORMAT
        parsed = parse(value) if known else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"the state file {path} is damaged ({error!r})") from error
    if not known:
        raise NewerError(f"the state file {path} was written by a newer agent")
    return parsed


def read_or_put_aside(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Read as `read` does, under the lock, and put a damaged file aside: then there is none."""
    try:
        return read(path, parse)
    except DamagedError:
        put_aside(path)
        return None


def put_aside(path: Path) -> None:
    """Rename a file to the first free `<name>.corrupt-<n>`, for whoever wants to look at it."""
    names = [path.with_name(f"{path.name}.corrupt-{n + 1}") for n in range(MAX_PUT_ASIDE)]
    path.replace(next((name for name in names if not name.exists()), names[-1]))


def write(path: Path, value: Mapping[str, object], *, keep: Path | None = None) -> None:
    """Replace the file, under the lock: a crash at any point leaves the old or the new one.

    Args:
        path: the file.
        value: what it is to hold.
        keep: where the old one goes; a crash at one point leaves it there alone.
    """
    # One fixed name: what a killed process left behind is simply written over.
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | lock.BINARY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(as_json(value).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    if keep is not None and path.exists():
        patiently(lambda: path.replace(keep))
    patiently(lambda: temporary.replace(path))
    sync_folder(path.parent)


def as_json(value: Mapping[str, object]) -> str:
    """Return what a state file holds."""
    return json.dumps({"format": FORMAT, **value}, separators=(",", ":")) + "\n"


def patiently(step: Callable[[], T]) -> T:
    """Try again for a while, on Windows, where another program holds the file just now."""
    until = time.monotonic() + HELD_SECONDS
    while True:
        try:
            return step()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() >= until:
                raise
        time.sleep(HELD_POLL_SECONDS)


def make_private(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for their owner alone."""
    for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


# -- what nobody could make again is kept twice --------------------------------------------


def copy_of(path: Path) -> Path:
    """Return where the second one is kept: `installation.copy.json`."""
    return path.with_name(f"{path.stem}.copy{path.suffix}")


def read_twice(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Read the file, or its copy where the file is missing or damaged; None where both are missing.

    Raises:
        DamagedError: neither is sound.
        NewerError, OSError: as `read`.
    """
    try:
        first = read(path, parse)
    except DamagedError:
        second = read(copy_of(path), parse)
        if second is None:
            raise
        return second
    return read(copy_of(path), parse) if first is None else first


def heal(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Read as `read_twice` does, under the lock, and make both say what the sound one says.

    What is damaged is put aside; where that is both, then there is none.
    """
    copy = copy_of(path)
    first, second = read_or_put_aside(path, parse), read_or_put_aside(copy, parse)
    if first is None and second is not None:
        write(path, json.loads(copy.read_bytes()))
        return second
    if first != second:
        write(copy, json.loads(path.read_bytes()))
    return first


def write_twice(path: Path, value: Mapping[str, object]) -> None:
    """Replace the file, then its copy."""
    write(path, value)
    write(copy_of(path), value)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or made in a folder survive the loss of power."""
    if sys.platform == "win32":  # a folder cannot be opened there, and NTFS journals the rename
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
