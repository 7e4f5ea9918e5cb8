"""Shares over time as steps, with bands, and how many were still followed under the axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import (
    Scale,
    fitting,
    known,
    levels,
    said_percent,
    short,
    ticks,
)
from exitpoll_server.render.pictures.drawing import (
    DASHES,
    SERIES,
    SMALL,
    Look,
    Table,
    along,
    element,
    leader,
    line,
    picture,
    spread,
    text,
    width_of,
)
from exitpoll_server.render.words import percent
from exitpoll_server.speech import _, num

_PLOT = 240
_TOP = 12
_LEFT = 48
_ROW = 20
_BAND = "0.13"


@dataclass(frozen=True)
class Point:
    """From `at` on the share is `value`, until the next point."""

    at: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Curve:
    """A curve; `at_risk` has how many were still followed at each of the picture's ticks."""

    label: str
    points: tuple[Point, ...]
    at_risk: tuple[int | None, ...] = ()
    """None where it is not known, or where the curve has ended."""
    until: float = inf
    """Where it ends, if that is before the last tick."""

    def at(self, moment: float) -> float | None:
        """Return the share at a moment, None before the first point and after the end."""
        if moment > self.until:
            return None
        return next((p.value for p in reversed(self.points) if p.at <= moment), None)


@dataclass(frozen=True, kw_only=True)
class Curves:
    """At most six curves over one axis of time, whose ticks are given; it ends at the last one."""

    title: str
    unit: str
    ticks: tuple[float, ...]
    curves: tuple[Curve, ...]
    stacked: bool = False
    """Whether each is drawn on top of the one before: for parts of one whole."""


@dataclass(frozen=True)
class _Plot:
    """Both scales of a picture, and how it is looked at."""

    look: Look
    x: Scale
    y: Scale

    @property
    def right(self) -> float:
        return self.x.end


def draw(data: Curves, look: Look) -> str | None:
    """Draw the curves; None where none has a point, or time has no length.

    Raises:
        ValueError: there are more curves than can be told apart.
    """
    if len(data.curves) > SERIES:
        raise ValueError(f"{len(data.curves)} curves cannot be told apart, {SERIES} can")
    data = replace(data, curves=tuple(curve for curve in data.curves if curve.points))
    if not data.curves or data.ticks[-1:] <= data.ticks[:1]:
        return None
    shown = stacked(data) if data.stacked else data.curves
    labels = 150 if look.roomy else 108
    x = Scale(data.ticks[0], data.ticks[-1], _LEFT, look.width - labels)
    marks = ticks(0, _most(shown), 4)
    plot = _Plot(look, x, Scale(0, marks[-1], _TOP + _PLOT, _TOP))
    body = levels([(plot.y(mark), said_percent(mark)) for mark in marks], _LEFT, plot.right)
    body += _areas(shown, plot) if data.stacked else _lines(shown, plot)
    body += _names(shown, plot, stacked_=data.stacked)
    foot, height = _foot(data, plot)
    return picture(look, data.title, describe(data), height, [*body, *foot])


def _most(curves: Sequence[Curve]) -> float:
    ends = [end for c in curves for p in c.points for end in (p.value, p.high or 0)]
    return min(max(*ends, 0.01), 1)


def stacked(data: Curves) -> tuple[Curve, ...]:
    """Return each curve raised by those before it."""
    moments = sorted({p.at for curve in data.curves for p in curve.points})
    sums = [0.0] * len(moments)
    raised: list[Curve] = []
    for curve in data.curves:
        sums = [total + (curve.at(at) or 0) for at, total in zip(moments, sums, strict=True)]
        points = tuple(Point(at, total) for at, total in zip(moments, sums, strict=True))
        raised.append(replace(curve, points=points))
    return tuple(raised)


def _lines(curves: Sequence[Curve], plot: _Plot) -> Iterator[Markup]:
    # More lines share the same room, and the same bytes: each is drawn a little coarser.
    finest = max(0.7, 0.3 * len(curves))
    for i, curve in enumerate(curves, 1):
        band = [p for p in curve.points if p.low is not None and p.high is not None]
        if band:
            high = _path([(p.at, p.high or 0) for p in band], plot, finest, curve.until)
            low = _path([(p.at, p.low or 0) for p in band], plot, finest, curve.until)
            outline = f"M{along(high)}L{along(low[::-1])}Z"
            yield element("path", d=outline, class_=f"area s{i}", fill_opacity=_BAND)
    for i, curve in enumerate(curves, 1):
        corners = _path([(p.at, p.value) for p in curve.points], plot, finest, curve.until)
        dash = DASHES[i - 1]
        d = f"M{along(corners)}"
        yield element("path", d=d, class_=f"line s{i}", stroke_width=2, stroke_dasharray=dash)


def _areas(curves: Sequence[Curve], plot: _Plot) -> Iterator[Markup]:
    below = [(plot.x.start, plot.y.start), (plot.right, plot.y.start)]
    for i, curve in enumerate(curves, 1):
        corners = _path([(p.at, p.value) for p in curve.points], plot, 0.7)
        d = f"M{along(corners)}L{along(below[::-1])}Z"
        yield element("path", d=d, class_=f"area s{i}", fill_opacity=0.3 if i % 2 else "0.5")
        yield element("path", d=f"M{along(corners)}", class_=f"line s{i}", stroke_width=2)
        below = corners


def _path(
    points: Sequence[tuple[float, float]], plot: _Plot, finest: float, until: float = inf
) -> list[tuple[float, float]]:
    """Return the corners of steps, without those that nobody could see."""
    x, y = plot.x(points[0][0]), plot.y(points[0][1])
    corners, last = [(x, y)], min(until, plot.x.high)
    for at, value in points[1:]:
        level = plot.y(value)
        if at <= last and abs(level - y) >= finest:
            x = plot.x(at)
            corners += [(x, y), (x, level)]
            y = level
    corners.append((plot.x(until), y))
    return corners


def _names(curves: Sequence[Curve], plot: _Plot, *, stacked_: bool) -> Iterator[Markup]:
    """Name each curve at the right; one that ends before has a dot there, and a grey line."""
    lasts = [min(curve.until, plot.x.high) for curve in curves]
    ends = [plot.y(curve.at(last) or 0) for curve, last in zip(curves, lasts, strict=True)]
    if stacked_:
        ends = [(a + b) / 2 for a, b in pairwise([plot.y.start, *ends])]
    places = spread(ends, 18, _TOP, _TOP + _PLOT)
    x = plot.right
    for i, (curve, last, end, y) in enumerate(zip(curves, lasts, ends, places, strict=True), 1):
        if last < plot.x.high:
            at = plot.x(last)
            yield line((at, end), (x, end), "grid")
            yield element("circle", cx=at, cy=end, r=3, class_=f"area s{i}")
        yield leader((x, end), y, f"s{i}")
        room = plot.look.width - x - 16
        yield text((x + 16, y + 4.5), curve.label, f"strong s{i}", room=room * 0.93)


def _foot(data: Curves, plot: _Plot) -> tuple[list[Markup], float]:
    base = _TOP + _PLOT
    labels = [(plot.x(at), num(at, ",g")) for at in data.ticks]
    followed = _followed(data)
    # A column of numbers under a tick needs as much room as its longest.
    longest = [
        max((_counted(c.at_risk[i]) for _, c in followed), key=len, default="")
        for i in range(len(labels))
    ]
    shown = fitting(
        [(x, max(said, n, key=len)) for (x, said), n in zip(labels, longest, strict=True)]
    )
    drawn = [line((_LEFT, base), (plot.right, base), "axis")]
    for i in shown:
        x, said = labels[i]
        drawn += [
            line((x, base), (x, base + 5), "axis"),
            text((x, base + 20), said, "quiet", anchor="middle", small=True),
        ]
    beside = plot.right + max(16, width_of(labels[-1][1], SMALL) / 2 + 6)
    drawn.append(text((beside, base + 20), data.unit, "quiet", small=True))
    if not followed:
        return drawn, base + 28
    drawn.append(text((0, base + 46), _("Still followed"), "quiet", small=True))
    places = [(i, labels[i][0]) for i in shown]
    for y, (class_, curve) in enumerate(followed, 1):
        drawn += _counts(curve, class_, places, plot, base + 46 + y * _ROW)
    return drawn, base + 54 + len(followed) * _ROW


def _followed(data: Curves) -> list[tuple[str, Curve]]:
    """Return the rows of those followed, with their colours; one row where all are the same."""
    known_ = [
        (f"s{i}", c) for i, c in enumerate(data.curves, 1) if len(c.at_risk) == len(data.ticks)
    ]
    if len(known_) > 1 and len({curve.at_risk for _, curve in known_}) == 1:
        return [("quiet", replace(known_[0][1], label=""))]
    return known_


def _counts(
    curve: Curve, class_: str, places: Sequence[tuple[int, float]], plot: _Plot, y: float
) -> Iterator[Markup]:
    for i, x in places:
        yield text((x, y), _counted(curve.at_risk[i]), anchor="middle", small=True)
    if curve.label:
        room = plot.look.width - plot.right - 16
        yield text((plot.right + 16, y), curve.label, class_, room=room, small=True)


def _counted(n: int | None) -> str:
    return "" if n is None else short(n)


def describe(data: Curves) -> str:
    """Say where each curve ends."""
    ends = [(c, min(c.until, data.ticks[-1])) for c in data.curves]
    said = [
        _(
            "%(curve)s: %(share)s at %(at)s %(unit)s",
            curve=c.label,
            share=percent(c.at(end) or 0),
            at=num(end, ",.0f"),
            unit=data.unit,
        )
        for c, end in ends
    ]
    return f"{'; '.join(said)}."


def rows(data: Curves) -> Table:
    """Return each curve's share, and how many were still followed, at every tick."""
    found = [(c.label, *(known(c.at(at)) for at in data.ticks)) for c in data.curves]
    for _class, curve in _followed(data):
        label = _("Still followed")
        if curve.label:
            label = _("%(curve)s: still followed", curve=curve.label)
        found.append((label, *("–" if n is None else num(n) for n in curve.at_risk)))
    ticks_ = (f"{num(at, ',g')} {data.unit}" for at in data.ticks)
    return Table((_("Curve"), *ticks_), tuple(found))
