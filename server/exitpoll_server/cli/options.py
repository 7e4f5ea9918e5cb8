"""What several commands share: the store, the product that a name means, instants."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from exitpoll_server import clock, config
from exitpoll_server.store import Product, Store


@contextmanager
def open_store() -> Iterator[Store]:
    """Give the store that the environment names."""
    settings = config.load(os.environ)
    store = Store(settings.database_url, settings.journal)
    try:
        yield store
    finally:
        store.close()


def find_product(store: Store, name: str) -> Product:
    """Return the product of a name.

    Raises:
        click.UsageError: there is none; says which there are.
    """
    product = store.product_by_name(name)
    if product is not None:
        return product
    names = ", ".join(p.name for p in store.products())
    there = f"there are: {names}" if names else "create it with: exitpoll product create NAME"
    raise click.UsageError(f"no product is called {name!r}; {there}")


class ExplainsSettings(click.Command):
    """A command whose help ends with every setting of the server."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the settings, one sentence each."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Settings, as environment variables"):
            formatter.write_dl(
                [
                    (each.name, f"{each.sentence}  [default: {each.default}]")
                    for each in config.settings()
                ]
            )


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant or day; without an offset it is UTC."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the instant, or fail with a sentence."""
        text = str(value)
        try:
            return clock.read(text)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no instant such as 2026-11-20 or 2026-11-20T08:30Z", param, ctx)
