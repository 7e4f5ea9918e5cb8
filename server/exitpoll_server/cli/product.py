"""`exitpoll product create | list`."""

from __future__ import annotations

import os

import click

from exitpoll_agent import wire
from exitpoll_server import clock, config
from exitpoll_server.cli.options import open_store
from exitpoll_server.store import Product, ProductExistsError

MAX_NAME_CHARS = 80
DEFAULT_STOPPED_AFTER_DAYS = 40


@click.group()
def product() -> None:
    """Products and the addresses that their agents are given."""


@product.command()
@click.argument("name")
@click.option(
    "--stopped-after",
    type=click.IntRange(1, 3650),
    default=DEFAULT_STOPPED_AFTER_DAYS,
    show_default=True,
    metavar="DAYS",
    help="An installation not launched for so long has stopped.",
)
@click.option(
    "--trial", type=click.IntRange(1, 3650), metavar="DAYS", help="How long a trial lasts, if any."
)
def create(name: str, stopped_after: int, trial: int | None) -> None:
    """Create a product and print the address that a developer configures."""
    name = name.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise click.UsageError(f"a product's name has 1 to {MAX_NAME_CHARS} printable characters")
    with open_store() as store:
        try:
            created = store.create_product(
                name=name, stopped_after_days=stopped_after, trial_days=trial, now=clock.now()
            )
        except ProductExistsError:
            raise click.UsageError(
                f"there is already a product called {name!r}; "
                "see its address with: exitpoll product list"
            ) from None
    click.echo(_address(created))


@product.command("list")
def list_() -> None:
    """Print each product with its address."""
    with open_store() as store:
        for one in store.products():
            click.echo(f"{one.name}\t{_address(one)}")


def _address(of: Product) -> str:
    base = config.load(os.environ).public_url
    return str(wire.Address(product_key=of.key, base=base))
