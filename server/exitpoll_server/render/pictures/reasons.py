"""Why they left: what was said, adjusted for known differences, and what the silent leave open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from exitpoll_server.languages import ENGLISH
from exitpoll_server.render.pictures.axes import (
    Scale,
    Share,
    between,
    fitting,
    known,
    said_percent,
    ticks,
)
from exitpoll_server.render.pictures.drawing import (
    SMALL,
    Look,
    Table,
    element,
    line,
    picture,
    rect,
    text,
    width_of,
)
from exitpoll_server.render.words import out_of
from exitpoll_server.speech import N_, _, language

_LABELS, _LONGER_LABELS = 230, 300
"""Pixels at the left, for English and for languages that say the same in longer words."""
_NUMBERS = 92
_DOT, _RING = 4, 7
"""The ring is wider than the dot: where both are at one place, each is still seen."""
_FOOT = 30
_KEYS = (
    ("dot", N_("share of the reasons given")),
    ("ring", N_("adjusted for known differences")),
    ("thick", N_("95 % interval")),
    ("thin", N_("whatever the silent would say")),
)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A reason. `bounds` hold without any assumption about those who said nothing (Manski)."""

    label: str
    share: Share
    adjusted: float | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reasons:
    """The reasons, in the order in which they are shown."""

    title: str
    reasons: tuple[Reason, ...]


def draw(data: Reasons, look: Look) -> str | None:
    """Draw a row a reason over one axis of shares; None where nobody was asked."""
    if not any(reason.share.of for reason in data.reasons):
        return None
    keys, top = _legend(data, look)
    pitch = 34 if look.roomy else 54
    bottom = top + pitch * len(data.reasons)
    left, right = (_labels(), look.width - _NUMBERS) if look.roomy else (16, look.width - 20)
    marks = ticks(0, _most(data), 5)
    scale = Scale(0, marks[-1], left, right)
    # Where a label stands above its row, the lines of the axis leave it free.
    strips = [(top, bottom)]
    if not look.roomy:
        strips = [
            (top + i * pitch + 26, top + (i + 1) * pitch - 8) for i in range(len(data.reasons))
        ]
    body = [*_axis(marks, scale, strips), *keys]
    for i, reason in enumerate(data.reasons):
        body += _row(reason, scale, top + i * pitch, look)
    return picture(look, data.title, describe(data), bottom + _FOOT, body)


def _labels() -> float:
    return _LABELS if language() == ENGLISH else _LONGER_LABELS


def _most(data: Reasons) -> float:
    ends = [end for reason in data.reasons for end in _values(reason)]
    return min(max([*ends, 0.05]), 1)


def _values(reason: Reason) -> Iterator[float]:
    yield reason.share.value or 0
    if reason.adjusted is not None:
        yield reason.adjusted
    for interval in (reason.share.interval, reason.bounds):
        if interval:
            yield interval[1]


def _axis(marks: list[float], scale: Scale, strips: list[tuple[float, float]]) -> Iterator[Markup]:
    places = [(scale(mark), said_percent(mark)) for mark in marks]
    shown = fitting(places)
    for i, (x, said) in enumerate(places):
        for top, bottom in strips:
            yield line((x, top), (x, bottom), "grid")
        if i in shown:
            yield text((x, strips[-1][1] + 18), said, "quiet", anchor="middle", small=True)


def _row(reason: Reason, scale: Scale, top: float, look: Look) -> Iterator[Markup]:
    y = top + (17 if look.roomy else 36)
    baseline = top + (21.5 if look.roomy else 20)
    room = _labels() - 18 if look.roomy else look.width - _NUMBERS
    yield text((0, baseline), reason.label, room=room)
    yield text((look.width, baseline), reason.share.with_count(), anchor="end")
    if reason.bounds:
        yield _bar(scale, reason.bounds, y, 2, "area quiet")
    interval = reason.share.interval
    if interval:
        yield _bar(scale, interval, y, 10, "area s1", fill_opacity="0.35")
    if reason.share.value is not None:
        x = scale(reason.share.value)
        yield element("circle", cx=x, cy=y, r=_DOT, class_="area s1")
    if reason.adjusted is not None:
        x = scale(reason.adjusted)
        yield _ring(x, y)


def _ring(x: float, y: float) -> Markup:
    return element("circle", cx=x, cy=y, r=_RING, class_="line s2", stroke_width=2)


def _bar(
    scale: Scale, interval: tuple[float, float], y: float, tall: float, class_: str, **more: str
) -> Markup:
    low, high = scale(interval[0]), scale(interval[1])
    return rect((low, y - tall / 2, max(high - low, 1), tall), class_, rx=min(tall / 2, 3), **more)


def _legend(data: Reasons, look: Look) -> tuple[list[Markup], float]:
    """Draw what the marks mean, for those that occur; return them and where the rows begin."""
    occurs = {
        "dot": True,
        "ring": any(reason.adjusted is not None for reason in data.reasons),
        "thick": any(reason.share.interval for reason in data.reasons),
        "thin": any(reason.bounds for reason in data.reasons),
    }
    drawn: list[Markup] = []
    x, y = 0.0, 8.0
    for mark, sentence in _KEYS:
        if not occurs[mark]:
            continue
        said = _(sentence)
        wide = 28 + width_of(said, SMALL)
        if x and x + wide > look.width:
            x, y = 0.0, y + 22
        drawn += [*_key(mark, x + 9, y), text((x + 24, y + 4), said, "quiet", small=True)]
        x += wide + 18
    return drawn, y + 22


def _key(mark: str, x: float, y: float) -> Iterator[Markup]:
    if mark == "dot":
        yield element("circle", cx=x, cy=y, r=_DOT, class_="area s1")
    elif mark == "ring":
        yield _ring(x, y)
    elif mark == "thick":
        yield rect((x - 9, y - 5, 18, 10), "area s1", rx=3, fill_opacity="0.35")
    else:
        yield rect((x - 9, y - 1, 18, 2), "area quiet")


def describe(data: Reasons) -> str:
    """Say each reason's share, and between what it must lie."""
    said = "; ".join(map(_described, data.reasons))
    return _("Shares of all reasons given. %(reasons)s.", reasons=said)


def _described(reason: Reason) -> str:
    said = f"{reason.label}: {reason.share.with_count()}"
    if not reason.bounds:
        return said
    return _("%(reason)s, for all who left %(bounds)s", reason=said, bounds=between(reason.bounds))


def rows(data: Reasons) -> Table:
    """Return each reason with its number, share, interval, adjusted share and bounds."""
    return Table(
        (
            _("Reason"),
            _("Number"),
            _("Share"),
            _("95 % interval"),
            _("Adjusted"),
            _("Whatever the silent would say"),
        ),
        tuple(
            (
                reason.label,
                out_of(reason.share.count, reason.share.of),
                str(reason.share),
                between(reason.share.interval),
                known(reason.adjusted),
                between(reason.bounds),
            )
            for reason in data.reasons
        ),
    )
