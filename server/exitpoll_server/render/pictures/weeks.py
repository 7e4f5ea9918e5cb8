"""A rate week by week, a panel a version, with alarms and the weeks that are still arriving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Scale, fitting, levels, ticks
from exitpoll_server.render.pictures.drawing import (
    SMALL,
    Look,
    Table,
    along,
    element,
    line,
    number,
    picture,
    rect,
    text,
    width_of,
)
from exitpoll_server.speech import _, month, num

_LEFT = 48
_PANEL = 110
_SINGLE = 190
"""The height of one panel of many, and of the only one."""
_NAME = 34
_UNIT = 22
_HEAD = 44
"""Room above the panels for the unit, and for how much has arrived."""
_DOT = 2.6
_WHOLE = 100
"""From here on three digits are a whole number."""
_YEAR = 52
"""Weeks; of more the year is said, and the day is not."""
_COMPLETE = 0.95
"""From this share of its rows on a week is no longer shaded."""


@dataclass(frozen=True)
class Rate:
    """A week's rate, in the picture's unit, between the ends of its interval."""

    value: float
    low: float
    high: float
    alarm: bool = False


@dataclass(frozen=True)
class Panel:
    """A version; a week of which nothing is known is None."""

    label: str
    rates: tuple[Rate | None, ...]


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """The first days of the weeks; `arrived` is F, the share of each that is known by now."""

    title: str
    unit: str
    weeks: tuple[date, ...]
    arrived: tuple[float, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class _Strip:
    """Where one panel is drawn; `x` maps the place of a week, `half` is half a week."""

    x: Scale
    y: Scale
    half: float


def draw(data: Weeks, look: Look) -> str | None:
    """Draw a panel under another, all on one scale; None where no week is known."""
    rates = [rate for panel in data.panels for rate in panel.rates if rate]
    if not rates:
        return None
    panels = [panel for panel in data.panels if any(panel.rates)]
    half = (look.width - _LEFT) / len(data.weeks) / 2
    x = Scale(0, max(len(data.weeks) - 1, 1), _LEFT + half, look.width - half)
    tall = _PANEL if len(panels) > 1 else _SINGLE
    marks = ticks(0, max(0.01, *(rate.high for rate in rates)), 3 if len(panels) > 1 else 4)
    late = [i for i, share in enumerate(data.arrived) if share < _COMPLETE]
    top = _HEAD if late else _UNIT
    height = top + len(panels) * (tall + _NAME)
    body = list(_arriving(data, late, x, half, height))
    for k, panel in enumerate(panels):
        base = top + (k + 1) * (tall + _NAME)
        strip = _Strip(x, Scale(0, marks[-1], base, base - tall), half)
        named = [(strip.y(mark), num(mark, ",g")) for mark in marks]
        body += levels(named, _LEFT, look.width)
        body += _panel(panel, strip, look)
    body += _dates(data, x, height, look)
    body.append(text((0, 12), data.unit, "quiet", room=look.width, small=True))
    return picture(look, data.title, describe(data), height + 28, body)


def _arriving(
    data: Weeks, late: list[int], x: Scale, half: float, bottom: float
) -> Iterator[Markup]:
    """Shade the weeks whose messages are still to come, and say how much of each is known."""
    for i in late:
        yield rect(
            (x(i) - half, _HEAD, 2 * half, bottom - _HEAD), "area quiet", fill_opacity="0.12"
        )
    if not late:
        return
    said = {i: num(data.arrived[i], ".2f") for i in late}
    right = x(len(data.weeks) - 1) + half
    places = [(min(x(i), right - width_of(said[i], SMALL) / 2), said[i]) for i in late]
    # The newest week matters most, so it is the last that is surely named.
    mirrored = [(-at, share) for at, share in reversed(places)]
    shown = [places[len(places) - 1 - i] for i in fitting(mirrored)]
    for at, share in shown:
        yield text((at, _HEAD - 8), share, "quiet", anchor="middle", small=True)
    start = min(at for at, _ in shown) - width_of(shown[-1][1], SMALL) / 2 - 8
    yield text((start, _HEAD - 8), _("Still arriving, F ="), "quiet", anchor="end", small=True)


def _panel(panel: Panel, strip: _Strip, look: Look) -> Iterator[Markup]:
    name = strip.y.end - 10
    yield text((_LEFT, name), panel.label, "strong", room=look.width - _LEFT)
    known = [(i, rate) for i, rate in enumerate(panel.rates) if rate]
    whiskers = "".join(
        f"M{number(strip.x(i))} {number(strip.y(rate.low))}V{number(strip.y(rate.high))}"
        for i, rate in known
    )
    wide = min(strip.half, 6)
    yield element("path", d=whiskers, class_="line s1", stroke_width=wide, stroke_opacity="0.3")
    for run in _runs(known):
        d = f"M{along([(strip.x(i), strip.y(rate.value)) for i, rate in run])}"
        yield element("path", d=d, class_="line s1", stroke_width=2)
    # Lines without a length, whose round ends are dots.
    dots = "".join(f"M{number(strip.x(i))} {number(strip.y(rate.value))}h0" for i, rate in known)
    dot = min(2 * _DOT, strip.half)
    yield element("path", d=dots, class_="line s1", stroke_width=dot, stroke_linecap="round")
    for i, rate in known:
        if rate.alarm:
            yield _alarm((strip.x(i), strip.y(rate.value)))


def _runs(known: list[tuple[int, Rate]]) -> Iterator[list[tuple[int, Rate]]]:
    """Yield weeks that follow one another: a week of which nothing is known breaks the line."""
    run = known[:1]
    for before, one in pairwise(known):
        if one[0] != before[0] + 1:
            yield run
            run = []
        run.append(one)
    yield run


def _alarm(at: tuple[float, float]) -> Markup:
    """Draw a triangle on a point: a shape, for those to whom colours say nothing."""
    x, y = at
    corners = ((x, y - 9), (x + 8, y + 5.5), (x - 8, y + 5.5))
    points = " ".join(f"{number(a)},{number(b)}" for a, b in corners)
    return element("polygon", points=points, class_="area s2 edge", stroke_width=1.5)


def _dates(data: Weeks, x: Scale, base: float, look: Look) -> Iterator[Markup]:
    yield line((_LEFT, base), (look.width, base), "axis")
    years = len(data.weeks) > _YEAR
    places = [(x(i), month(day, "LLL y" if years else "d MMM")) for i, day in enumerate(data.weeks)]
    for i in fitting(places, until=look.width):
        at, said = places[i]
        yield line((at, base), (at, base + 5), "axis")
        yield text((at, base + 20), said, "quiet", anchor="middle", small=True)


def describe(data: Weeks) -> str:
    """Say each version's latest rate, and its alarms."""
    said: list[str] = []
    for panel in data.panels:
        known = [(day, rate) for day, rate in zip(data.weeks, panel.rates, strict=True) if rate]
        if known:
            alarms = ", ".join(f"{day:%Y-%m-%d}" for day, rate in known if rate.alarm)
            day, rate = known[-1]
            latest = _(
                "%(version)s: %(rate)s in the week of %(day)s",
                version=panel.label,
                rate=_plain(rate.value),
                day=f"{day:%Y-%m-%d}",
            )
            if alarms:
                latest = _("%(latest)s, alarm in %(weeks)s", latest=latest, weeks=alarms)
            said.append(latest)
    return f"{data.unit}. {'; '.join(said)}."


def rows(data: Weeks) -> Table:
    """Return each week with its share arrived and each version's rate, interval and alarm."""
    return Table(
        (_("Week of"), _("Arrived (F)"), *(panel.label for panel in data.panels)),
        tuple(
            (
                f"{day:%Y-%m-%d}",
                num(data.arrived[i], ".2f"),
                *(_said(panel.rates[i]) for panel in data.panels),
            )
            for i, day in enumerate(data.weeks)
        ),
    )


def _said(rate: Rate | None) -> str:
    if rate is None:
        return "–"
    said = _(
        "%(rate)s (%(low)s to %(high)s)",
        rate=_plain(rate.value),
        low=_plain(rate.low),
        high=_plain(rate.high),
    )
    return _("%(rate)s, alarm", rate=said) if rate.alarm else said


def _plain(rate: float) -> str:
    """Write a rate in three digits or all before the point: never 1e+03."""
    return num(rate, ",.0f" if rate >= _WHOLE else ".3g")
