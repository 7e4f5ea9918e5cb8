"""How a command hands out a table: a file or standard output, and how far it has got."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import length_hint
from pathlib import Path
from typing import TypeVar

import click

from exitpoll_server import clock
from exitpoll_server.tables import Table
from exitpoll_server.transfer.writing import WRITERS, Format, write

STDOUT = Path("-")

SOON_SECONDS = 1.0
"""What is done by then needs no progress bar."""

ROWS_A_STEP = 1_000
"""The bar is moved, and the clock read, once in so many rows: both cost more than a row."""

Row = TypeVar("Row")


def write_table(table: Table, out: Path | None, *, format_: Format, quiet: bool = False) -> None:
    """Write a table into a file, or to standard output for None and `-`.

    Raises:
        click.UsageError: XLSX, which is no text, would go to standard output.
        ExportError: it was not written.
    """
    if out not in (None, STDOUT):
        watched_table = dataclasses.replace(table, rows=watched(table.rows, "Writing", quiet=quiet))
        n = write(watched_table, out, format_=format_)
        if not quiet:
            click.echo(f"Wrote {out}: {n:,} {'row' if n == 1 else 'rows'}", err=True)
        return
    if format_ == "xlsx":
        raise click.UsageError("an XLSX file goes to no standard output; name it with --out")
    file = sys.stdout.buffer
    WRITERS[format_](table, file)
    file.flush()


def watched(rows: Iterable[Row], label: str, *, quiet: bool) -> Iterator[Row]:
    """Pass rows on; on a terminal a bar says how many went by, where they take over a second."""
    if quiet or not sys.stderr.isatty():
        yield from rows
        return
    started, bar = clock.elapsed(), None
    with ExitStack() as until_the_end:
        for n, row in enumerate(rows, 1):
            yield row
            if n % ROWS_A_STEP:
                continue
            if bar is None and clock.elapsed() - started > SOON_SECONDS:
                # Its length is not known where the rows are still to come.
                bar = until_the_end.enter_context(
                    click.progressbar(
                        itertools.repeat(None),
                        length=length_hint(rows) or None,
                        label=label,
                        file=sys.stderr,
                    )
                )
                bar.update(n)
            elif bar is not None:
                bar.update(ROWS_A_STEP)
