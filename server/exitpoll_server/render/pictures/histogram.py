"""How many fall into each of a few bins that are named in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Scale, Share
from exitpoll_server.render.pictures.drawing import (
    SMALL,
    Look,
    Table,
    line,
    picture,
    rect,
    text,
    width_of,
    wrapped,
)
from exitpoll_server.speech import _, num

_PLOT = 170
_TOP = 22
_MOST_LINES = 3
"""Lines of a label under its column."""
_LABELS = 150
_PITCH = 30


@dataclass(frozen=True)
class Bin:
    """A bin, from one plain word to the next: "2 to 7 days"."""

    label: str
    count: int


@dataclass(frozen=True)
class Histogram:
    """The bins in order; they need not be equally wide."""

    title: str
    bins: tuple[Bin, ...]

    @property
    def all(self) -> int:
        """How many there are in all bins."""
        return sum(one.count for one in self.bins)


def draw(data: Histogram, look: Look) -> str | None:
    """Draw columns, or bars where their labels want more room; None of nothing."""
    if not data.all:
        return None
    column = look.width / len(data.bins)
    labels = [wrapped(one.label, column - 8, SMALL) for one in data.bins]
    fits = all(len(lines) <= _MOST_LINES and not lines[-1].endswith("…") for lines in labels)
    numbers = max(width_of(num(one.count)) for one in data.bins) < column - 4
    if look.roomy and fits and numbers:
        height = _TOP + _PLOT + 8 + 16 * max(map(len, labels))
        body = list(_columns(data, column, labels))
    else:
        height = _PITCH * len(data.bins)
        body = list(_bars(data, look))
    return picture(look, data.title, describe(data), height, body)


def _columns(data: Histogram, column: float, labels: list[list[str]]) -> Iterator[Markup]:
    base = _TOP + _PLOT
    scale = Scale(0, max(one.count for one in data.bins), base, _TOP)
    for i, (one, lines) in enumerate(zip(data.bins, labels, strict=True)):
        top, middle = min(scale(one.count), base - (one.count > 0)), (i + 0.5) * column
        yield rect((i * column + 3, top, column - 6, base - top), "area s1", rx=2)
        class_ = "strong" if one.count else "quiet"
        yield text((middle, top - 7), num(one.count), class_, anchor="middle")
        for k, said in enumerate(lines):
            at = (middle, base + 18 + 16 * k)
            yield text(at, said, "quiet", anchor="middle", small=True)
    yield line((0, base), (column * len(data.bins), base), "axis")


def _bars(data: Histogram, look: Look) -> Iterator[Markup]:
    numbers = max(width_of(num(one.count)) for one in data.bins) * 1.1 + 10
    scale = Scale(0, max(one.count for one in data.bins), _LABELS, look.width - numbers)
    for i, one in enumerate(data.bins):
        y, end = i * _PITCH, scale(one.count)
        yield text((0, y + 19), one.label, room=_LABELS - 12)
        yield rect((_LABELS, y + 6, max(end - _LABELS, one.count > 0), 18), "area s1", rx=2)
        class_ = "strong" if one.count else "quiet"
        yield text((end + 7, y + 19.5), num(one.count), class_)


def describe(data: Histogram) -> str:
    """Say which bin holds most, and all of them."""
    most = max(data.bins, key=lambda one: one.count)
    return _(
        "Most, %(share)s of %(all)s: %(most)s. %(bins)s.",
        share=Share(most.count, data.all),
        all=num(data.all),
        most=most.label,
        bins=", ".join(f"{one.label}: {num(one.count)}" for one in data.bins),
    )


def rows(data: Histogram) -> Table:
    """Return each bin with its number and share of all."""
    return Table(
        (_("Bin"), _("Number"), _("Share")),
        tuple((one.label, num(one.count), str(Share(one.count, data.all))) for one in data.bins),
    )
