"""`exitpoll comments`: what people wrote on leaving, and which of it to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import click

from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.counts import HealthClass
from exitpoll_server.gathering import as_rows, called, gather
from exitpoll_server.render import words
from exitpoll_server.report.comments_list import CommentFilter, Listed, listed

HEALTH: tuple[HealthClass, ...] = ("good", "medium", "poor", "new")

_INDENT = "    "


@click.command()
@click.option("--product", required=True, help="The product's name.")
@click.option("--reason", help="Only with this reason, by its id.")
@click.option("--version", help="Only of this version.")
@click.option(
    "--tenure-from", type=click.FloatRange(0), metavar="DAYS", help="Installed for so long, ..."
)
@click.option("--tenure-to", type=click.FloatRange(0), metavar="DAYS", help="... and less than so.")
@click.option("--health", type=click.Choice(HEALTH), help="How it was used before leaving.")
@click.option("--language", metavar="CODE", help="Written in this language: de, pt.")
@click.option(
    "--substantive/--all", help="Only what says something, or everything.  [default: all]"
)
@click.option(
    "--search", default="", metavar="WORDS", help="With all of these words, inflected too."
)
@click.option("--theme", type=click.IntRange(min=1), metavar="ID", help="Only of a kept theme.")
@click.option("--wants-answer", is_flag=True, help="Only from people who left an address.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def comments(  # noqa: PLR0913 - one parameter an option
    *,
    product: str,
    reason: str | None,
    version: str | None,
    tenure_from: float | None,
    tenure_to: float | None,
    health: HealthClass | None,
    language: str | None,
    search: str,
    theme: int | None,
    format_: str,
    substantive: bool,
    wants_answer: bool,
) -> None:
    """List what people wrote on leaving, the latest first; every option narrows it down."""
    if tenure_from is not None and tenure_to is not None and tenure_from >= tenure_to:
        raise click.UsageError("--tenure-from must be less than --tenure-to")
    with open_store() as store:
        gathered = gather(store, find_product(store, product))
    gatherer = None if theme is None else gathered.gatherer(theme)
    if theme is not None and gatherer is None:
        raise click.UsageError(f"no theme has the number {theme}; see: exitpoll themes list")
    chosen = listed(
        gathered.themes,
        CommentFilter(
            reason=reason,
            version=version,
            tenure_from=tenure_from,
            tenure_to=tenure_to,
            health=health,
            language=language.lower() if language else None,
            substantive=True if substantive else None,
            search=search,
            theme=gatherer.id if gatherer else None,
            wants_answer=True if wants_answer else None,
        ),
    )
    if format_ == "json":
        click.echo(json.dumps(as_rows(chosen), ensure_ascii=False, indent=2))
        return
    for one in chosen:
        for line in _as_text(one, gathered.labels):
            click.echo(line)
    total = gathered.themes.left_over.denominator or 0
    click.echo(f"{len(chosen):,} of {total:,} comments")


def _as_text(one: Listed, labels: Mapping[str, str]) -> Iterator[str]:
    departure = one.comment.departure
    about = (
        words.day(departure.at),
        f"after {words.tenure(departure.tenure_days)}",
        words.typed(departure.version),
        words.reason(departure.reason, labels),
        f"health {departure.health}" if departure.health else "",
        f"theme {called(one.theme)}" if one.theme else "",
        "wants an answer" if departure.wants_answer else "",
    )
    yield " · ".join(part for part in about if part)
    for line in words.prose(departure.comment).split("\n"):
        yield (_INDENT + line).rstrip()
    yield ""
