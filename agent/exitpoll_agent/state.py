"""The state of one product in one person's profile: read as it is, or held while it changes.

`counter.json` is replaced whole, and the one before is kept. What a launch with nothing to send
counts is a line in the tally beside it (`order`), which the next change takes in. A tally has a
number; the counter knows which one it has yet to take in, so none is taken in twice, and a counter
older than its tally came out of a backup.
"""

from __future__ import annotations

import contextlib
from collections import Counter as Counted
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from exitpoll_agent import consents, counterfile, installation, lock, order, statefile, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.installation import Installation
from exitpoll_agent.lock import Lock

LEAVING_NAME = "counter.leaving.json"
"""The counter of an installation that is being uninstalled, until that is taken back or final."""
OLD_NAME = "counter.old.json"
NAMES = (counterfile.NAME, LEAVING_NAME, OLD_NAME)
"""Where a counter may be, the newest first."""
TALLY_PREFIX = "tally-"
"""Then a number, which grows with every change of the counter."""


@dataclass
class Held:
    """The counter while the lock is held; what is put here is what is written."""

    counter: Counter
    installation: Installation


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A counter as it was found, and where it was."""

    counter: Counter
    tally: int = 0
    """The tally that it has yet to take in."""
    lock: str = ""
    """The identity of the lock beside which it was written."""


@contextmanager
def held(
    config: Config, now: datetime, *, wait_seconds: float = lock.WAIT_SECONDS
) -> Iterator[Held]:
    """Hold the state, begun now if there is none, and write what becomes of it.

    Nothing is written of the counter where the block raises.

    Raises:
        statefile.NewerError: a newer agent's state is there, and is left alone.
        OSError: the folder cannot be locked or written.
    """
    folder = config.state_folder
    with statefile.locked(folder, wait_seconds) as taken:
        consents.heal(folder)
        _take_back(folder)
        here = installation.ensure(config, now, lambda: _known_to_counter(folder))
        found = _found(folder, here.installation_id)
        holder = Held(_up_to_date(folder, found, taken) or begun_anew(here, now), here)
        yield holder
        _write_if_changed(folder, holder.counter, found, taken)


@contextmanager
def held_again(
    config: Config, before: Held, wait_seconds: float = lock.WAIT_SECONDS
) -> Iterator[Held | None]:
    """Hold the state as it is since; None where it was erased, or taken over, meanwhile.

    Raises:
        statefile.StateError, OSError: as `held`.
    """
    folder = config.state_folder
    with statefile.locked(folder, wait_seconds) as taken:
        found = _found(folder, before.installation.installation_id)
        counter = _up_to_date(folder, found, taken)
        if counter is None or counter.counter != before.counter.counter:
            yield None
            return
        holder = Held(counter, before.installation)
        yield holder
        _write_if_changed(folder, holder.counter, found, taken)


def read_counter(folder: Path) -> Counter | None:
    """Return the counter of a state folder, changing nothing; None where there is none.

    Raises:
        statefile.StateError: there is one, which cannot be read.
    """
    found = (statefile.read(folder / name, _parsed) for name in NAMES)
    stored = next((stored for stored in found if stored is not None), None)
    return None if stored is None else _with_tally(stored.counter, folder, stored.tally)


def set_aside(folder: Path, wait_seconds: float) -> None:
    """Rename the counter of an installation that is being uninstalled; `held` takes it back.

    Raises:
        statefile.StateError: it cannot be read, and is left alone.
        OSError: it cannot be renamed.
    """
    path = folder / counterfile.NAME
    with statefile.locked(folder, wait_seconds):
        if statefile.read(path, _parsed) is not None:
            path.replace(folder / LEAVING_NAME)


def delete(folder: Path) -> None:
    """Delete the counts, then the id, with all that was put aside of them, under the lock.

    By name: the folder may be one that other programs use too. The id goes last, so that after
    a crash it can be repeated.
    """
    own = folder / installation.NAME
    tallies = folder.glob(f"{TALLY_PREFIX}*")
    counters = (folder / name for name in NAMES)
    for file in (*counters, *tallies, statefile.copy_of(own), own):
        for left_over in (*folder.glob(f"{file.name}.corrupt-*"), folder / f"{file.name}.new"):
            left_over.unlink(missing_ok=True)
        file.unlink(missing_ok=True)


def open_tally(folder: Path) -> tuple[Counter, Path] | None:
    """Return the counter and the tally that it will take in next, which is there, under the lock.

    None where there is no counter.

    Raises:
        statefile.StateError, OSError: the counter cannot be read, or the tally not be made.
    """
    stored = statefile.read(folder / counterfile.NAME, _parsed)
    if stored is None:
        return None
    tally = folder / f"{TALLY_PREFIX}{stored.tally}"
    tally.touch(mode=0o600)  # a process that was killed may have left that to us
    return _with_tally(stored.counter, folder, stored.tally), tally


# -- what is found -------------------------------------------------------------------------


def _take_back(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (folder / LEAVING_NAME).replace(folder / counterfile.NAME)


def _known_to_counter(folder: Path) -> UUID | None:
    """Return the installation that the counts are of: a third place that remembers the id."""
    for name in NAMES:
        try:
            stored = statefile.read(folder / name, _parsed)
        except statefile.DamagedError:
            continue
        if stored is not None:
            return stored.counter.installation_id
    return None


def _found(folder: Path, installation_id: UUID) -> _Stored | None:
    for name in NAMES:
        stored = statefile.read_or_put_aside(folder / name, _parsed)
        if stored is None:
            continue
        if stored.counter.installation_id == installation_id:
            return stored
        # Counts confirmed for another installation would be counted twice under this one.
        statefile.put_aside(folder / name)
    return None


def _up_to_date(folder: Path, found: _Stored | None, taken: Lock) -> Counter | None:
    """Take in what was tallied since, and take over from a counter that came out of a backup."""
    if found is None:
        return None
    counter = _with_tally(found.counter, folder, found.tally)
    later = [number for number in _tallies(folder) if number > found.tally]
    if not later and found.lock == taken.identity:
        return counter
    counter = counter.succeeded()
    for number in later:
        counter = _with_tally(counter, folder, number)
    return counter


def _tallies(folder: Path) -> list[int]:
    names = (path.name.removeprefix(TALLY_PREFIX) for path in folder.glob(f"{TALLY_PREFIX}*"))
    return sorted(int(name) for name in names if name.isdecimal())


def _with_tally(counter: Counter, folder: Path, number: int) -> Counter:
    """Count the launches of a tally: a line each, its UTC day and version."""
    try:
        lines = (folder / f"{TALLY_PREFIX}{number}").read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return counter
    for line, times in Counted(lines.split("\n")).items():
        day, _, version = line.partition(" ")
        # A line that was cut off by the loss of power says nothing.
        with contextlib.suppress(ValueError):
            at = datetime.combine(date.fromisoformat(day), time(), tzinfo=wire.UTC)
            if version.endswith(order.END):
                counter = counter.counted(version.removesuffix(order.END), at, times)
    return counter


# -- what is written -----------------------------------------------------------------------


def _write_if_changed(folder: Path, counter: Counter, found: _Stored | None, taken: Lock) -> None:
    if found is not None and counter == found.counter:
        return
    tallies = _tallies(folder)
    number = max(*tallies, 0 if found is None else found.tally, 0) + 1
    value = {**counterfile.plain(counter), "tally": number, "lock": taken.identity}
    statefile.write(folder / counterfile.NAME, value, keep=folder / OLD_NAME)
    # Only now: until here the launches of the old tally stand nowhere else.
    (folder / f"{TALLY_PREFIX}{number}").touch(mode=0o600)
    for old in tallies:
        (folder / f"{TALLY_PREFIX}{old}").unlink(missing_ok=True)


def begun_anew(here: Installation, now: datetime) -> Counter:
    """Return a counter that has counted nothing yet."""
    return Counter(counter=uuid4(), installation_id=here.installation_id, counted_since=now)


def _parsed(value: Mapping[str, Any]) -> _Stored:
    return _Stored(
        counter=counterfile.parsed(value), tally=int(value["tally"]), lock=str(value["lock"])
    )
