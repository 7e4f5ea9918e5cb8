"""`exitpoll themes …`: the same wish from many people as one, and what is decided on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from exitpoll_server import clock
from exitpoll_server.cli.options import find_product, open_store
from exitpoll_server.counts.themes import DECISIONS, KeptTheme, ThemeWords
from exitpoll_server.gathering import Gathered, called, gather
from exitpoll_server.render import words
from exitpoll_server.report.stems import Reader
from exitpoll_server.report.themes import ReadComment, Theme
from exitpoll_server.store import MergeError, NoThemeError

MAX_NAME_CHARS = 80
MAX_NOTE_CHARS = 200
MAX_WORDS = 5
"""A comment must have all of them."""

MOST_LISTED = 20
"""Themes that are not the vendor's: what follows is said by very few."""

QUOTES = 3
MAX_QUOTE_CHARS = 100

_product = click.option("--product", required=True, help="The product's name.")
_id = click.argument("id", type=click.IntRange(min=1), metavar="ID")


@click.group()
def themes() -> None:
    """See which comments wish for the same, and decide on it once for all.

    Themes group themselves by the words that comments share. One that is kept gets a number, and
    gathers whatever has its words.
    """


@themes.command("list")
@_product
@click.option("--all", "everything", is_flag=True, help="Also the small ones.")
def list_(product: str, *, everything: bool) -> None:
    """Print each theme: how many, why they left, who asked to be told, the decision, quotes."""
    with open_store() as store:
        gathered = gather(store, find_product(store, product))
    every = gathered.themes.themes
    formed = [theme for theme in every if theme.kept is None]
    hidden = [] if everything else formed[MOST_LISTED:]
    for theme in every:
        if theme not in hidden:
            for line in _as_text(theme, gathered):
                click.echo(line)
    if hidden:
        click.echo(f"{len(hidden):,} smaller themes are not listed; --all lists them")
    left = gathered.themes.left_over
    click.echo(f"{left.numerator:,} of {left.denominator:,} comments are in no theme")


@themes.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@_product
@click.option("--name", help="What to call it; by default its words.")
@click.option(
    "--language", metavar="CODE", help="Of the words: de, pt; by default as comments are."
)
def keep(words: tuple[str, ...], product: str, name: str | None, language: str | None) -> None:
    """Keep a theme: it gathers every comment that has all WORDs, whatever their endings."""
    text = " ".join(words)
    name = _checked(text if name is None else name, "name", MAX_NAME_CHARS)
    with open_store() as store:
        found = find_product(store, product)
        said = _words(text, language, gather(store, found))
        if said in [one for theme in store.themes(found) for one in theme.words]:
            raise click.UsageError("a theme of these words is kept already; see: themes list")
        made = store.keep_theme(found, name=name, words=[said])
        size = _size(gather(store, found), made.id)
    click.echo(f"Theme {made.id}, {_name(made)}: {size} in {said.language}")


@themes.command("name")
@_id
@click.argument("name")
@_product
def name_(id: int, name: str, product: str) -> None:  # noqa: A002 - as the help calls it
    """Call the theme ID otherwise."""
    name = _checked(name, "name", MAX_NAME_CHARS)
    with open_store() as store:
        try:
            named = store.name_theme(find_product(store, product), id, name)
        except NoThemeError:
            raise _none(id) from None
    click.echo(f"Theme {named.id} is called {_name(named)}")


@themes.command()
@_id
@click.argument("into", type=click.IntRange(min=1), metavar="INTO")
@_product
def merge(id: int, into: int, product: str) -> None:  # noqa: A002 - as the help calls it
    """Let the theme INTO gather for the theme ID too, in any language."""
    with open_store() as store:
        found = find_product(store, product)
        try:
            one = store.merge_theme(found, id, into)
        except NoThemeError as error:
            raise _none(error.args[0]) from None
        except MergeError:
            raise click.UsageError(f"the themes {id} and {into} are one already") from None
        size = _size(gather(store, found), one.id)
    click.echo(f"Theme {one.id}, {_name(one)}, gathers for {id} too: {size}")


@themes.command()
@_id
@click.argument("decision", type=click.Choice([*DECISIONS, "none"]))
@_product
@click.option("--note", help="Why, or in which version; shown by `list`.")
def decide(
    id: int,  # noqa: A002 - as the help calls it
    decision: str,
    product: str,
    note: str | None,
) -> None:
    """Note that what the theme ID is about is planned, declined or done, or none of it yet."""
    if note is not None:
        note = _checked(note, "note", MAX_NOTE_CHARS)
    made = next((one for one in DECISIONS if one == decision), None)
    with open_store() as store:
        found = find_product(store, product)
        gatherer = gather(store, found).gatherer(id)
        if gatherer is None:
            raise _none(id)
        # Of themes that are one, there is one decision.
        one = store.decide_theme(found, gatherer.id, decision=made, note=note, now=clock.now())
    click.echo(f"Theme {one.id}, {_name(one)}: {one.decision or 'no decision'}")


@themes.command()
@_id
@_product
def release(id: int, product: str) -> None:  # noqa: A002 - as the help calls it
    """Part the theme ID from the one it was merged into; else delete it. Comments stay."""
    with open_store() as store:
        try:
            was = store.release_theme(find_product(store, product), id)
        except NoThemeError:
            raise _none(id) from None
    if was.merged_into is None:
        click.echo(f"Theme {id}, {_name(was)}, is kept no more: its comments group themselves")
    else:
        click.echo(f"Theme {id}, {_name(was)}, stands by itself again")


# -- reading what was typed ----------------------------------------------------------------


def _words(text: str, language: str | None, gathered: Gathered) -> ThemeWords:
    """Return what a theme of these words gathers by; in most comments' language, if none is said.

    Raises:
        click.UsageError: they say nothing, or are too many.
    """
    everyone = [comment for comment, _ in gathered.themes.comments()]
    languages = [language.lower()] if language else sorted({one.language for one in everyone})
    reader = Reader()
    choices = [
        ThemeWords(language=code, stems=tuple(sorted({w.stem for w in reader.words(text, code)})))
        for code in languages or ["en"]
    ]
    best = max(choices, key=lambda words: _having(words, everyone))
    if not language and not _having(best, everyone):
        raise click.UsageError("no comment has these words; --language keeps them all the same")
    if not 1 <= len(best.stems) <= MAX_WORDS:
        raise click.UsageError(f"a theme has 1 to {MAX_WORDS} words that say something")
    return best


def _having(said: ThemeWords, comments: list[ReadComment]) -> int:
    stems = set(said.stems)
    return sum(
        one.language == said.language and bool(stems) and stems <= one.stems for one in comments
    )


def _checked(text: str, what: str, most: int) -> str:
    text = " ".join(text.split())
    if not text or len(text) > most or not text.isprintable():
        raise click.UsageError(f"a {what} has 1 to {most} printable characters")
    return text


def _none(number: int) -> click.UsageError:
    return click.UsageError(f"no theme has the number {number}; see: exitpoll themes list")


# -- saying --------------------------------------------------------------------------------


def _name(theme: KeptTheme) -> str:
    return words.typed(theme.name)


def _size(gathered: Gathered, number: int) -> str:
    theme = next(one for one in gathered.themes.themes if one.kept and one.kept.id == number)
    return _comments(len(theme.comments))


def _comments(n: int) -> str:
    return "1 comment" if n == 1 else f"{n:,} comments"


def _as_text(theme: Theme, gathered: Gathered) -> Iterator[str]:
    languages = sorted({said.language for said in theme.words})
    yield f"{called(theme)} · {_comments(len(theme.comments))} · {', '.join(languages)}"
    yield from (f"    {line}" for line in _about(theme, gathered))
    for one in theme.comments[:QUOTES]:
        yield f"    “{_quote(one.departure.comment)}”"
    yield ""


def _about(theme: Theme, gathered: Gathered) -> Iterator[str]:
    if theme.kept and theme.kept.decision and theme.kept.decided_at:
        note = f": {words.typed(theme.kept.note)}" if theme.kept.note else ""
        yield f"{theme.kept.decision} on {words.day(theme.kept.decided_at)}{note}"
    merged = [
        one for one in gathered.kept if theme.kept and gathered.gatherer(one.id) == theme.kept
    ]
    yield from (f"with {one.id} {_name(one)}" for one in merged if one != theme.kept)
    if theme.comments:
        yield ", ".join(_reasons(theme, gathered.labels))
    if theme.wants_answer.numerator:
        yield f"{theme.wants_answer.numerator:,} asked to be told"


def _reasons(theme: Theme, labels: Mapping[str, str]) -> Iterator[str]:
    for reason, figure in theme.reasons:
        yield f"{figure.numerator:,} × {words.reason(reason, labels) or '(no reason)'}"


def _quote(comment: str | None) -> str:
    text = words.typed(comment)
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1] + "…"
