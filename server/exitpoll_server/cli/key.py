"""`exitpoll key list | new | retire | accept`: the keys that a product's messages may come with."""

from __future__ import annotations

import click

from exitpoll_agent.wire import format_instant
from exitpoll_server import clock
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.store import STILL_SPOKEN_DAYS, Key, NoSuchKeyError


@click.group()
def key() -> None:
    """Give a product a new key; what is in the field goes on with the former ones."""


takes_product = click.option("--product", required=True, help="The product's name.")


@key.command("list")
@takes_product
def list_(product: str) -> None:
    """Print each key, the newest first: when it was last heard, and how many speak with it."""
    with open_store() as store:
        for one in store.keeping.keys(find_product(store, product), clock.now()):
            click.echo("\t".join((one.key, *_about(one))))


def _about(one: Key) -> tuple[str, str, str]:
    heard = "never heard" if one.last_heard is None else f"last heard {one.last_heard}"
    copies = f"{one.copies} {'copy' if one.copies == 1 else 'copies'}"
    spoke = f"{copies} in the last {STILL_SPOKEN_DAYS} days"
    if one.retired_at is not None:
        return heard, spoke, f"retired {format_instant(one.retired_at)}"
    return heard, spoke, "newest" if one.is_newest else "accepted"


@key.command()
@takes_product
def new(product: str) -> None:
    """Make a new key, for kits that are made from now on, and print it."""
    with open_store() as store:
        click.echo(store.keeping.rotate(find_product(store, product), clock.now()).key)


@key.command()
@takes_product
@click.argument("key")
def retire(product: str, key: str) -> None:
    """Accept nothing any more with the former KEY: whoever speaks with it is not heard."""
    with open_store() as store:
        try:
            store.keeping.retire(find_product(store, product), key, clock.now())
        except NoSuchKeyError:
            raise click.UsageError(_no_such(key)) from None
    click.echo(f"Retired {key}; to take that back: exitpoll key accept --product {product} {key}")


@key.command()
@takes_product
@click.argument("key")
def accept(product: str, key: str) -> None:
    """Accept again what comes with the KEY that was retired."""
    with open_store() as store:
        try:
            store.keeping.accept_again(find_product(store, product), key)
        except NoSuchKeyError:
            raise click.UsageError(_no_such(key)) from None
    click.echo(f"{key} is accepted")


def _no_such(key: str) -> str:
    return f"{key!r} is no former key of the product; see: exitpoll key list"
