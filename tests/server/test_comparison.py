"""Two reports side by side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep
from tests.server.handmade import counts, group

from exitpoll_server import report as reports
from exitpoll_server.report import Report
from exitpoll_server.report.comparison import Compared, comparison


def left(answered: int, silent: int, *, reason: str = "dear", **more: Any) -> Report:
    """Return the report of people who left, some of whom gave a reason."""
    spoke = group(answered, asked=True, answered=True, reason=reason)
    return reports.make(counts(spoke, group(silent, asked=True), **more))


def row(found: tuple[Compared, ...], kind: str, name: str) -> Compared:
    [one] = [one for one in found if (one.kind, one.name) == (kind, name)]
    return one


def test_a_difference_has_newcombes_interval() -> None:
    """40 of 100 gave a reason here, 10 of 80 there: as statsmodels has it, and it is marked."""
    found = comparison(left(40, 60), left(10, 70), of_segments=False).rows
    gave = row(found, "step", "gave_reason")
    expected = confint_proportions_2indep(40, 100, 10, 80, method="newcomb", compare="diff")
    assert gave.difference.value == pytest.approx(0.4 - 0.125)
    assert (gave.difference.low, gave.difference.high) == pytest.approx(expected)
    assert gave.differs


def test_nothing_is_marked_where_the_same_is_compared() -> None:
    """Two alike differ in nothing; their intervals hold none."""
    found = comparison(left(40, 60), left(40, 60), of_segments=True).rows
    assert not any(one.differs for one in found)


def test_few_are_shown_and_not_compared() -> None:
    """Below ten in either the shares stand, and no difference is told."""
    found = comparison(left(40, 60), left(3, 4), of_segments=False).rows
    gave = row(found, "step", "gave_reason")
    assert (gave.here.denominator, gave.there.denominator) == (100, 7)
    assert (gave.difference.value, gave.differs) == (None, False)


def test_reasons_that_only_one_of_them_has() -> None:
    """A reason that nobody gave there is none of those who gave one there."""
    found = comparison(left(40, 60), left(20, 60, reason="slow"), of_segments=False).rows
    assert row(found, "reason", "dear").there.numerator == 0
    assert row(found, "reason", "slow").here.value == 0
    assert row(found, "reason", "slow").differs


def test_how_they_are_doing_is_compared_of_groups_alone() -> None:
    """Health is known as of now: two windows have it in common, two groups have not."""
    kinds = [
        {one.kind for one in comparison(left(4, 6), left(4, 6), of_segments=by).rows}
        for by in (False, True)
    ]
    assert kinds == [{"step", "reason"}, {"step", "reason", "level", "health"}]


@given(*[st.integers(0, 60)] * 4)
def test_turned_round_it_says_the_opposite(a: int, b: int, c: int, d: int) -> None:
    """Here less there is there less here with the other sign, and as sure."""
    one, other = left(a, b), left(c, d)
    there = comparison(one, other, of_segments=True).rows
    back = comparison(other, one, of_segments=True).rows
    for here in there:
        turned = row(back, here.kind, here.name)
        assert turned.differs == here.differs
        if here.difference.value is not None:
            assert turned.difference.value == pytest.approx(-here.difference.value)
            assert turned.difference.low == pytest.approx(-(here.difference.high or 0))
