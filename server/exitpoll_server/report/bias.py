"""Section 3, the bias panel: those who answered against those who left quietly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Literal, TypeAlias

from exitpoll_server.counts import MARGINS, Moments, ProfileGroup
from exitpoll_server.report.chances import LEAST_COMPARED, chi_square_sf
from exitpoll_server.report.figures import Z_95, Figure, share, unknown

NUMBERS = ("tenure", "launches")
"""Margins that are numbers, and compared by their means."""

CATEGORIES = tuple(name for name in MARGINS if name not in NUMBERS)

NOTEWORTHY = 0.1
"""A standardised difference, or a Cramér's V, from which people differ (FIGURES 3)."""

UNLIKELY = 0.05
"""V grows with the number of values by chance alone: below this p value it is taken for real."""

LEAST_EXPECTED = 5
"""With fewer expected in a cell, chi-square is only roughly distributed as such (W. G. Cochran)."""

LEAST_SPREAD = 1e-12
"""A variance below this share of the mean square is what rounding leaves of none."""

NotCompared: TypeAlias = Literal["too_few", "no_spread", "one_value"]


@dataclass(frozen=True, kw_only=True)
class NumberGap:
    """How far apart the two stand in one number."""

    name: str
    """`tenure` (days) or `launches`."""
    answered: Figure
    """The mean of those who answered."""
    quiet: Figure
    """The mean of those who left quietly."""
    gap: Figure
    """The standardised mean difference; above 0 where those who answered have more."""
    flagged: bool
    not_compared: NotCompared | None


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of a category, and how many of those who had it answered."""

    value: str | None
    """None where it is not known."""
    answered: Figure


@dataclass(frozen=True, kw_only=True)
class CategoryGap:
    """How far answering goes with one category; what is not known is a value of its own."""

    name: str
    """`version`, `os`, `locale` or `edition`."""
    values: tuple[Value, ...]
    """The largest first."""
    association: Figure
    """Cramér's V: 0 where every value answers alike, 1 where the value decides."""
    chi_square: Figure
    p_value: Figure
    sparse: bool
    """Some expected number is below five: the p value is a rough one."""
    flagged: bool
    not_compared: NotCompared | None


@dataclass(frozen=True)
class Bias:
    """How those who answered differ from those who left quietly."""

    numbers: tuple[NumberGap, ...]
    categories: tuple[CategoryGap, ...]


def bias(profiles: Sequence[ProfileGroup], moments: Sequence[Moments]) -> Bias:
    """Compare those who answered with those who left quietly, on all that is known of both."""
    return Bias(
        tuple(_number_gap(name, moments) for name in NUMBERS),
        tuple(_category_gap(name, profiles) for name in CATEGORIES),
    )


# -- numbers ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sample:
    n: int
    mean: float
    variance: float
    """With n - 1; 0 where it is only what rounding leaves."""


def _sample(name: str, moments: Iterable[Moments], *, answered: bool) -> _Sample:
    wanted = [m for m in moments if m.name == name and m.answered == answered]
    n, total = sum(m.n for m in wanted), fsum(m.total for m in wanted)
    squares = fsum(m.squares for m in wanted)
    if n == 0:
        return _Sample(0, 0.0, 0.0)
    around = squares - total**2 / n
    if n == 1 or around <= LEAST_SPREAD * squares:
        around = 0.0
    return _Sample(n, total / n, around / max(n - 1, 1))


def _number_gap(name: str, moments: Sequence[Moments]) -> NumberGap:
    spoke = _sample(name, moments, answered=True)
    quiet = _sample(name, moments, answered=False)
    why = _why_not(spoke, quiet)
    gap = unknown("bias.gap") if why else _gap(spoke, quiet)
    return NumberGap(
        name=name,
        answered=_mean(spoke),
        quiet=_mean(quiet),
        gap=gap,
        flagged=gap.value is not None and abs(gap.value) >= NOTEWORTHY,
        not_compared=why,
    )


def _why_not(spoke: _Sample, quiet: _Sample) -> NotCompared | None:
    if min(spoke.n, quiet.n) < LEAST_COMPARED:
        return "too_few"
    return "no_spread" if spoke.variance + quiet.variance == 0 else None


def _gap(spoke: _Sample, quiet: _Sample) -> Figure:
    """Return (m1 - m0) / sqrt((s1^2 + s0^2) / 2) with its large-sample interval.

    The interval is that of L. V. Hedges and I. Olkin, "Statistical methods for
    meta-analysis", 1985.
    """
    value = (spoke.mean - quiet.mean) / sqrt((spoke.variance + quiet.variance) / 2)
    n = spoke.n + quiet.n
    half = Z_95 * sqrt(n / (spoke.n * quiet.n) + value**2 / (2 * n))
    return Figure(value, spoke.n, n, value - half, value + half, "bias.gap")


def _mean(sample: _Sample) -> Figure:
    if sample.n == 0:
        return unknown("bias.mean")
    if sample.n < LEAST_COMPARED:
        return Figure(sample.mean, None, sample.n, None, None, "bias.mean")
    half = Z_95 * sqrt(sample.variance / sample.n)
    return Figure(sample.mean, None, sample.n, sample.mean - half, sample.mean + half, "bias.mean")


# -- categories ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    answered: int
    total: int


def _category_gap(name: str, profiles: Iterable[ProfileGroup]) -> CategoryGap:
    rows = _rows(name, profiles)
    spoke, n = sum(r.answered for r in rows.values()), sum(r.total for r in rows.values())
    why: NotCompared | None = None
    if min(spoke, n - spoke) < LEAST_COMPARED:
        why = "too_few"
    elif len(rows) == 1:
        why = "one_value"
    return _measured(name, rows, (spoke, n), why)


def _measured(
    name: str, rows: Mapping[str | None, _Row], sizes: tuple[int, int], why: NotCompared | None
) -> CategoryGap:
    spoke, n = sizes
    statistic = None if why else _chi_square(rows.values(), spoke, n)
    v = None if statistic is None else sqrt(statistic / n)
    p = None if statistic is None else chi_square_sf(statistic, len(rows) - 1)
    least = min((r.total for r in rows.values()), default=0) * min(spoke, n - spoke)
    return CategoryGap(
        name=name,
        values=tuple(
            Value(value=value, answered=share(row.answered, row.total, "bias.answered"))
            for value, row in rows.items()
        ),
        association=Figure(v, spoke, n, None, None, "bias.association"),
        chi_square=Figure(statistic, spoke, n, None, None, "bias.chi_square"),
        p_value=Figure(p, spoke, n, None, None, "bias.p_value"),
        sparse=why is None and least < LEAST_EXPECTED * n,
        flagged=v is not None and p is not None and v >= NOTEWORTHY and p < UNLIKELY,
        not_compared=why,
    )


def _rows(name: str, profiles: Iterable[ProfileGroup]) -> dict[str | None, _Row]:
    """Return how many had each value, and answered: the largest first, ties by the value."""
    at, sums = MARGINS.index(name), dict[str | None, list[int]]()
    for profile in profiles:
        row = sums.setdefault(profile.margins[at], [0, 0])
        row[0] += profile.n if profile.answered else 0
        row[1] += profile.n
    order = sorted(sums, key=lambda v: (-sums[v][1], v is None, v or ""))
    return {value: _Row(*sums[value]) for value in order if sums[value][1]}


def _chi_square(rows: Iterable[_Row], spoke: int, n: int) -> float:
    """Return Pearson's chi-square, without Yates, of answered and quiet by value.

    Of two columns the deviations are equal and opposite, hence the two terms as one.
    """
    expected_share = spoke / n
    return fsum(
        (row.answered - row.total * expected_share) ** 2
        / (row.total * expected_share * (1 - expected_share))
        for row in rows
    )
