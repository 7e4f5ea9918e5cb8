"""`exitpoll quarantine add | list | lift`: what came in bad times, out of every report and back."""

from __future__ import annotations

from datetime import datetime

import click

from exitpoll_agent.wire import format_instant
from exitpoll_server import clock
from exitpoll_server.cli.options import Instant, find_product, open_store
from exitpoll_server.store import Exclusion

MAX_NOTE_CHARS = 200
"""A line: who posted what, and how it was noticed."""


@click.group()
def quarantine() -> None:
    """Set aside the installations that came in a time of abuse, and put them back.

    Nothing is deleted, and agents are answered as ever; reports leave them out and say how many.
    """


@quarantine.command()
@click.option("--product", required=True, help="The product's name.")
@click.option(
    "--from", "start", type=Instant(), required=True, help="First heard of from this instant on."
)
@click.option("--to", "end", type=Instant(), required=True, help="… and before this instant.")
@click.option("--note", help="Why; shown by `list`.")
def add(product: str, start: datetime, end: datetime, note: str | None) -> None:
    """Set aside every installation first heard of within a time, with all that it ever sends.

    Installations known before stay as they are: nobody else knows their ids.
    """
    if start >= end:
        raise click.UsageError("--from must be before --to")
    if note is not None and (len(note) > MAX_NOTE_CHARS or not note.isprintable()):
        raise click.UsageError(f"a note has at most {MAX_NOTE_CHARS} printable characters")
    with open_store() as store:
        found = find_product(store, product)
        made = store.quarantine(found, start=start, end=end, note=note, now=clock.now())
    click.echo(f"Quarantine {made.id}: {made.installations:,} installations set aside")


@quarantine.command("list")
def list_() -> None:
    """Print each quarantine, lifted ones too."""
    with open_store() as store:
        for one in store.exclusions():
            click.echo("\t".join(_cells(one)))


@quarantine.command()
@click.argument("id", type=click.IntRange(min=1), metavar="ID")
def lift(id: int) -> None:  # noqa: A002 - what click calls it, and the help
    """Put back what the quarantine ID set aside."""
    with open_store() as store:
        lifted = store.lift(id, clock.now())
    if lifted is None:
        raise click.UsageError(f"no quarantine {id} stands; see: exitpoll quarantine list")
    click.echo(f"Lifted quarantine {id}: {lifted.installations:,} installations put back")


def _cells(one: Exclusion) -> tuple[str, ...]:
    stands = "stands" if one.lifted_at is None else f"lifted {format_instant(one.lifted_at)}"
    times = f"{format_instant(one.start)} to {format_instant(one.end)}"
    return str(one.id), one.product, times, f"{one.installations:,}", stands, one.note or ""
