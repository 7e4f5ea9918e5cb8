"""Those who spoke as the tip of all who were seen: every level's area is its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import sqrt

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Share, short
from exitpoll_server.render.pictures.drawing import (
    Look,
    Table,
    along,
    element,
    line,
    number,
    picture,
    rect,
    spread,
    text,
    width_of,
)
from exitpoll_server.speech import _, num

_TALL = 300
_TOP = 44
"""Air above the tip; a label that names it needs two lines there, clear of the water."""
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
_CLEAR = 22
"""Pixels between the waterline and the middle of a label: no line goes through a text."""


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
            (_("Answered"), self.answered, "tip"),
            (_("Left quietly"), self.left_quietly, "deep"),
        )
        if self.stopped is None:
            return (*gone, (_("Not uninstalled"), self.active, "calm"))
        return (*gone, (_("Stopped"), self.stopped, "deeper"), (_("Active"), self.active, "calm"))


def draw(data: Iceberg, look: Look) -> str | None:
    """Draw the berg, cut at the heights where the areas are the numbers; None of nobody."""
    if not data.seen:
        return None
    left, right = 0.3 * look.width, (0.68 if look.roomy else 0.615) * look.width
    sums = [0, *accumulate(count for _label, count, _class in data.levels)]
    cuts = [_height_of(total / data.seen) for total in sums]
    water = _TOP + cuts[1] * _TALL
    names = _names(cuts, water)
    bottom = max(_TOP + _TALL, names[-1] + _CLEAR) + 14
    body = [rect((0, water, look.width, bottom - water), "area sea", fill_opacity="0.07")]
    for (_label, count, class_), (top, low) in zip(data.levels, pairwise(cuts), strict=True):
        if count:
            body.append(_slice(top, low, (left, right), class_))
    body.append(line((0, water), (look.width, water), "line sea", stroke_width=1.5))
    body += _labels(data, cuts, names, (left, right), look)
    body += _sums(data, cuts, (left, right))
    return picture(look, data.title, describe(data), bottom, body)


def _names(cuts: Sequence[float], water: float) -> list[float]:
    """Return where each level is named: the tip above the water, the rest below it."""
    middles = [_TOP + (a + b) / 2 * _TALL for a, b in pairwise(cuts)]
    highest = water + _CLEAR
    lowest = max(_TOP + _TALL - 16, highest + _LABEL_GAP * (len(middles) - 2))
    return [
        min(middles[0], water - _CLEAR),
        *spread(middles[1:], _LABEL_GAP, highest, lowest),
    ]


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
    return element("polygon", points=points, class_=f"area edge {class_}")


def _labels(
    data: Iceberg,
    cuts: Sequence[float],
    names: Sequence[float],
    box: tuple[float, float],
    look: Look,
) -> Iterator[Markup]:
    column = box[1] + (44 if look.roomy else 20)
    room = look.width - column - 12
    for (label, count, class_), middle, y in zip(
        data.levels, map(_middle, pairwise(cuts)), names, strict=True
    ):
        edge = box[0] + _edges(middle)[1] * (box[1] - box[0])
        elbow = column - (20 if look.roomy else 10)
        corners = ((edge - 3, _TOP + middle * _TALL), (elbow, y), (column - 6, y))
        yield element("path", d=f"M{along(corners)}", class_="line quiet")
        yield rect((column, y - 12, 4, 26), f"area {class_}")
        yield text((column + 12, y - 1), label, "quiet", room=room)
        yield text((column + 12, y + 15), _fitting(count, data.seen, room), "strong")


def _middle(ends: tuple[float, float]) -> float:
    return sum(ends) / 2


def _fitting(count: int, seen: int, room: float) -> str:
    said = Share(count, seen).with_count()
    return said if 1.08 * width_of(said) <= room else f"{short(count)} · {Share(count, seen)}"


def _sums(data: Iceberg, cuts: Sequence[float], box: tuple[float, float]) -> Iterator[Markup]:
    """Bracket, at the left, what adds up to all who left and to all who did not."""
    parts = [(_("Uninstalled"), data.uninstalled, cuts[0], cuts[2])]
    parts.append((_("Still installed"), data.seen - data.uninstalled, cuts[2], cuts[-1]))
    middles = [_TOP + (top + bottom) / 2 * _TALL for _, _, top, bottom in parts]
    places = _clear(middles, _TOP + cuts[1] * _TALL)
    x = box[0] - 10
    for (label, count, top, bottom), y in zip(parts, places, strict=True):
        start, end = _TOP + top * _TALL + 1, _TOP + bottom * _TALL - 1
        if end > start:
            path = f"M{number(x + 5)} {number(start)}H{number(x)}V{number(end)}H{number(x + 5)}"
            yield element("path", d=path, class_="line quiet")
        said = num(count) if 1.08 * width_of(num(count)) <= x - 6 else short(count)
        yield text((x - 6, y - 1), label, "quiet", anchor="end", room=x - 6, small=True)
        yield text((x - 6, y + 15), said, "strong", anchor="end")


def _clear(middles: Sequence[float], water: float) -> list[float]:
    """Return the places of two labels, apart from each other and from the waterline."""
    first, second = middles
    if abs(first - water) < _CLEAR:
        first = water - _CLEAR if first < water else water + _CLEAR
    second = max(second, first + _LABEL_GAP)
    return [first, water + _CLEAR if abs(second - water) < _CLEAR else second]


def describe(data: Iceberg) -> str:
    """Say the levels in a sentence."""
    said = ", ".join(
        f"{label.lower()}: {Share(n, data.seen).with_count()}" for label, n, _class in data.levels
    )
    return _(
        "Of %(seen)s installations seen, %(uninstalled)s uninstalled. %(levels)s. Above the "
        "waterline are those who answered; each level's area is its number.",
        seen=num(data.seen),
        uninstalled=num(data.uninstalled),
        levels=said.capitalize(),
    )


def rows(data: Iceberg) -> Table:
    """Return each level and each sum with its number and share of all."""
    levels = [(label, count) for label, count, _class in data.levels]
    sums = [(_("Seen"), data.seen), (_("Uninstalled"), data.uninstalled)]
    return Table(
        (_("Level"), _("Number"), _("Share of all seen")),
        tuple((label, num(n), str(Share(n, data.seen))) for label, n in sums + levels)
        if data.seen
        else (),
    )
