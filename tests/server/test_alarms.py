"""Alarms by version and week, from rates made by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from math import sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.rates import confint_poisson
from tests.server.handmade import NO_USE

from exitpoll_server.counts import WeekRate
from exitpoll_server.report.alarms import VersionWeek, alarms, overdispersion
from exitpoll_server.report.figures import rate

MONDAY = date(2026, 11, 9)
"""Of the week that is judged: it ended on the 16th."""
AS_OF = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)

Weeks = list[tuple[int, int]]
STEADY: Weeks = [(10, 1000)] * 8


def week(version: str | None, ago: int, uninstalls: int, active_days: int) -> WeekRate:
    """Return a version's week, so many weeks before the one that is judged."""
    return WeekRate(
        version=version,
        week=MONDAY - timedelta(weeks=ago),
        uninstalls=uninstalls,
        active_days=active_days,
    )


def weeks(version: str | None, before: Iterable[tuple[int, int]]) -> list[WeekRate]:
    """Return the weeks before the judged one, the latest last."""
    rows = list(before)
    return [week(version, len(rows) - at, *row) for at, row in enumerate(rows)]


def made(*rates: WeekRate, as_of: datetime = AS_OF) -> tuple[VersionWeek, ...]:
    return alarms(replace(NO_USE, rates=rates), as_of)


def judged(*rates: WeekRate, version: str | None = "2.0") -> VersionWeek:
    """Return what is said of a version's week."""
    (found,) = (row for row in made(*rates) if row.version == version and row.week == MONDAY)
    return found


@given(st.integers(0, 400), st.integers(1, 100_000))
def test_a_rate_has_the_score_interval(events: int, exposure: int) -> None:
    """The interval of a rate is statsmodels' score interval, times a thousand."""
    found = rate(events, exposure, "alarms.rate", per=1000)
    expected = confint_poisson(events, exposure, method="score")
    assert found.value == pytest.approx(1000 * events / exposure)
    assert (found.low, found.high) == pytest.approx([1000 * one for one in expected], abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5000)), min_size=2, max_size=8).filter(
        lambda rows: any(row[0] for row in rows)
    )
)
def test_overdispersion_is_pearsons_of_a_poisson_regression(rows: Weeks) -> None:
    """φ is what statsmodels reports of one rate for all weeks, and never below 1."""
    left, days = np.array(rows, float).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = GLM(left, np.ones(len(rows)), family=Poisson(), exposure=days).fit(tol=1e-12)
    expected = max(1.0, fit.pearson_chi2 / (len(rows) - 1))
    assert overdispersion(rows) == pytest.approx(expected, rel=1e-5)


def test_a_version_is_held_against_its_own_eight_weeks() -> None:
    """At 10 in 1,000 a week of 2,000 lets expect 20, and 40 are an alarm."""
    found = judged(*weeks("2.0", STEADY), week("2.0", 0, 40, 2000))
    assert found.reference == "own"
    assert found.rate.value == pytest.approx(20)
    assert found.expected.value == pytest.approx(20)
    assert (found.expected.numerator, found.expected.denominator) == (80, 8000)
    assert found.z.value == pytest.approx(20 / sqrt(20 * 1.25))
    assert found.alarm


def test_only_what_exceeds_the_threshold_is_an_alarm() -> None:
    """34 of 20 expected are 2.80 standard deviations more, and pass; 35 do not; nor do few."""
    before = weeks("2.0", STEADY)
    assert not judged(*before, week("2.0", 0, 34, 2000)).alarm
    assert judged(*before, week("2.0", 0, 35, 2000)).alarm
    assert not judged(*before, week("2.0", 0, 2, 2000)).alarm


def test_weeks_that_go_up_and_down_allow_for_more() -> None:
    """Where the reference's own weeks differ by more than chance, the same excess is none."""
    wild: Weeks = [(1, 1000), (19, 1000)] * 4
    found = judged(*weeks("2.0", wild), week("2.0", 0, 40, 2000))
    phi = 8 * 81 / 10 / 7
    assert found.z.value == pytest.approx(20 / sqrt(phi * 20 * 1.25))
    assert not found.alarm


def test_a_younger_version_is_held_against_all_others_in_the_same_weeks() -> None:
    """With seven weeks of its own, the eight weeks of all other versions are the reference."""
    others = [*weeks("1.0", STEADY), *weeks("1.1", [(2, 100)] * 8), week("1.0", 0, 999, 1000)]
    found = judged(*others, *weeks("2.0", [(500, 500)] * 7), week("2.0", 0, 30, 1000))
    assert found.reference == "others"
    assert (found.expected.numerator, found.expected.denominator) == (96, 8800)
    assert found.expected.value == pytest.approx(96 / 8.8)
    assert found.alarm


def test_a_version_of_eight_weeks_is_old_enough() -> None:
    """A quiet week within does not make it younger."""
    before = weeks("2.0", [(10, 1000), (0, 0), *STEADY[2:]])
    found = judged(*weeks("1.0", STEADY), *before, week("2.0", 0, 10, 1000))
    assert found.reference == "own"
    assert (found.expected.numerator, found.expected.denominator) == (70, 7000)


def test_the_running_week_is_shown_and_not_judged() -> None:
    """A week counts once its Sunday is over, at midnight UTC."""
    rates = [*weeks("2.0", STEADY), week("2.0", 0, 400, 2000)]
    midnight = datetime(2026, 11, 16, tzinfo=timezone.utc)
    assert made(*rates, as_of=midnight)[0].alarm
    running = made(*rates, as_of=midnight - timedelta(seconds=1))[0]
    assert (running.unsaid, running.alarm, running.reference) == ("still_running", False, None)
    assert (running.rate.numerator, running.z.value, running.expected.value) == (400, None, None)


def test_without_a_reference_nothing_is_judged() -> None:
    """A product's first week, and one without use, say why."""
    assert judged(week("2.0", 0, 50, 100)).unsaid == "no_reference"
    unused = judged(*weeks("2.0", STEADY), week("2.0", 0, 3, 0))
    assert (unused.unsaid, unused.rate.value, unused.alarm) == ("no_use", None, False)


@pytest.mark.parametrize(("uninstalls", "alarm"), [(1, False), (4, False), (5, True)])
def test_a_handful_is_no_alarm(uninstalls: int, *, alarm: bool) -> None:
    """Where next to none are expected z is large at once, and below five no alarm is raised."""
    found = judged(*weeks("2.0", [(0, 100)] * 8), week("2.0", 0, uninstalls, 100))
    assert found.expected.value == pytest.approx(0.5 / 8)
    assert (found.z.value or 0) > 2.81
    assert found.alarm == alarm


RATES = st.lists(
    st.builds(
        week,
        st.sampled_from(["1.0", "2.0", None]),
        st.integers(-1, 12),
        st.integers(0, 8),
        st.integers(0, 40),
    ),
    max_size=25,
)


@given(RATES, st.randoms())
def test_order_and_splitting_of_rows_change_nothing(rates: list[WeekRate], random: Random) -> None:
    """Rows of one uninstall or one day each, in any order, make the same table, that adds up."""
    split = [
        part
        for one in rates
        for part in (
            replace(one, uninstalls=0, active_days=0),
            *[replace(one, uninstalls=1, active_days=0)] * one.uninstalls,
            *[replace(one, uninstalls=0, active_days=1)] * one.active_days,
        )
    ]
    random.shuffle(split)
    found = made(*rates)
    assert made(*split) == found
    assert sum(row.rate.numerator or 0 for row in found) == sum(r.uninstalls for r in rates)
    assert sum(row.rate.denominator or 0 for row in found) == sum(r.active_days for r in rates)


def test_chance_alone_raises_few_alarms() -> None:
    """Steady Poisson weeks, few or many uninstalls in them, raise alarms in under 2 % of weeks."""
    chance = np.random.default_rng(7)
    for expected in (0.1, 1.0, 4.0, 30.0):
        raised = 0
        for _ in range(1000):
            counted = chance.poisson(expected, 9).tolist()
            before = weeks("2.0", [(n, 1000) for n in counted[:8]])
            raised += judged(*before, week("2.0", 0, counted[8], 1000)).alarm
        assert raised < 20, expected
