"""Those who spoke as the tip of all who were seen: every level's area is its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import sqrt

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Share
from exitpoll_server.render.pictures.drawing import (
    Look,
    Table,
    element,
    line,
    number,
    picture,
    rect,
    spread,
    text,
)

_TALL = 300
_TOP = 22
"""Air above the tip; a label that names it needs half a line there."""
_OUTLINE = (
    (0.00, 0.44, 0.45),
    (0.10, 0.36, 0.56),
    (0.26, 0.18, 0.70),
    (0.36, 0.04, 0.94),
    (0.55, 0.00, 1.00),
    (0.74, 0.09, 0.90),
    (0.90, 0.24, 0.70),
    (1.00, 0.40, 0.56),
)
"""The berg from top to bottom: height, left and right edge, in parts of its box."""
_LABEL_GAP = 44


@dataclass(frozen=True, kw_only=True)
class Iceberg:
    """Everybody who was seen, once. `stopped` is None while it is too early to tell who stopped."""

    title: str
    answered: int
    left_quietly: int
    stopped: int | None
    active: int

    @property
    def uninstalled(self) -> int:
        """All who left, whether they spoke or not."""
        return self.answered + self.left_quietly

    @property
    def seen(self) -> int:
        """All of them."""
        return self.uninstalled + (self.stopped or 0) + self.active

    @property
    def levels(self) -> tuple[tuple[str, int, str], ...]:
        """Label, number and class of each level, from the tip down."""
        gone = (
            ("Answered", self.answered, "tip"),
            ("Left quietly", self.left_quietly, "deep"),
        )
        if self.stopped is None:
            return (*gone, ("Not uninstalled", self.active, "calm"))
        return (*gone, ("Stopped", self.stopped, "deeper"), ("Active", self.active, "calm"))


def draw(data: Iceberg, look: Look) -> str | None:
    """Draw the berg, cut at the heights where the areas are the numbers; None of nobody."""
    if not data.seen:
        return None
    left, right = (look.width * 0.30, look.width * 0.68) if look.roomy else (84.0, 214.0)
    sums = [0, *accumulate(count for _, count, _ in data.levels)]
    cuts = [_height_of(total / data.seen) for total in sums]
    water = _TOP + cuts[1] * _TALL
    body = [
        rect((0, water, look.width, _TOP + _TALL + 14 - water), "area sea", fill_opacity="0.07")
    ]
    for (_, count, class_), (top, bottom) in zip(data.levels, pairwise(cuts), strict=True):
        if count:
            body.append(_slice(top, bottom, (left, right), class_))
    body.append(line((0, water), (look.width, water), "line sea", stroke_width=1.5))
    body += _labels(data, cuts, (left, right), look)
    body += _sums(data, cuts, (left, right))
    return picture(look, data.title, describe(data), _TOP + _TALL + 14, body)


def _edges(height: float) -> tuple[float, float]:
    """Return the berg's left and right edge at a height, in parts of its box."""
    for (y0, l0, r0), (y1, l1, r1) in pairwise(_OUTLINE):
        if height <= y1:
            part = (height - y0) / (y1 - y0)
            return l0 + part * (l1 - l0), r0 + part * (r1 - r0)
    return _OUTLINE[-1][1:]


def _height_of(share: float) -> float:
    """Return the height above which lies this share of the berg's area."""
    strips = [
        (y1 - y0) * ((r0 - l0) + (r1 - l1)) / 2 for (y0, l0, r0), (y1, l1, r1) in pairwise(_OUTLINE)
    ]
    rest = share * sum(strips)
    for strip, ((y0, l0, r0), (y1, l1, r1)) in zip(strips, pairwise(_OUTLINE), strict=True):
        if rest <= strip:
            wide, growth = r0 - l0, ((r1 - l1) - (r0 - l0)) / (y1 - y0)
            # The positive root of growth/2 · h² + wide · h = rest, in the form that bears growth 0.
            return y0 + 2 * rest / (wide + sqrt(wide * wide + 2 * growth * rest))
        rest -= strip
    return 1.0


def _slice(top: float, bottom: float, box: tuple[float, float], class_: str) -> Markup:
    heights = [top, *(y for y, _, _ in _OUTLINE if top < y < bottom), bottom]
    corners = [(_edges(y)[1], y) for y in heights] + [(_edges(y)[0], y) for y in reversed(heights)]
    points = " ".join(
        f"{number(box[0] + x * (box[1] - box[0]))},{number(_TOP + y * _TALL)}" for x, y in corners
    )
    return element("polygon", points=points, class_=f"area {class_}")


def _labels(
    data: Iceberg, cuts: Sequence[float], box: tuple[float, float], look: Look
) -> Iterator[Markup]:
    middles = [_TOP + (a + b) / 2 * _TALL for a, b in pairwise(cuts)]
    places = spread(middles, _LABEL_GAP, 14, _TOP + _TALL - 16)
    column = box[1] + (44 if look.roomy else 20)
    for (label, count, class_), middle, y in zip(data.levels, middles, places, strict=True):
        edge = box[0] + _edges((middle - _TOP) / _TALL)[1] * (box[1] - box[0])
        elbow = column - (20 if look.roomy else 10)
        points = " ".join(
            f"{number(px)},{number(py)}"
            for px, py in ((edge - 3, middle), (elbow, y), (column - 6, y))
        )
        yield element("polyline", points=points, class_="line quiet")
        yield rect((column, y - 12, 4, 26), f"area {class_}")
        yield text((column + 12, y - 1), label, "quiet", room=look.width - column - 12)
        yield text((column + 12, y + 15), _said(count, data.seen), "strong")


def _sums(data: Iceberg, cuts: Sequence[float], box: tuple[float, float]) -> Iterator[Markup]:
    """Bracket, at the left, what adds up to all who left and to all who did not."""
    parts = [("Uninstalled", data.uninstalled, cuts[0], cuts[2])]
    parts.append(("Installed still", data.seen - data.uninstalled, cuts[2], cuts[-1]))
    middles = [_TOP + (top + bottom) / 2 * _TALL for _, _, top, bottom in parts]
    places = spread(middles, _LABEL_GAP, 14, _TOP + _TALL - 16)
    x = box[0] - 12
    for (label, count, top, bottom), y in zip(parts, places, strict=True):
        start, end = _TOP + top * _TALL + 1, _TOP + bottom * _TALL - 1
        if end > start:
            path = f"M{number(x + 5)} {number(start)}H{number(x)}V{number(end)}H{number(x + 5)}"
            yield element("path", d=path, class_="line quiet")
        yield text((x - 8, y - 1), label, "quiet", anchor="end", room=x - 8)
        yield text((x - 8, y + 15), f"{count:,}", "strong", anchor="end")


def _said(count: int, seen: int) -> str:
    share = str(Share(count, seen))
    return share if " of " in share else f"{count:,} · {share}"


def describe(data: Iceberg) -> str:
    """Say the levels in a sentence."""
    said = ", ".join(f"{label.lower()}: {_said(n, data.seen)}" for label, n, _ in data.levels)
    return (
        f"Of {data.seen:,} installations seen, {data.uninstalled:,} uninstalled."
        f" {said.capitalize()}. Above the waterline are those who answered;"
        " each level's area is its number."
    )


def rows(data: Iceberg) -> Table:
    """Return each level and each sum with its number and share of all."""
    levels = [(label, count) for label, count, _ in data.levels]
    sums = [("Seen", data.seen), ("Uninstalled", data.uninstalled)]
    return Table(
        ("Level", "Number", "Share of all seen"),
        tuple((label, f"{n:,}", str(Share(n, data.seen))) for label, n in sums + levels)
        if data.seen
        else (),
    )
