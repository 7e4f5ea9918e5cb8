"""`exitpoll copy`: everything into another database."""

from __future__ import annotations

import click

from exitpoll_server import clock, config
from exitpoll_server.cli.options import open_store
from exitpoll_server.store import Store
from exitpoll_server.transfer import copying


@click.command("copy")
@click.option("--to", "to", required=True, metavar="URL", help="The database to copy into.")
def copy(to: str) -> None:
    """Copy everything from the configured database into an empty one, and verify the copy.

    URL is as in EXITPOLL_DATABASE_URL. Stop the server first: what it takes meanwhile is not
    copied. A password is better given in PGPASSWORD: other users of this machine see an option.
    """
    try:
        url = config.database_url(to or " ")
    except ValueError as error:
        raise click.UsageError(f"--to {error}") from None
    with open_store() as source:
        target = Store(url)
        try:
            sizes = copying.copy(source, target, now=clock.now())
        finally:
            target.close()
    for name, rows in sizes.items():
        click.echo(f"{rows:>12,} {name}")
    click.echo("Copied and compared: every table has as many rows, every product the same report.")
