"""`exitpoll quarantine add | list | lift`: what does not count, out of every report and back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import click

from exitpoll_agent import wire
from exitpoll_agent.wire import format_instant
from exitpoll_server import clock
from exitpoll_server.cli.options import Instant, find_product, open_store
from exitpoll_server.store import Excluded, Exclusion

MAX_NOTE_CHARS = 200
"""A line: who posted what, and how it was noticed."""


@click.group()
def quarantine() -> None:
    """Set aside what came in a time of abuse, own machines and versions, and put them back.

    Nothing is deleted, and agents are answered as ever; reports leave them out and say how many.
    """


@quarantine.command()
@click.option("--product", required=True, help="The product's name.")
@click.option("--from", "start", type=Instant(), help="First heard of from this instant on.")
@click.option("--to", "end", type=Instant(), help="… and before this instant.")
@click.option("--installation", type=click.UUID, metavar="ID", help="This one installation.")
@click.option("--version", help="Installations whose last known version is this.")
@click.option("--note", help="Why; shown by `list`.")
def add(
    *,
    product: str,
    start: datetime | None,
    end: datetime | None,
    installation: UUID | None,
    version: str | None,
    note: str | None,
) -> None:
    """Set aside installations with all that they ever send.

    Those first heard of within a time, one by its id, or those of a version. By time,
    installations known before stay as they are: nobody else knows their ids.
    """
    named = [one is not None for one in (start or end, installation, version)]
    if sum(named) != 1 or (start is None) != (end is None):
        raise click.UsageError("name either --from and --to, or --installation, or --version")
    if start is not None and end is not None and start >= end:
        raise click.UsageError("--from must be before --to")
    if version is not None and not 1 <= len(version) <= wire.TEXT_LIMITS["version"]:
        raise click.UsageError(f"a version has 1 to {wire.TEXT_LIMITS['version']} characters")
    if note is not None and (len(note) > MAX_NOTE_CHARS or not note.isprintable()):
        raise click.UsageError(f"a note has at most {MAX_NOTE_CHARS} printable characters")
    with open_store() as store:
        found = find_product(store, product)
        which = Excluded(start=start, end=end, installation_id=installation, version=version)
        made = store.keeping.leave_out(found, which, note=note, now=clock.now())
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
    return str(one.id), one.product, _which(one), f"{one.installations:,}", stands, one.note or ""


def _which(one: Exclusion) -> str:
    if one.start is not None and one.end is not None:
        return f"{format_instant(one.start)} to {format_instant(one.end)}"
    return f"version {one.version}" if one.version is not None else str(one.installation_id)
