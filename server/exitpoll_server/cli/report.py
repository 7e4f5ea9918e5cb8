"""`exitpoll report`: how many left, how many spoke, who merely stopped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.cli.options import (
    find_product,
    open_store,
    sum_up,
    takes_quiet,
    takes_segment,
    takes_threshold,
    takes_window,
    window,
)
from exitpoll_server.cli.output import write_table
from exitpoll_server.transfer.writing import Format

TEXTS = {"text": render.as_text, "json": render.as_json, "html": render.as_page}
TABLES: tuple[Format, ...] = ("csv", "xlsx")
"""The figures alone, to be calculated with; JSON has all of the report already."""


@click.command()
@click.option("--product", required=True, help="The product's name.")
@takes_window
@takes_threshold
@takes_segment
@takes_quiet
@click.option(
    "--format",
    "format_",
    type=click.Choice([*TEXTS, *TABLES]),
    default="text",
    show_default=True,
    help="csv and xlsx have a row a figure.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a file."
)
def report(  # noqa: PLR0913 - one parameter an option
    *,
    product: str,
    as_of: datetime | None,
    start: datetime | None,
    end: datetime | None,
    stopped_after: int | None,
    where: dict[str, str],
    quiet: bool,
    format_: str,
    out: Path | None,
) -> None:
    """Compare uninstalls with comments, and show who merely stopped.

    Instants are ISO 8601; a day means its beginning, and without an offset they are UTC.
    """
    about = window(as_of, start, end)
    with open_store() as store:
        found = find_product(store, product)
        sum_up(store, found, quiet=quiet)
        counts = store.counts(
            found,
            about,
            stopped_after_days=stopped_after or found.stopped_after_days,
            most_lines=reports.MOST_LINES,
            where=where,
        )
    made = reports.make(counts)
    for table_format in TABLES:
        if format_ == table_format:
            write_table(render.as_table(made), out, format_=table_format, quiet=quiet)
            return
    _write(TEXTS[format_](made), out, quiet=quiet)


def _write(text: str, out: Path | None, *, quiet: bool) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {out}: {error.strerror}") from None
    if not quiet:
        click.echo(f"Wrote {out}", err=True)
