"""Writes a table to a file that is whole when it has its name, or to standard output."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from exitpoll_server.store import files
from exitpoll_server.tables import Table
from exitpoll_server.transfer.lines import write_csv, write_jsonl
from exitpoll_server.transfer.xlsx import DoesNotFitError, write_xlsx

Format: TypeAlias = Literal["csv", "xlsx", "jsonl"]

WRITERS: dict[Format, Callable[[Table, BinaryIO], int]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "jsonl": write_jsonl,
}


class ExportError(Exception):
    """The table was not written; says why, and what to do."""


def write(table: Table, out: Path, *, format_: Format) -> int:
    """Write a table into a file of this name, for its owner alone, and return how many rows.

    The file is made beside its name and then renamed: until all of it is durable, what had the name
    before still has it.

    Raises:
        ExportError: the file cannot be written, or the table does not fit into this format.
    """
    try:
        with _beside(out) as file:
            return WRITERS[format_](table, file)
    except DoesNotFitError as error:
        raise ExportError(f"{out} was not written: {error}") from None
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror or error}") from None


@contextmanager
def _beside(out: Path) -> Iterator[BinaryIO]:
    if out.exists() and not out.is_file():
        raise ExportError(f"cannot write {out}: it is no file; name one, or - for standard output")
    out = out.resolve()  # a link goes on leading to where it led
    out.parent.mkdir(parents=True, exist_ok=True)
    # Made by mkstemp: it gets a name that nobody has, and only its owner may read it.
    opened, name = tempfile.mkstemp(prefix=f".{out.name[:100]}.", dir=out.parent)
    try:
        with os.fdopen(opened, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, out)  # noqa: PTH105 - as a string it is what mkstemp made
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    files.sync_folder(out.parent)
