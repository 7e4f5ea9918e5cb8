"""The journal of erasures: a file outside of the database, for a database that comes back.

A backup of yesterday does not know whom today erased. Each erasure is therefore a line of this
file too, and whoever opens a database carries out what it lacks.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from exitpoll_server.store import files
from exitpoll_server.store.engine import StoreError

_LINE = re.compile(r"(\S+) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{4}-\S+Z)")
"""An instant ends with Z: one that is cut is none."""

log = logging.getLogger(__name__)


class Erased(NamedTuple):
    """An installation that was erased, as it is written: there may be many, and few are read."""

    product_key: str
    """Which no other database gives anew, as it does with the numbers of its rows."""
    installation_id: str
    at: str

    @property
    def name(self) -> tuple[str, str]:
        """What tells one erasure from another; asked for twice it is the same."""
        return self.product_key, self.installation_id


class Journal:
    """The file. Several processes may append to the same; nothing is ever taken out of it."""

    def __init__(self, file: Path) -> None:
        """Make the file if there is none: that it cannot be written is said at the start.

        Raises:
            StoreError: it cannot be read and written.
        """
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self.append(())
            self._lines()
        except OSError as error:
            why = error.strerror
            raise StoreError(f"the journal of erasures {file} cannot be used: {why}") from error

    def append(self, erased: Iterable[Erased]) -> None:
        """Write erasures down; when this returns they are durable.

        Raises:
            OSError: they may be not, and none may be answered as erased.
        """
        # Each begins a line of its own: what was before may be cut.
        lines = "".join("\n" + " ".join(one) + "\n" for one in erased)
        files.append(self._file, lines.encode("ascii"))

    def read(self) -> list[Erased]:
        """Return every erasure, the first first; a line that a crash cut was never answered."""
        found = []
        for number, line in enumerate(self._lines(), 1):
            whole = _LINE.fullmatch(line)
            if whole:
                found.append(Erased(*whole.groups()))
            elif line:
                log.warning("line %d of %s is no erasure; passed over", number, self._file)
        return found

    def _lines(self) -> list[str]:
        return self._file.read_text("ascii", errors="replace").splitlines()
