"""Pictures of every form, of much and of little, by hand and by a formula: never by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, sin
from typing import Any

from exitpoll_server.render.pictures import (
    Look,
    Share,
    Table,
    curves,
    funnel,
    histogram,
    iceberg,
    matrix,
    months,
    reasons,
    weeks,
)
from exitpoll_server.report.figures import wilson

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' \x00\x0b\ufffe\u202eturned"
ARABIC = "الإصدار الثاني من البرنامج الذي طال انتظاره كثيراً جداً ولا يزال"
LONG = "Because the export to the other format has never worked with more than one page, " * 9


@dataclass(frozen=True)
class Example:
    """Data of a form, with the functions of its module."""

    name: str
    module: Any
    data: Any

    def draw(self, look: Look) -> str | None:
        drawn: Callable[[Any, Look], str | None] = self.module.draw
        return drawn(self.data, look)

    def rows(self) -> Table:
        table: Table = self.module.rows(self.data)
        return table


def share(count: int, of: int) -> Share:
    return Share(count, of, *wilson(count, of)) if of else Share(0, 0)


def a_funnel(*counts: int, labels: tuple[str, ...] = ()) -> funnel.Funnel:
    said = labels or (
        "Uninstalled",
        "Could be asked",
        "Were asked",
        "Answered anything",
        "Chose a reason",
        "Wrote a comment",
        "Wrote something substantive",
    )
    steps = zip(said, counts, strict=False)
    return funnel.Funnel(
        "How many left, and how many spoke",
        tuple(funnel.Step(label, share(count, counts[0])) for label, count in steps),
    )


def an_iceberg(answered: int, quietly: int, stopped: int | None, active: int) -> iceberg.Iceberg:
    return iceberg.Iceberg(
        title="The iceberg",
        answered=answered,
        left_quietly=quietly,
        stopped=stopped,
        active=active,
    )


def a_reason(label: str, count: int, of: int, left: int, shift: float | None) -> reasons.Reason:
    adjusted = None if shift is None else count / of + shift
    bounds = (count / left, (count + left - of) / left) if left else None
    return reasons.Reason(label=label, share=share(count, of), adjusted=adjusted, bounds=bounds)


REASONS = reasons.Reasons(
    "Why they left",
    (
        a_reason("It is too expensive", 214, 702, 1130, 0.041),
        a_reason("A feature is missing", 166, 702, 1130, -0.022),
        a_reason("It was too slow on my machine", 121, 702, 1130, 0.001),
        a_reason("I found something better", 88, 702, 1130, -0.016),
        a_reason("It crashed", 51, 702, 1130, 0.012),
        a_reason("Other", 62, 702, 1130, 0.0),
    ),
)
QUIET_REASONS = reasons.Reasons(
    "Why they left",
    (
        a_reason(LONG, 40, 96, 4000, None),
        a_reason(ARABIC, 31, 96, 4000, 0.05),
        a_reason(HOSTILE, 0, 96, 4000, None),
    ),
)
FEW_REASONS = reasons.Reasons(
    "Why they left",
    (
        a_reason("It is too expensive", 2, 6, 0, None),
        a_reason("It crashed", 1, 6, 0, None),
        a_reason("Nobody was asked this", 0, 0, 0, None),
    ),
)


def a_curve(label: str, rate: float, *, steps: int = 360, copies: int = 900) -> curves.Curve:
    """Return how many stay, with a band that widens."""
    points = [curves.Point(0, 1, 1, 1)]
    for i in range(1, steps + 1):
        at = 360 * i / steps
        value = 0.25 + 0.75 * exp(-rate * at / 100)
        spare = 0.02 + 0.09 * at / 360
        points.append(curves.Point(at, value, max(value - spare, 0), min(value + spare, 1)))
    at_risk = tuple(int(copies * exp(-(rate + 0.6) * at / 120)) for at in TICKS)
    return curves.Curve(label, tuple(points), at_risk)


TICKS = (0, 30, 60, 90, 180, 270, 360)


def some_curves(*made: curves.Curve, stacked: bool = False) -> curves.Curves:
    return curves.Curves(
        title="How long they stay, by the version they installed",
        unit="days",
        ticks=TICKS,
        curves=made,
        stacked=stacked,
    )


def rising(label: str, most: float, speed: float) -> curves.Curve:
    points = tuple(
        curves.Point(at, value := most * (1 - exp(-speed * at / 60)), value * 0.9, value * 1.1)
        for at in range(0, 361, 3)
    )
    return curves.Curve(label, points)


def a_rate(i: int, level: float, *, alarm: bool = False) -> weeks.Rate:
    value = level * (2.4 if alarm else 1 + 0.25 * sin(i * 1.7))
    return weeks.Rate(value, value * 0.68, value * 1.35, alarm)


def some_weeks(count: int, *panels: tuple[str, float, int]) -> weeks.Weeks:
    first = date(2026, 6, 1)
    return weeks.Weeks(
        title="Uninstalls by week and version",
        unit="per 1,000 active installation-days",
        weeks=tuple(first + timedelta(weeks=i) for i in range(count)),
        arrived=tuple((1.0,) * (count - 3) + (0.93, 0.81, 0.42))[-count:],
        panels=tuple(
            weeks.Panel(
                label,
                tuple(
                    None if i < start or i == start + 4 else a_rate(i, level, alarm=i == count - 5)
                    for i in range(count)
                ),
            )
            for label, level, start in panels
        ),
    )


def tenures(*counts: int) -> histogram.Histogram:
    labels = (
        "first hour",
        "first day",
        "2 to 7 days",
        "8 to 30 days",
        "1 to 3 months",
        "3 to 12 months",
        "1 to 2 years",
        "longer",
    )
    bins = tuple(histogram.Bin(label, n) for label, n in zip(labels, counts, strict=True))
    return histogram.Histogram("How long they had it", bins)


def some_months(count: int, size: int) -> months.Months:
    return months.Months(
        "Month by month",
        tuple(
            months.Month(
                date(2025 + (i + 3) // 12, (i + 3) % 12 + 1, 1),
                new=size + size * i // 12,
                returning=i * size // 2,
                resurrecting=i * size // 20,
                dormant=min(i, 1) * (size // 2 + i * size // 30),
            )
            for i in range(count)
        ),
    )


CLASSES = ("good", "medium", "poor", "new")
MATRIX = matrix.Matrix(
    "Where they moved in 28 days",
    CLASSES,
    ("good", "medium", "poor", "stopped", "uninstalled"),
    (
        (1204, 310, 41, 12, 22),
        (280, 611, 190, 80, 61),
        (14, 55, 240, 310, 97),
        (402, 388, 205, 0, 166),
    ),
)
HUGE = 10**9 + 7

EXAMPLES = (
    Example("funnel", funnel, a_funnel(1284, 1130, 702, 240, 214, 96, 61)),
    Example("funnel-few", funnel, a_funnel(6, 5, 5, 2, 2, 1, 0)),
    Example("funnel-one", funnel, a_funnel(1)),
    Example("funnel-huge", funnel, a_funnel(HUGE, HUGE, 702, labels=(HOSTILE, ARABIC, LONG))),
    Example("iceberg", iceberg, an_iceberg(240, 1044, 2210, 3890)),
    Example("iceberg-three", iceberg, an_iceberg(1, 1, 0, 1)),
    Example("iceberg-huge", iceberg, an_iceberg(122, 1118, 9120, 29640)),
    Example("iceberg-early", iceberg, an_iceberg(0, 4, None, 36)),
    Example("iceberg-all-spoke", iceberg, an_iceberg(9, 0, 0, 0)),
    Example("iceberg-billions", iceberg, an_iceberg(1, HUGE, HUGE * 40, HUGE)),
    Example("reasons", reasons, REASONS),
    Example("reasons-quiet", reasons, QUIET_REASONS),
    Example("reasons-few", reasons, FEW_REASONS),
    Example("curves", curves, some_curves(a_curve("2.1.0", 0.5), a_curve("2.0.9", 0.9))),
    Example(
        "curves-six",
        curves,
        some_curves(
            *(a_curve(f"2.{i}.0", 0.3 + 0.14 * i, steps=2000) for i in range(4)),
            a_curve(ARABIC, 0.9, copies=HUGE),
            a_curve(HOSTILE, 0.95, steps=3, copies=2),
        ),
    ),
    Example(
        "curves-stacked",
        curves,
        some_curves(rising("Uninstalled", 0.31, 1.2), rising("Stopped", 0.28, 0.7), stacked=True),
    ),
    Example(
        "curves-two",
        curves,
        some_curves(rising("Uninstalled", 0.31, 1.2), rising("Stopped", 0.28, 0.7)),
    ),
    Example("matrix", matrix, MATRIX),
    Example(
        "matrix-odd",
        matrix,
        matrix.Matrix(
            "Movement", (HOSTILE, ARABIC), (ARABIC, LONG, "c"), ((HUGE, 1, 0), (0, 0, 0))
        ),
    ),
    Example("weeks", weeks, some_weeks(24, ("All versions", 3.1, 0))),
    Example(
        "weeks-versions",
        weeks,
        some_weeks(24, ("2.1.0", 4.0, 14), ("2.0.9", 2.6, 3), (ARABIC, 0.4, 0), (LONG, 1.2, 22)),
    ),
    Example("weeks-one", weeks, some_weeks(1, ("2.1.0", 4.0, 0))),
    Example("weeks-years", weeks, some_weeks(130, ("2.1.0", 4000.0, 0))),
    Example("histogram", histogram, tenures(61, 204, 180, 333, 240, 166, 70, 30)),
    Example("histogram-one", histogram, tenures(0, 0, 1, 0, 0, 0, 0, 0)),
    Example(
        "histogram-odd",
        histogram,
        histogram.Histogram(LONG, (histogram.Bin(HOSTILE, HUGE), histogram.Bin(ARABIC, 0))),
    ),
    Example("months", months, some_months(14, 400)),
    Example("months-one", months, some_months(1, 1)),
    Example("months-many", months, some_months(60, HUGE)),
)

NOTHING = (
    Example("funnel", funnel, a_funnel(0, 0, 0)),
    Example("funnel without steps", funnel, a_funnel()),
    Example("iceberg", iceberg, an_iceberg(0, 0, 0, 0)),
    Example("reasons", reasons, reasons.Reasons("", ())),
    Example("curves", curves, some_curves()),
    Example("curves without a point", curves, some_curves(curves.Curve("2.1.0", ()))),
    Example("matrix", matrix, matrix.Matrix("", (), (), ())),
    Example("weeks", weeks, some_weeks(2, ("2.1.0", 1, 2))),
    Example("histogram", histogram, tenures(0, 0, 0, 0, 0, 0, 0, 0)),
    Example("months", months, some_months(0, 1)),
)
