"""`exitpoll product create | set | list`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime

import click

from exitpoll_agent import wire
from exitpoll_server import clock, config
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.policy import MAX_INTERVAL_HOURS, MAX_RETENTION_DAYS, check_new_address
from exitpoll_server.store import Product, ProductExistsError

MAX_NAME_CHARS = 80
DEFAULT_STOPPED_AFTER_DAYS = 40
MAX_WINDOW_DAYS = 365
"""Health compares two windows: of more than two years nobody has the days."""


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


@product.command("set")
@click.option("--product", "name", required=True, help="The product's name.")
@click.option(
    "--stopped-after",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="An installation not launched for so long has stopped.",
)
@click.option(
    "--trial", type=click.IntRange(0, 3650), metavar="DAYS", help="How long a trial lasts; 0: none."
)
@click.option(
    "--window",
    type=click.IntRange(1, MAX_WINDOW_DAYS),
    metavar="DAYS",
    help="Health looks at so many days, and at as many before them.",
)
@click.option(
    "--good-days",
    type=click.IntRange(1, MAX_WINDOW_DAYS),
    metavar="N",
    help="So many days of use in a window may be good health.",
)
@click.option(
    "--retention",
    type=click.IntRange(0, MAX_RETENTION_DAYS),
    metavar="DAYS",
    help="Let go of copies so long after their last sign of life; 0: keep them.",
)
@click.option(
    "--milestone",
    metavar="NAME",
    help="Good health needs this milestone too, as the agent calls it; '': none.",
)
def set_(  # noqa: PLR0913 - its options
    *,
    name: str,
    stopped_after: int | None,
    trial: int | None,
    window: int | None,
    good_days: int | None,
    milestone: str | None,
    retention: int | None,
) -> None:
    """Change what reports go by, of any day, and how long is kept; without options, print it."""
    with open_store() as store:
        before = find_product(store, name)
        after = replace(
            before,
            stopped_after_days=stopped_after or before.stopped_after_days,
            trial_days=before.trial_days if trial is None else trial or None,
            window_days=window or before.window_days,
            good_days=good_days or before.good_days,
            success_milestone=before.success_milestone if milestone is None else milestone or None,
            retention_days=before.retention_days if retention is None else retention or None,
        )
        _check(after)
        if after != before:
            store.change_product(after)
    click.echo(_settings(after))


def _check(product: Product) -> None:
    """Refuse settings that nobody could ever meet.

    Raises:
        click.UsageError: says which.
    """
    if product.good_days > product.window_days:
        raise click.UsageError(
            f"a window of {product.window_days} days has no {product.good_days} days of use"
        )
    milestone = product.success_milestone or ""
    if len(milestone) > wire.MAX_NAME_CHARS or not milestone.isprintable():
        raise click.UsageError(
            f"a milestone's name has 1 to {wire.MAX_NAME_CHARS} printable characters"
        )


def _settings(product: Product) -> str:
    trial = "none" if product.trial_days is None else f"{product.trial_days} days"
    kept = "until erased" if product.retention_days is None else f"{product.retention_days} days"
    return "\n".join(
        (
            f"stopped after  {product.stopped_after_days} days",
            f"trial          {trial}",
            f"window         {product.window_days} days",
            f"good days      {product.good_days}",
            f"milestone      {product.success_milestone or 'none'}",
            f"retention      {kept}",
        )
    )


@product.command()
@click.option("--product", "name", required=True, help="The product's name.")
@click.option("--collection/--no-collection", default=None, help="Whether agents send anything.")
@click.option("--survey/--no-survey", default=None, help="Whether agents ask who uninstalls.")
@click.option(
    "--interval",
    type=click.IntRange(1, MAX_INTERVAL_HOURS),
    metavar="HOURS",
    help="How long agents wait with further launches of a day.",
)
@click.option(
    "--resend-since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Agents send again what they have of this day and later, up to 35 days back.",
)
@click.option("--move-to", metavar="ADDRESS", help="Where agents send from now on; '': here.")
def policy(
    *,
    name: str,
    collection: bool | None,
    survey: bool | None,
    interval: int | None,
    resend_since: datetime | None,
    move_to: str | None,
) -> None:
    """Change what agents are asked for, from their next message on; without options, print it."""
    with open_store() as store:
        found = find_product(store, name)
        before = found.policy
        after = wire.Policy(
            collection=before.collection if collection is None else collection,
            survey=before.survey if survey is None else survey,
            interval_hours=interval or before.interval_hours,
            resend_since=before.resend_since if resend_since is None else resend_since.date(),
            move_to=before.move_to if move_to is None else _new_address(move_to),
        )
        if after != before:
            store.change_product(replace(found, policy=after))
    click.echo(_said(after))


def _new_address(text: str) -> str | None:
    """Return where agents are sent; None takes a move back.

    Raises:
        click.UsageError: agents would not go there.
    """
    try:
        return str(check_new_address(text)) if text else None
    except wire.AddressError as error:
        raise click.UsageError(f"--move-to: {error}") from None


def _said(policy: wire.Policy) -> str:
    return "\n".join(
        (
            f"collection     {'on' if policy.collection else 'off'}",
            f"survey         {'on' if policy.survey else 'off'}",
            f"interval       {policy.interval_hours} hours",
            f"resend since   {policy.resend_since or 'never'}",
            f"move to        {policy.move_to or 'nowhere'}",
        )
    )


@product.command("list")
def list_() -> None:
    """Print each product with its address."""
    with open_store() as store:
        for one in store.products():
            click.echo(f"{one.name}\t{_address(one)}")


def _address(of: Product) -> str:
    base = config.load(os.environ).public_url
    return str(wire.Address(product_key=of.key, base=base))
