"""From numbers to places and words: scales, round ticks, shares and counts as they are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup

from exitpoll_server.render.pictures.drawing import SMALL, line, text, width_of
from exitpoll_server.render.words import LEAST_FOR_PERCENT, NBSP, out_of, percent
from exitpoll_server.speech import N_, _, num

_ROUND_STEPS = (1, 2, 2.5, 5, 10)
_LABEL_GAP = 10
"""Pixels between two labels under an axis."""
_SIZES = (
    (1e12, 1e12, N_("%(n)sT")),
    (1e9, 1e9, N_("%(n)sG")),
    (1e6, 1e6, N_("%(n)sM")),
    (1e4, 1e3, N_("%(n)sk")),
)
"""From which count on it is said in which size, and how."""


@dataclass(frozen=True)
class Share:
    """So many out of so many, with the ends of an interval in shares of 1 where it is known."""

    count: int
    of: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """The share; of nobody there is none."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, where there are enough to speak of shares at all."""
        if self.low is None or self.high is None or self.of < LEAST_FOR_PERCENT:
            return None
        return self.low, self.high

    @property
    def in_percent(self) -> bool:
        """Whether a percentage claims no more than is known."""
        return self.of >= LEAST_FOR_PERCENT

    def __str__(self) -> str:
        """Say "33 %", or "2 of 6" where a percentage would claim too much."""
        if self.value is None or not self.in_percent:
            return out_of(self.count, self.of)
        return percent(self.value)

    def with_count(self) -> str:
        """Say "4 · 33 %", or "2 of 6", which has the count in it."""
        return f"{num(self.count)} · {self}" if self.in_percent else str(self)


def between(interval: tuple[float, float] | None) -> str:
    """Say both ends of an interval of shares, or a dash where there is none."""
    if interval is None:
        return "–"
    return _("%(low)s to %(high)s", low=percent(interval[0]), high=percent(interval[1]))


def known(value: float | None) -> str:
    """Say a share that may be unknown."""
    return "–" if value is None else percent(value)


def short(count: float) -> str:
    """Write a count in at most five characters or so: 40k, 1.2M."""
    for least, size, said in _SIZES:
        if abs(count) >= least:
            scaled = count / size
            return _(said, n=num(scaled, f",.{0 if abs(scaled) >= LEAST_FOR_PERCENT else 1}f"))
    return num(count, ",.0f")


@dataclass(frozen=True)
class Scale:
    """Maps numbers from `low` to `high` onto pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a number; what lies outside is put at the edge."""
        part = (value - self.low) / (self.high - self.low or 1)
        return self.start + min(max(part, 0), 1) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Return round numbers that cover low to high in at most so many steps."""
    step = _round_up(max(high - low, 1e-9) / most)
    if whole:
        step = max(1, round(step))
    first = floor(low / step)
    count = 0
    while (first + count) * step < high - 1e-9 * step:
        count += 1
    return [round((first + i) * step, 10) for i in range(max(count, 1) + 1)]


def _round_up(rough: float) -> float:
    size = 10.0 ** floor(log10(rough))
    return next((size * step for step in _ROUND_STEPS if size * step >= rough * 0.999), size * 10)


def said_percent(value: float) -> str:
    """Say a tick of an axis of shares."""
    return f"{num(round(100 * value, 4), 'g')}{NBSP}%"


def levels(places: Sequence[tuple[float, str]], start: float, end: float) -> list[Markup]:
    """Draw level lines over a plot, each named at its left, right-aligned before `start`."""
    drawn: list[Markup] = []
    for y, said in places:
        drawn += [
            line((start, y), (end, y), "grid"),
            text((start - 8, y + 4), said, "quiet", anchor="end", small=True),
        ]
    return drawn


def fitting(places: Sequence[tuple[float, str]], *, until: float | None = None) -> list[int]:
    """Return which of some centred labels fit beside each other, from the first on."""
    kept: list[int] = []
    free = float("-inf")
    for i, (x, said) in enumerate(places):
        half = width_of(said, SMALL) / 2
        if x - half >= free and (until is None or x + half <= until):
            kept.append(i)
            free = x + half + _LABEL_GAP
    return kept
