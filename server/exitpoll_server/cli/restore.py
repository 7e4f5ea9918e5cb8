"""`exitpoll restore`: a backup in the place of the database."""

from __future__ import annotations

import os
from pathlib import Path

import click

from exitpoll_server import clock, config, store
from exitpoll_server.cli.options import open_store


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the database. Stop the server first.

    What was there is kept aside, and what the journal of erasures tells is erased again.
    """
    aside = store.restore(config.load(os.environ).database_url, file, clock.now())
    with open_store() as opened:
        again = opened.caught_up
    click.echo(f"Restored {file}; erased since it was made, and now again: {again:,}", err=True)
    if aside is not None:
        click.echo(f"What was there before is kept as {aside}", err=True)
