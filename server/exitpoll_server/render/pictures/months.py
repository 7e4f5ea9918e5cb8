"""Months as bars from zero: new, returning and resurrecting above, dormant below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from exitpoll_server.render.pictures.axes import Scale, levels, short, ticks
from exitpoll_server.render.pictures.drawing import (
    SMALL,
    Look,
    Table,
    element,
    line,
    number,
    picture,
    rect,
    text,
    width_of,
)
from exitpoll_server.speech import N_, _, month, num

_LEFT = 48
_PLOT = 240
_PARTS = (
    (N_("Returning"), "s1", "0.9"),
    (N_("New"), "s3", "0.55"),
    (N_("Resurrecting"), "s5", "0.9"),
)
_BELOW = (N_("Dormant (below zero)"), "quiet", "0.45")
_STEPS = (1, 2, 3, 6, 12)
"""Months between two that are named."""
_WIDEST = 56
"""Pixels of a bar where there are few months."""


@dataclass(frozen=True)
class Month:
    """A month's installations; `first` is its first day."""

    first: date
    new: int
    returning: int
    resurrecting: int
    dormant: int

    @property
    def above(self) -> tuple[int, int, int]:
        """The active ones, from zero up."""
        return self.returning, self.new, self.resurrecting

    @property
    def active(self) -> int:
        """All who were active."""
        return sum(self.above)


@dataclass(frozen=True)
class Months:
    """The months in order."""

    title: str
    months: tuple[Month, ...]


def draw(data: Months, look: Look) -> str | None:
    """Draw a bar a month; None where nobody was active or dormant."""
    most = max((m.active for m in data.months), default=0)
    least = max((m.dormant for m in data.months), default=0)
    if not most + least:
        return None
    keys, top = _legend(look)
    marks = ticks(-least, most, 5, whole=True)
    y = Scale(marks[0], marks[-1], top + _PLOT, top)
    column = (look.width - _LEFT) / len(data.months)
    body = [*keys, *levels([(y(mark), short(abs(mark))) for mark in marks], _LEFT, look.width)]
    body += _bars(data, column, y)
    body.append(line((_LEFT, y(0)), (look.width, y(0)), "axis"))
    body += _names(data, column, top + _PLOT)
    return picture(look, data.title, describe(data), top + _PLOT + 42, body)


def _bars(data: Months, column: float, y: Scale) -> Iterator[Markup]:
    """Draw a part of all months as one path: years of months are still a small picture."""
    wide = min(column * 0.72, _WIDEST)
    starts = [0] * len(data.months)
    for k, (_label, class_, opacity) in enumerate(_PARTS):
        ends = [start + m.above[k] for start, m in zip(starts, data.months, strict=True)]
        d = _boxes(starts, ends, y, (column, wide))
        yield element("path", d=d, class_=f"area {class_}", fill_opacity=opacity)
        starts = ends
    below = [-m.dormant for m in data.months]
    d = _boxes([0] * len(below), below, y, (column, wide))
    yield element("path", d=d, class_=f"area {_BELOW[1]}", fill_opacity=_BELOW[2])


def _boxes(
    starts: Sequence[int], ends: Sequence[int], y: Scale, widths: tuple[float, float]
) -> str:
    column, wide = widths
    return "".join(
        f"M{number(_LEFT + (i + 0.5) * column - wide / 2)} {number(y(start))}"
        f"h{number(wide)}V{number(y(end))}h{number(-wide)}z"
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
        if start != end
    )


def _legend(look: Look) -> tuple[list[Markup], float]:
    drawn: list[Markup] = []
    x, y = 0.0, 10.0
    for label, class_, opacity in (*_PARTS, _BELOW):
        said = _(label)
        wide = 20 + width_of(said, SMALL)
        if x + wide > look.width:
            x, y = 0.0, y + 20
        drawn += [
            rect((x, y - 9, 12, 12), f"area {class_}", fill_opacity=opacity, rx=2),
            text((x + 18, y + 1.5), said, "quiet", small=True),
        ]
        x += wide + 16
    return drawn, y + 22


def _names(data: Months, column: float, base: float) -> Iterator[Markup]:
    """Name as many months as have room, at even distances, each year under its first one."""
    named = [month(m.first, "LLL") for m in data.months]
    widest = max(width_of(said, SMALL) for said in ("2000", *named)) + 6
    step = next(step for step in _STEPS if step * column >= widest or step == _STEPS[-1])
    shown = [i for i, m in enumerate(data.months) if (m.first.month - 1) % step == 0] or [0]
    year = 0
    for i in shown:
        first, right = data.months[i].first, _LEFT + len(data.months) * column
        at = min(_LEFT + (i + 0.5) * column, right - widest / 2)
        yield text((at, base + 18), named[i], "quiet", anchor="middle", small=True)
        if first.year != year:
            yield text((at, base + 34), f"{first.year}", "quiet", anchor="middle", small=True)
            year = first.year


def describe(data: Months) -> str:
    """Say the latest month."""
    last = data.months[-1]
    return _(
        "%(n)s months up to %(month)s. Then %(active)s were active: %(returning)s returning, "
        "%(new)s new, %(resurrecting)s resurrecting; %(dormant)s had gone dormant.",
        n=num(len(data.months)),
        month=f"{last.first:%Y-%m}",
        active=num(last.active),
        returning=num(last.returning),
        new=num(last.new),
        resurrecting=num(last.resurrecting),
        dormant=num(last.dormant),
    )


def rows(data: Months) -> Table:
    """Return each month's numbers."""
    return Table(
        (_("Month"), _("New"), _("Returning"), _("Resurrecting"), _("Dormant")),
        tuple(
            (
                f"{m.first:%Y-%m}",
                *(num(n) for n in (m.new, m.returning, m.resurrecting, m.dormant)),
            )
            for m in data.months
        ),
    )
