"""`exitpoll backup`: a copy of the database, while the server goes on."""

from __future__ import annotations

import os
from pathlib import Path

import click

from exitpoll_server import config, store


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace FILE if there is one.")
def backup(file: Path, *, overwrite: bool) -> None:
    """Copy the database into FILE, whole and as it is now; the server may go on writing.

    Keep the journal of erasures too, the file beside the database that ends in .erasures: it
    tells a restored backup what was erased since.
    """
    store.backup(config.load(os.environ).database_url, file, overwrite=overwrite)
    click.echo(f"Wrote {file}", err=True)
