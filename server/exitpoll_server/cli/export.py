"""`exitpoll export`: those who left, one by one, for other programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from exitpoll_server.cli.options import (
    find_product,
    open_store,
    sum_up,
    takes_quiet,
    takes_segment,
    takes_threshold,
    takes_window,
    window,
)
from exitpoll_server.cli.output import watched, write_table
from exitpoll_server.transfer.exporting import Wanted, churn_table, comments_table
from exitpoll_server.transfer.writing import WRITERS, Format

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_file(command: Command) -> Command:
    """Give a command the options that say where its table goes."""
    for option in (
        takes_quiet,
        click.option(
            "--out",
            required=True,
            type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
            help="The file to write; - for standard output, which takes no XLSX.",
        ),
        click.option(
            "--format", "format_", required=True, type=click.Choice(list(WRITERS)), help="Of FILE."
        ),
    ):
        command = option(command)
    return command


@click.group()
def export() -> None:
    """Write those who left into a file, one by one."""


@export.command()
@click.option("--product", required=True, help="The product's name.")
@takes_window
@takes_threshold
@takes_segment
@click.option("--kind", type=click.Choice(["uninstalled", "stopped"]), help="Only these.")
@click.option(
    "--reason", "reasons", multiple=True, metavar="ID", help="Only who chose it; repeatable."
)
@click.option("--answered/--unanswered", default=None, help="Only who answered, or who did not.")
@takes_file
def churn(  # noqa: PLR0913 - one parameter an option
    *,
    product: str,
    as_of: datetime | None,
    start: datetime | None,
    end: datetime | None,
    stopped_after: int | None,
    where: dict[str, str],
    kind: Literal["uninstalled", "stopped"] | None,
    reasons: tuple[str, ...],
    answered: bool | None,
    format_: Format,
    out: Path,
    quiet: bool,
) -> None:
    """Write a row an uninstall, and one for whoever merely stopped.

    docs/exporting.md says what each column is. Whoever has the ids in it can erase what is known
    of those copies.
    """
    about = window(as_of, start, end)
    wanted = Wanted(kind=kind, reasons=frozenset(reasons) or None, answered=answered)
    with open_store() as store:
        found = find_product(store, product)
        sum_up(store, found, quiet=quiet)
        threshold = stopped_after or found.stopped_after_days
        rows = store.churn(found, about, stopped_after_days=threshold, where=where)
        table = churn_table(filter(wanted.has, watched(rows, "Reading", quiet=quiet)))
        write_table(table, out, format_=format_, quiet=quiet)


@export.command()
@click.option("--product", required=True, help="The product's name.")
@takes_window
@takes_file
def comments(  # noqa: PLR0913 - one parameter an option
    *,
    product: str,
    as_of: datetime | None,
    start: datetime | None,
    end: datetime | None,
    format_: Format,
    out: Path,
    quiet: bool,
) -> None:
    """Write a row an uninstall with a comment, the latest first."""
    about = window(as_of, start, end)
    with open_store() as store:
        found = find_product(store, product)
        sum_up(store, found, quiet=quiet)
        counts = store.counts(
            found, about, stopped_after_days=found.stopped_after_days, most_lines=0
        )
    write_table(comments_table(counts.comments), out, format_=format_, quiet=quiet)
