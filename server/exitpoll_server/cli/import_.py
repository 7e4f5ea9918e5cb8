"""`exitpoll import`: a vendor's own records from a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast, get_args

import click

from exitpoll_server import clock
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.transfer.importing import Kind, Outcome, import_rows
from exitpoll_server.transfer.table import Table

MOST_REFUSED_SHOWN = 20
"""Enough to see what is wrong with a file; the count says how many more there are."""

RECORDS = {
    "launches": "days of use",
    "installations": "installations",
    "uninstalls": "uninstalls",
    "responses": "responses",
}


@click.command("import")
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--product", required=True, help="The product's name.")
def import_(kind: str, file: Path, product: str) -> None:
    """Merge the rows of a CSV file. The same file twice changes nothing.

    The first line names the columns: installation_id and at (ISO 8601) or installed_at; and, where
    known, version, channel, os, arch, locale, edition, source, customer, launches, reason,
    comment, score. Further columns of installations become attributes. A file holds whole days.
    """
    with open_store() as store:
        found = find_product(store, product)
        quiet = not sys.stderr.isatty()
        with click.progressbar(
            length=max(1, file.stat().st_size), label="Reading", file=sys.stderr, hidden=quiet
        ) as read:
            table = Table(
                path=file,
                now=clock.now(),
                keep_attributes=kind == "installations",
                on_bytes=read.update,
            )
            rows = list(table)
        installations = max(1, len({row.installation_id for row in rows}))
        with click.progressbar(
            length=installations, label="Storing", file=sys.stderr, hidden=quiet
        ) as stored:
            outcome = import_rows(store, found, cast("Kind", kind), rows, on_stored=stored.update)
    _say(kind, outcome, table)


def _say(kind: str, outcome: Outcome, table: Table) -> None:
    click.echo(
        f"{outcome.taken:,} rows taken, merged into {outcome.merged:,} {RECORDS[kind]} "
        f"of {outcome.installations:,} installations; {len(table.refused):,} rows refused."
    )
    if table.unused:
        click.echo(f"Not read: {', '.join(table.unused)}")
    for line, reason in table.refused[:MOST_REFUSED_SHOWN]:
        click.echo(f"  line {line}: {reason}")
    if len(table.refused) > MOST_REFUSED_SHOWN:
        click.echo(f"  and {len(table.refused) - MOST_REFUSED_SHOWN:,} more")
