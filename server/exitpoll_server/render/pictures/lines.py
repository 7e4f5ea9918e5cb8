"""Counts by day or month as lines: who is active."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Scale, fitting, levels, short, ticks
from exitpoll_server.render.pictures.drawing import (
    DASHES,
    SERIES,
    Look,
    Table,
    along,
    element,
    leader,
    line,
    picture,
    spread,
    text,
)

_LEFT = 48
_PLOT = 210
_TOP = 12
_FINEST = 1.0
"""Pixels between two points of a line: years of days are more than a screen can show."""


@dataclass(frozen=True)
class Line:
    """A line; what is not known is None and leaves a gap."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Lines:
    """At most six lines over the same days."""

    title: str
    days: tuple[date, ...]
    lines: tuple[Line, ...]


def draw(data: Lines, look: Look) -> str | None:
    """Draw the lines from zero up; None where nothing is known.

    Raises:
        ValueError: there are more lines than can be told apart.
    """
    if len(data.lines) > SERIES:
        raise ValueError(f"{len(data.lines)} lines cannot be told apart, {SERIES} can")
    known = [value for one in data.lines for value in one.values if value is not None]
    if not known:
        return None
    right = look.width - (130 if look.roomy else 104)
    x = Scale(data.days[0].toordinal(), data.days[-1].toordinal(), _LEFT, right)
    marks = ticks(0, max(*known, 1), 4, whole=True)
    y = Scale(0, marks[-1], _TOP + _PLOT, _TOP)
    body = levels([(y(mark), short(mark)) for mark in marks], _LEFT, right)
    for i in range(1, len(data.lines) + 1):
        body += _line(data, i, (x, y))
    body += _names(data, y, right, look)
    body += _days(data, x, right)
    return picture(look, data.title, describe(data), _TOP + _PLOT + 28, body)


def _line(data: Lines, i: int, scales: tuple[Scale, Scale]) -> Iterator[Markup]:
    # More lines share the same bytes: each is drawn a little coarser.
    finest = _FINEST * max(1, len(data.lines) / 2)
    for run in _runs(data.lines[i - 1], data.days):
        d = f"M{along(list(_thinned(run, scales, finest)))}"
        # A day alone between two gaps is a line without a length: its round ends make it a dot.
        yield element(
            "path",
            d=d if len(run) > 1 else f"{d}h0",
            class_=f"line s{i}",
            stroke_width=2 if len(run) > 1 else 5,
            stroke_linecap="round" if len(run) == 1 or i == 1 else None,
            stroke_dasharray=DASHES[i - 1] if len(run) > 1 else None,
        )


def _runs(one: Line, days: tuple[date, ...]) -> Iterator[list[tuple[date, float]]]:
    """Yield what is known without a gap."""
    run: list[tuple[date, float]] = []
    for day, value in zip(days, one.values, strict=True):
        if value is not None:
            run.append((day, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _thinned(
    run: list[tuple[date, float]], scales: tuple[Scale, Scale], finest: float
) -> Iterator[tuple[float, float]]:
    x, y = scales
    last = float("-inf")
    for day, value in run:
        at = x(day.toordinal())
        if at - last >= finest or day == run[-1][0]:
            yield at, y(value)
            last = at


def _names(data: Lines, y: Scale, right: float, look: Look) -> Iterator[Markup]:
    named = [(i, one, _last(one)) for i, one in enumerate(data.lines, 1)]
    ends = [(i, one, last) for i, one, last in named if last is not None]
    places = spread([y(last) for _, _, last in ends], 36, _TOP + 4, _TOP + _PLOT - 16)
    for (i, one, last), place in zip(ends, places, strict=True):
        room = look.width - right - 16
        yield leader((right, y(last)), place, f"s{i}")
        yield text((right + 16, place + 4.5), one.label, f"strong s{i}", room=room * 0.93)
        yield text((right + 16, place + 19.5), short(last), "quiet", small=True)


def _last(one: Line) -> float | None:
    return next((value for value in reversed(one.values) if value is not None), None)


def _days(data: Lines, x: Scale, right: float) -> Iterator[Markup]:
    base = _TOP + _PLOT
    yield line((_LEFT, base), (right, base), "axis")
    firsts = [day for day in data.days if day.day == 1] or [data.days[0], data.days[-1]]
    places = [
        (x(day.toordinal()), f"{day.day} {day:%b}" if day.day > 1 else f"{day:%b %Y}")
        for day in firsts
    ]
    for i in fitting(places):
        at, said = places[i]
        yield line((at, base), (at, base + 5), "axis")
        yield text((at, base + 20), said, "quiet", anchor="middle", small=True)


def describe(data: Lines) -> str:
    """Say where each line stands last, and its highest."""
    said = "; ".join(
        f"{one.label}: {known[-1]:,.0f} at the end, {max(known):,.0f} at most"
        for one in data.lines
        if (known := [value for value in one.values if value is not None])
    )
    return f"From {data.days[0]:%Y-%m-%d} to {data.days[-1]:%Y-%m-%d}. {said}."


def rows(data: Lines) -> Table:
    """Return each day's values."""
    return Table(
        ("Day", *(one.label for one in data.lines)),
        tuple(
            (f"{day:%Y-%m-%d}", *(_said(one.values[i]) for one in data.lines))
            for i, day in enumerate(data.days)
        ),
    )


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
