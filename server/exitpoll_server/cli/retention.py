"""`exitpoll retention run`: let go of what a product keeps no longer."""

from __future__ import annotations

import click

from exitpoll_server import clock
from exitpoll_server.cli.options import find_product, open_store


@click.group()
def retention() -> None:
    """Let go of copies that gave no sign of life for longer than their product keeps them."""


@retention.command()
@click.option("--product", help="The product's name; by default all.")
def run(product: str | None) -> None:
    """Delete what has expired, for good, and print how many that were.

    How long a product keeps is set by `exitpoll product set --retention`.
    """
    with open_store() as store:
        products = store.products() if product is None else [find_product(store, product)]
        for one in products:
            days = (
                "keeps everything" if one.retention_days is None else f"{one.retention_days} days"
            )
            click.echo(f"{one.name}\t{days}\t{store.forget_expired(one, clock.now()):,} let go")
