"""What several commands share: the store, the product that a name means, instants and windows."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import click

from exitpoll_server import clock, config
from exitpoll_server.cli.output import watched
from exitpoll_server.counts import DIMENSIONS, Window
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


Command = TypeVar("Command", bound=Callable[..., Any])


def takes_window(command: Command) -> Command:
    """Give a command the options that `window` reads."""
    for option in (
        click.option("--to", "end", type=Instant(), help="Only uninstalls before this instant."),
        click.option(
            "--from", "start", type=Instant(), help="Only uninstalls from this instant on."
        ),
        click.option("--as-of", type=Instant(), help="What was known then; by default, now."),
    ):
        command = option(command)
    return command


def window(as_of: datetime | None, start: datetime | None, end: datetime | None) -> Window:
    """Return the window that the options mean.

    Raises:
        click.UsageError: it would be empty, or of a time of which nothing is known.
    """
    if start is not None and end is not None and start >= end:
        raise click.UsageError("--from must be before --to")
    now = clock.now()
    if as_of is not None and as_of > now:
        raise click.UsageError("--as-of lies in the future: nothing is known of it yet")
    return Window(as_of=as_of or now, start=start, end=end)


def sum_up(store: Store, product: Product, *, quiet: bool) -> None:
    """Sum up what changed since the last report, with a bar where that takes over a second."""
    deque(watched(store.sum_up(product), "Summing up", quiet=quiet), maxlen=0)


def segment(
    _context: click.Context, _parameter: click.Parameter, given: Sequence[str]
) -> dict[str, str]:
    """Read the segments that --where names.

    Raises:
        click.BadParameter: one is no NAME=VALUE, or names nothing that copies differ in.
    """
    named = {}
    for one in given:
        name, is_pair, value = one.partition("=")
        if not is_pair or not (name in DIMENSIONS or name.startswith("attribute:")):
            known = ", ".join(DIMENSIONS)
            raise click.BadParameter(f"{one!r} is no NAME=VALUE of {known} or attribute:NAME")
        named[name] = value
    return named


takes_segment = click.option(
    "--where",
    multiple=True,
    metavar="NAME=VALUE",
    callback=segment,
    help="Only these installations, such as version=2.1.0 or attribute:plan=pro; repeatable.",
)

takes_quiet = click.option("--quiet", is_flag=True, help="Say nothing but what went wrong.")

takes_threshold = click.option(
    "--stopped-after",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Not launched for so long means stopped; by default the product's own threshold.",
)
