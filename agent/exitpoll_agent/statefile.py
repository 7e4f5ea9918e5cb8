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

from filelock import FileLock

FORMAT = 1
"""Grows only where an older agent would misread the file; new fields alone do not need it."""

LOCK_NAME = "lock"
LOCK_WAIT_SECONDS = 5.0
"""Twenty products started at once are through in about a second; the rest is for slow disks.
The lock is never held while something is sent, and nobody should wait longer for a count."""
LOCK_POLL_SECONDS = 0.01
"""A count holds the lock for a few milliseconds; the usual 50 would be mostly waiting."""

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
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, made where it is missing, against every other process.

    Raises:
        OSError: the folder cannot be made, or the lock was not free in time.
    """
    make_private(folder)
    lock = FileLock(folder / LOCK_NAME, mode=0o600)
    with lock.acquire(timeout=LOCK_WAIT_SECONDS, poll_interval=LOCK_POLL_SECONDS):
        yield


def read(path: Path, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Return what `parse` makes of the file; None where there is none.

    Raises:
        DamagedError: it cannot be parsed.
        NewerError: it is of a format not known here.
        OSError: it is there and cannot be read.
    """
    try:
        text = _patiently(path.read_bytes)
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
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    path.rename(aside)


def write(path: Path, value: Mapping[str, object]) -> None:
    """Replace the file, under the lock: a crash at any point leaves the old or the new one."""
    # One fixed name: what a killed process left behind is simply written over.
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps({"format": FORMAT, **value}, indent=1).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    _patiently(lambda: temporary.replace(path))
    _sync_folder(path.parent)


def _patiently(step: Callable[[], T]) -> T:
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


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # a folder cannot be opened there, and NTFS journals the rename
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
