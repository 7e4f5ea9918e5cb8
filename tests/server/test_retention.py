"""Retention by day of life and by month, from counts made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from tests.server.handmade import NO_USE

from exitpoll_server.counts import DayN, MonthActivity
from exitpoll_server.report.figures import Figure
from exitpoll_server.report.retention import retention

JUNE = MonthActivity(
    month=date(2026, 6, 1),
    complete=True,
    active=50,
    new=20,
    returning=24,
    resurrecting=6,
    dormant=16,
    active_days=300,
    days=30,
)


@given(n=st.integers(1, 5000), data=st.data())
def test_retention_on_a_day_has_wilsons_interval(n: int, data: st.DataObject) -> None:
    """Day-N is a share of the installations that are old enough, with statsmodels' interval."""
    later = data.draw(st.integers(0, n))
    on_it = data.draw(st.integers(0, later))
    one = DayN(day=7, installed=n, active=on_it, active_later=later)
    (found,) = retention(replace(NO_USE, retention=(one,))).days_of_life
    for figure, k in ((found.on_day, on_it), (found.on_day_or_later, later)):
        assert (figure.numerator, figure.denominator) == (k, n)
        assert figure.value == k / n
        expected = proportion_confint(k, n, method="wilson")
        assert (figure.low, figure.high) == pytest.approx(expected, abs=1e-12)


def test_a_day_that_nobody_is_old_enough_for_is_too_early() -> None:
    """Of nobody, retention is not 0 but not known, and it says why."""
    one = DayN(day=365, installed=0, active=0, active_later=0)
    (found,) = retention(replace(NO_USE, retention=(one,))).days_of_life
    assert found.unsaid == "too_early"
    assert found.on_day == Figure(None, None, None, None, None, "retention.on_day")
    assert found.on_day_or_later.value is None


def test_a_month_says_who_came_who_stayed_and_who_did_not() -> None:
    """Returning and dormant are parts of the month before, and add up to it."""
    (month,) = retention(replace(NO_USE, months=(JUNE,))).months
    assert not month.still_running
    assert (month.active.value, month.new.value, month.resurrecting.value) == (50, 20, 6)
    assert (month.returning.value, month.dormant.value) == (0.6, 0.4)
    assert month.returning.denominator == month.dormant.denominator == 40
    assert (month.returning.numerator, month.dormant.numerator) == (24, 16)


def test_a_month_that_still_runs_does_not_say_who_is_dormant() -> None:
    """Who has not come back this month still may; returning is a count so far and no share."""
    (month,) = retention(replace(NO_USE, months=(replace(JUNE, complete=False),))).months
    assert month.still_running
    assert month.dormant.value is None
    assert month.dormant.numerator is None
    assert (month.returning.value, month.returning.low) == (24, None)


def test_stickiness_is_mean_daily_through_monthly_active() -> None:
    """300 active days in 30 are 10 a day, of 50 in the month: 0.2."""
    (month,) = retention(replace(NO_USE, months=(JUNE,))).months
    assert month.stickiness == Figure(0.2, 300, 1500, None, None, "retention.stickiness")


@pytest.mark.parametrize(
    "one", [replace(JUNE, days=0, active_days=0), replace(JUNE, active=0, active_days=0)]
)
def test_stickiness_of_no_days_or_of_nobody_is_not_known(one: MonthActivity) -> None:
    """A month that has just begun, and one without use, are not 0."""
    (month,) = retention(replace(NO_USE, months=(one,))).months
    assert month.stickiness.value is None


def test_the_order_of_counts_is_no_matter() -> None:
    """Days of life and months come out ascending, however they went in."""
    days = tuple(DayN(day=n, installed=9, active=1, active_later=2) for n in (30, 1, 7))
    months = (replace(JUNE, month=date(2026, 7, 1)), JUNE)
    found = retention(replace(NO_USE, retention=days, months=months))
    assert [one.day for one in found.days_of_life] == [1, 7, 30]
    assert [one.month.month for one in found.months] == [6, 7]
