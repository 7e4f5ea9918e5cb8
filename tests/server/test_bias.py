"""The bias panel, against numpy and scipy."""

from __future__ import annotations

from math import sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from exitpoll_server.counts import Moments, ProfileGroup
from exitpoll_server.report.bias import CategoryGap, NumberGap, bias

SAMPLES = st.lists(st.floats(0, 5000), min_size=10, max_size=60)


def moments(values: list[float], *, answered: bool, name: str = "tenure") -> Moments:
    squares = sum(value * value for value in values)
    return Moments(name=name, answered=answered, n=len(values), total=sum(values), squares=squares)


def tenure(*all_moments: Moments) -> NumberGap:
    return bias((), all_moments).numbers[0]


def left(n: int, version: str | None, *, answered: bool) -> ProfileGroup:
    margins = ("0-1", "1", version, "debian-12", "en", None)
    return ProfileGroup(answered=answered, reason=None, margins=margins, n=n)


def versions(*rows: tuple[str | None, int, int]) -> CategoryGap:
    """Return the gap of versions: (version, answered, quiet)."""
    groups = [
        left(n, version, answered=answered)
        for version, spoke, quiet in rows
        for answered, n in ((True, spoke), (False, quiet))
        if n
    ]
    return bias(groups, ()).categories[0]


@given(SAMPLES, SAMPLES)
def test_the_gap_is_that_of_numpy(spoke: list[float], quiet: list[float]) -> None:
    """(m1 - m0) / sqrt((s1^2 + s0^2) / 2), with n - 1, out of sums of squares."""
    gap = tenure(moments(spoke, answered=True), moments(quiet, answered=False))
    assert gap.answered.value == pytest.approx(np.mean(spoke))
    assert gap.quiet.value == pytest.approx(np.mean(quiet))
    spread = (np.var(spoke, ddof=1) + np.var(quiet, ddof=1)) / 2
    if spread < 1e-6 * (max(spoke + quiet) ** 2 + 1e-12):
        return  # sums of squares cannot tell so little spread
    expected = (np.mean(spoke) - np.mean(quiet)) / sqrt(spread)
    assert gap.gap.value == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert gap.flagged is (abs(gap.gap.value or 0) >= 0.1)


def test_the_gap_worked_out_by_hand() -> None:
    """Ten at 1 and 3 in turn against ten at 2 and 4: one day apart, with a variance of 10/9."""
    gap = tenure(moments([1, 3] * 5, answered=True), moments([2, 4] * 5, answered=False))
    assert gap.gap.value == pytest.approx(-1 / sqrt(10 / 9))
    half = 1.959963984540054 * sqrt(20 / 100 + 0.9 / 40)
    assert gap.gap.low == pytest.approx(-1 / sqrt(10 / 9) - half)
    assert (gap.gap.numerator, gap.gap.denominator, gap.flagged) == (10, 20, True)


@pytest.mark.parametrize(
    ("spoke", "quiet", "why"),
    [
        ([1.0] * 9, [2.0, 3.0] * 9, "too_few"),
        ([2.0, 3.0] * 9, [1.0] * 9, "too_few"),
        ([], [], "too_few"),
        ([0.1] * 10, [0.3] * 10, "no_spread"),
        ([1.0] * 10, [1.0, 2.0] * 5, None),
    ],
)
def test_no_gap_without_people_or_spread(
    spoke: list[float], quiet: list[float], why: str | None
) -> None:
    """Fewer than ten, or all alike: unknown with its reason, and not flagged."""
    gap = tenure(moments(spoke, answered=True), moments(quiet, answered=False))
    assert gap.not_compared == why
    assert (gap.gap.value is None) is (why is not None)
    assert not (gap.flagged and why)


@given(SAMPLES, SAMPLES)
def test_split_moments_are_the_same(spoke: list[float], quiet: list[float]) -> None:
    """Sums given in parts, in any order, give the same gap."""
    whole = tenure(moments(spoke, answered=True), moments(quiet, answered=False))
    parts = tenure(
        moments(quiet, answered=False),
        moments(spoke[3:], answered=True),
        moments(spoke[:3], answered=True),
    )
    assert parts.answered.value == pytest.approx(whole.answered.value)
    assert parts.not_compared == whole.not_compared


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=2, max_size=12).filter(
        lambda rows: min(sum(r[0] for r in rows), sum(r[1] for r in rows)) >= 10
    ),
    st.randoms(use_true_random=False),
)
def test_categories_are_those_of_scipy(rows: list[tuple[int, int]], random: Random) -> None:
    """Chi-square without Yates, its p value, Cramér's V, the small cells, in whatever order."""
    table = [(None if at == 0 else str(at), *row) for at, row in enumerate(rows)]
    gap = versions(*table)
    expected = chi2_contingency(rows, correction=False)
    assert gap.chi_square.value == pytest.approx(expected.statistic, abs=1e-9)
    assert gap.p_value.value == pytest.approx(expected.pvalue, rel=1e-6)
    n = sum(map(sum, rows))
    assert gap.association.value == pytest.approx(sqrt(expected.statistic / n), abs=1e-9)
    assert gap.sparse is bool(np.min(expected.expected_freq) < 5 - 1e-12)
    random.shuffle(table)
    shuffled = versions(*table)
    assert shuffled == gap
    assert {value.value for value in gap.values} == {row[0] for row in table}


def test_values_are_told_with_how_many_answered() -> None:
    """The largest first; what is not known is a value of its own."""
    gap = versions(("2.0", 5, 45), (None, 20, 10))
    assert [value.value for value in gap.values] == ["2.0", None]
    answered = [(v.answered.numerator, v.answered.denominator) for v in gap.values]
    assert answered == [(5, 50), (20, 30)]
    assert gap.flagged


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((("1", 9, 100), ("2", 0, 100)), "too_few"),
        ((("1", 100, 0), ("2", 100, 9)), "too_few"),
        ((("1", 50, 50),), "one_value"),
        ((), "too_few"),
    ],
)
def test_no_comparison_of_too_few_or_of_one_value(
    rows: tuple[tuple[str, int, int], ...], why: str
) -> None:
    """Unknown with its reason, neither flagged nor called rough."""
    gap = versions(*rows)
    assert gap.not_compared == why
    assert (gap.association.value, gap.p_value.value, gap.flagged, gap.sparse) == (
        None,
        None,
        False,
        False,
    )


def test_what_chance_does_is_not_flagged() -> None:
    """Many values in few people have a V above 0.1 by chance alone: that is no bias."""
    gap = versions(*((str(at), 3 + at % 2, 7 - at % 2) for at in range(8)))
    assert (gap.association.value or 0) >= 0.1
    assert not gap.flagged
    assert gap.sparse
