"""`exitpoll report`: how many left, how many spoke, who merely stopped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from exitpoll_server import clock, render
from exitpoll_server import report as reports
from exitpoll_server.cli.options import Instant, find_product, open_store
from exitpoll_server.counts import Window

FORMATS = {"text": render.as_text, "json": render.as_json, "html": render.as_page}


@click.command()
@click.option("--product", required=True, help="The product's name.")
@click.option("--as-of", type=Instant(), help="What was known then; by default, now.")
@click.option("--from", "start", type=Instant(), help="Only uninstalls from this instant on.")
@click.option("--to", "end", type=Instant(), help="Only uninstalls before this instant.")
@click.option(
    "--stopped-after",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Not launched for so long means stopped; by default the product's own threshold.",
)
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True
)
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write a file."
)
def report(  # noqa: PLR0913 - one parameter an option
    product: str,
    as_of: datetime | None,
    start: datetime | None,
    end: datetime | None,
    stopped_after: int | None,
    format_: str,
    out: Path | None,
) -> None:
    """Compare uninstalls with comments, and show who merely stopped.

    Instants are ISO 8601; a day means its beginning, and without an offset they are UTC.
    """
    if start is not None and end is not None and start >= end:
        raise click.UsageError("--from must be before --to")
    now = clock.now()
    if as_of is not None and as_of > now:
        raise click.UsageError("--as-of lies in the future: nothing is known of it yet")
    with open_store() as store:
        found = find_product(store, product)
        counts = store.counts(
            found,
            Window(as_of=as_of or now, start=start, end=end),
            stopped_after_days=stopped_after or found.stopped_after_days,
            most_lines=reports.MOST_LINES,
        )
    text = FORMATS[format_](reports.make(counts))
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"Wrote {out}", err=True)
