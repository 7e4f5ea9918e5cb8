"""What a block is made of, and the ways in which figures that are no shares are said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exitpoll_server.render import words
from exitpoll_server.render.behind import Behind
from exitpoll_server.render.pictures import Look, Share, Table
from exitpoll_server.report.figures import Figure
from exitpoll_server.speech import _, num


@dataclass(frozen=True)
class Row:
    """A figure with its label; `said` where it is no share and no count."""

    label: str
    figure: Figure
    said: str | None = None
    drawn: bool = False
    """A page shows it as a bar, and leaves what else is said to `more`."""
    more: tuple[tuple[str, Figure], ...] = ()
    """Further figures of the same, as a page says and opens them."""
    behind: Behind | None = None
    """Who is counted."""


@dataclass(frozen=True)
class Drawn:
    """A picture, and the same numbers as a table."""

    draw: Callable[[Look], str | None]
    table: Table


@dataclass(frozen=True, kw_only=True)
class Block:
    """One matter of a report."""

    name: str
    """Its anchor in a page, and the part of the report that it shows."""
    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[Drawn, ...] = ()
    rows: tuple[Row, ...] = ()
    folded: bool = False
    """The rows are the numbers of its picture: a page folds them under it."""
    waits: str | None = None
    """Why it says nothing yet, and from when on it will."""


def number(figure: Figure, *, decimals: int = 1) -> str:
    """Say a number that is no share, with its interval."""
    if figure.value is None:
        return _("not known yet")
    return _bounded(num(figure.value, f",.{decimals}f"), figure, decimals)


def days(figure: Figure) -> str:
    """Say a number of days, with its interval."""
    if figure.value is None:
        return _("not known yet")
    return _bounded(_("%(n)s days", n=num(figure.value, ",.1f")), figure, 1)


def _bounded(said: str, figure: Figure, decimals: int) -> str:
    if figure.low is None or figure.high is None:
        return said
    low, high = (num(end, f",.{decimals}f") for end in (figure.low, figure.high))
    return between(said, low, high)


def between(said: str, low: str, high: str) -> str:
    """Say something with the ends of its interval."""
    return _("%(said)s (at least %(low)s, at most %(high)s)", said=said, low=low, high=high)


def share_of(figure: Figure) -> Share:
    """Return a share as pictures take it."""
    return Share(figure.numerator or 0, figure.denominator or 0, figure.low, figure.high)


def version(name: str | None) -> str:
    """Name a version in a row."""
    return words.typed(name) or _("not known")
