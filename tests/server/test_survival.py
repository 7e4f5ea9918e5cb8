"""How long they stay: against lifelines, tables worked by hand, and a real log."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from math import inf, sqrt
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.exceptions import StatError
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from tests.server.risk import Outcome, Stay, risk_table, risk_tables

from exitpoll_server.counts import RiskTable, Survival
from exitpoll_server.report.aalen_johansen import Incidence, aalen_johansen
from exitpoll_server.report.curves import TRUE_TO, Estimate, drawn
from exitpoll_server.report.kaplan_meier import KaplanMeier, kaplan_meier, median, restricted_mean
from exitpoll_server.report.log_rank import Losses, log_rank
from exitpoll_server.report.survival import Comparison, Lifetime, Lifetimes, lifetimes

CDNOW = Path(__file__).parents[3] / "shared/data/cdnow"
"""Beside the checkout: too large for the repository."""

beside_the_checkout = pytest.mark.skipif(
    not CDNOW.is_dir(), reason=f"the purchase log is not beside the checkout ({CDNOW})"
)

NEAR = 1e-9
CLOSE = 1e-6

SIX_MP = (6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35)
PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
"""Weeks in remission of 42 children, negative where censored: E. J. Freireich and others, 1963."""

WORKED = [
    Stay(0, 1, "uninstalled"),
    Stay(0, 2, "stopped"),
    Stay(0, 2, "censored"),
    Stay(0, 3, "uninstalled"),
    Stay(0, 4, "stopped"),
    Stay(0, 5, "censored"),
]
"""Six installations whose table is worked by hand below: at risk 6, 5, 3, 2."""


@st.composite
def stay(draw: st.DrawFn, *, late: bool = True) -> Stay:
    """Whole days out, half days in: nobody enters at the instant of a loss."""
    entry = draw(st.sampled_from((0, 0, 0, 0.5, 3.5, 10.5) if late else (0,)))
    beyond = draw(st.integers(1, 25))
    outcome: Outcome = draw(st.sampled_from(get_args(Outcome)))
    return Stay(entry, int(entry + 0.5) + beyond, outcome)


def stays(*, late: bool = True) -> st.SearchStrategy[list[Stay]]:
    return st.lists(stay(late=late), min_size=1, max_size=60)


def any_loss(table: RiskTable) -> tuple[int, ...]:
    return tuple(u + s for u, s in zip(table.uninstalls, table.stops, strict=True))


def of_any_loss(table: RiskTable) -> KaplanMeier:
    return kaplan_meier(table.days, table.at_risk, any_loss(table))


def ways_out(table: RiskTable) -> tuple[Incidence, Incidence]:
    staying = of_any_loss(table)
    return (
        aalen_johansen(staying, table.at_risk, table.uninstalls),
        aalen_johansen(staying, table.at_risk, table.stops),
    )


def fitted(observed: Sequence[Stay]) -> KaplanMeierFitter:
    return KaplanMeierFitter().fit(
        [s.exit for s in observed],
        [s.outcome != "censored" for s in observed],
        entry=[s.entry for s in observed] if any(s.entry for s in observed) else None,
    )


def remissions(*weeks: int) -> list[Stay]:
    return [Stay(0, abs(w), "uninstalled" if w > 0 else "censored") for w in weeks]


def section(everybody: Iterable[Stay], **others: Any) -> Lifetimes:
    table = risk_table(everybody)
    none: Any = {"by_version": (), "landmark_day": 14, "landmark": ()}
    none |= {"clock_wrong": 0, "unknown_install": 0, "uninstalls": table, "competing": table}
    return lifetimes(Survival(**(none | others)))


@given(stays())
@settings(deadline=None, max_examples=40)
def test_staying_agrees_with_lifelines(observed: list[Stay]) -> None:
    """Shares, their interval, the median and its interval, and the mean, with late entry too."""
    table = risk_table(observed)
    assume(table.days)
    try:
        oracle, staying = fitted(observed), of_any_loss(table)
    except StatError:
        # At one time of life nobody is left, before others enter: lifelines wants no such table.
        reject()
    for row, day in enumerate(table.days):
        assert staying.share(row) == pytest.approx(oracle.predict(day), abs=NEAR)
        bounds = tuple(oracle.confidence_interval_.loc[day])
        assert (staying.interval(row) or (0, 0)) == pytest.approx(bounds, abs=NEAR)
    near_half = [abs(s - 0.5) < NEAR for s in staying.shares]
    low, high = median_survival_times(oracle.confidence_interval_).iloc[0]
    expected = [None if x == inf else x for x in (oracle.median_survival_time_, low, high)]
    assert list(median(staying))[any(near_half) :] == expected[any(near_half) :]
    # Without anybody from the beginning lifelines leaves the days before the first entry out.
    for horizon in (0.5, 7, 20.25) if any(s.entry == 0 for s in observed) else ():
        mean = restricted_mean_survival_time(oracle, t=horizon)
        assert restricted_mean(staying, horizon)[0] == pytest.approx(mean, abs=NEAR)


def test_staying_agrees_with_a_textbook() -> None:
    """The remissions of 1963: half of those on 6-MP relapse by week 23, of the others by week 8."""
    treated, untreated = risk_tables(remissions(*SIX_MP), remissions(*PLACEBO))
    staying = of_any_loss(treated)
    assert staying.share(staying.row(10)) == pytest.approx(0.7529, abs=5e-5)
    assert sqrt(staying.greenwood[staying.row(10)]) * 0.752941 == pytest.approx(0.0963, abs=5e-5)
    assert median(staying) == (23, 13, None)
    assert median(of_any_loss(untreated))[0] == 8
    found = log_rank([Losses(t.at_risk, t.uninstalls) for t in (treated, untreated)])
    assert found is not None
    assert found.statistic == pytest.approx(16.79, abs=5e-3)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=50), st.integers(1, 50))
def test_the_means_error_without_censoring_is_that_of_a_plain_mean(
    days: list[int], horizon: int
) -> None:
    """Var = sum (x - mean)² / n², x the days up to the horizon."""
    staying = of_any_loss(risk_table(Stay(0, day, "uninstalled") for day in days))
    cut = [min(day, horizon) for day in days]
    mean, n = sum(cut) / len(cut), len(cut)
    variance = sum((x - mean) ** 2 for x in cut) / n**2
    assert restricted_mean(staying, horizon) == pytest.approx((mean, sqrt(variance)), abs=1e-7)


def test_the_median_is_reached_at_exactly_one_half() -> None:
    """3/4 · 2/3 is one half, however its factors are rounded; and nobody's median is unknown."""
    three = [Stay(0, day, "uninstalled") for day in (1, 2, 3)]
    assert median(of_any_loss(risk_table([*three, Stay(0, 9, "censored")])))[0] == 2
    many = [Stay(0, day, "stopped") for day in range(1, 2001)]
    assert median(of_any_loss(risk_table(many)))[0] == 1000
    assert median(of_any_loss(risk_table([]))) == (None, None, None)


def test_two_ways_out_worked_by_hand() -> None:
    """Shares and variance of six installations, as fractions."""
    uninstalled, stopped = ways_out(risk_table(WORKED))
    # 1/6; then 5/6 · 4/5 = 2/3 are left, of whom 1/3 goes: 2/9 more.
    assert list(uninstalled.days) == [1, 3]
    assert uninstalled.shares == pytest.approx([1 / 6, 7 / 18], abs=NEAR)
    # 5/6 · 1/5; then 2/3 · 2/3 = 4/9 are left, of whom one half goes.
    assert list(stopped.days) == [2, 4]
    assert stopped.shares == pytest.approx([1 / 6, 7 / 18], abs=NEAR)
    assert of_any_loss(risk_table(WORKED)).shares[-1] == pytest.approx(2 / 9, abs=NEAR)
    # F(t) - F is 2/9 on days 1 and 2, and 0 on day 3.
    rises = Fraction(4, 81) / 30 + Fraction(4, 81) / 20
    own = Fraction(5, 216) + Fraction(4, 9) * Fraction(2, 27)
    both = 2 * Fraction(2, 9) / 36
    assert uninstalled.variance(0) == pytest.approx(5 / 216, abs=NEAR)
    assert uninstalled.variance(1) == pytest.approx(float(rises + own - both), abs=NEAR)
    deviation = sqrt(rises + own - both)
    assert deviation == pytest.approx(0.218722, abs=1e-6)
    # 0.388889 to the powers of exp(±1.959964 · 0.218722 / (0.388889 · 0.944462)).
    assert uninstalled.interval(1) == pytest.approx((0.0481, 0.7453), abs=5e-5)


@given(stays())
@settings(deadline=None)
def test_the_ways_out_and_those_who_stay_make_the_whole(observed: list[Stay]) -> None:
    """On every day uninstalled + stopped + in use = 1, with late entry, at ties, at S = 0."""
    table = risk_table(observed)
    staying, ways = of_any_loss(table), ways_out(table)
    for day in (0, *table.days, 99):
        parts = [one.share(one.row(day)) for one in (staying, *ways)]
        assert sum(parts) == pytest.approx(1, abs=NEAR)


@given(stays())
@settings(deadline=None)
def test_the_variance_of_a_way_out_is_the_formula_that_it_names(observed: list[Stay]) -> None:
    """The polynomial over its own rows is the sum over all rows, in exact fractions."""
    table = risk_table(observed)
    for one, losses in zip(ways_out(table), (table.uninstalls, table.stops), strict=True):
        for row, day in enumerate(one.days):
            expected = _plain_variance(table, losses, day)
            assert one.variance(row) == pytest.approx(float(expected), abs=NEAR)


def _plain_variance(table: RiskTable, losses: Sequence[int], until: float) -> Fraction:
    left, share = Fraction(1), Fraction(0)
    rows: list[tuple[int, int, int, Fraction, Fraction]] = []
    for day, n, d, lost in zip(table.days, table.at_risk, any_loss(table), losses, strict=True):
        if day <= until:
            share += left * lost / n
            rows.append((n, d, lost, left, share))
            left *= Fraction(n - d, n)
    variance = Fraction(0)
    for n, d, lost, before, then in rows:
        rise = share - then
        variance += rise**2 * Fraction(d, n * (n - d)) if rise else 0
        variance += before**2 * Fraction(lost * (n - lost), n**3)
        variance -= 2 * rise * before * Fraction(lost, n**2)
    return variance


@given(st.lists(stay(late=False), min_size=2, max_size=40))
def test_the_variance_of_one_way_out_is_greenwoods(observed: list[Stay]) -> None:
    """Where nobody is lost the other way, F = 1 - S, and its variance S² times Greenwood's sum."""
    table = risk_table(
        s if s.outcome != "stopped" else s._replace(outcome="censored") for s in observed
    )
    staying, (leaving, _) = of_any_loss(table), ways_out(table)
    for row, share in enumerate(staying.shares):
        assert leaving.share(row) == pytest.approx(1 - share, abs=NEAR)
        if share:
            expected = share**2 * staying.greenwood[row]
            assert leaving.variance(row) == pytest.approx(expected, abs=NEAR)


@given(st.lists(stays(late=False), min_size=2, max_size=5))
@settings(deadline=None, max_examples=40)
def test_the_log_rank_test_agrees_with_lifelines(groups: list[list[Stay]]) -> None:
    """Statistic, degrees of freedom and p of two to five groups, in whatever order."""
    tables = risk_tables(*groups)
    columns = [Losses(table.at_risk, any_loss(table)) for table in tables]
    found = log_rank(columns)
    # Where two groups were never at risk together, lifelines counts a degree too many.
    assume(found is not None and found.freedom == len(groups) - 1)
    assert found is not None
    everybody = [(s, g) for g, group in enumerate(groups) for s in group]
    oracle = multivariate_logrank_test(
        [s.exit for s, _ in everybody],
        [g for _, g in everybody],
        [s.outcome != "censored" for s, _ in everybody],
    )
    assert found.statistic == pytest.approx(oracle.test_statistic, rel=CLOSE, abs=CLOSE)
    assert found.p == pytest.approx(oracle.p_value, rel=CLOSE, abs=CLOSE)
    backwards = log_rank(columns[::-1])
    assert backwards == pytest.approx(found, rel=CLOSE, abs=CLOSE)


@given(stays(), stays())
@settings(deadline=None)
def test_the_log_rank_test_knows_of_late_entry(one: list[Stay], other: list[Stay]) -> None:
    """(O - E)² / V of two groups, in exact fractions, from who was at risk with whom."""
    excess = variance = Fraction(0)
    for day in sorted({s.exit for s in (*one, *other) if s.outcome != "censored"}):
        n, d = (sum(x) for x in zip(_at(day, one), _at(day, other), strict=True))
        n_one, d_one = _at(day, one)
        excess += d_one - Fraction(d * n_one, n)
        if n > 1:
            variance += Fraction(n_one * (n - n_one) * d * (n - d), n * n * (n - 1))
    found = log_rank([Losses(t.at_risk, any_loss(t)) for t in risk_tables(one, other)])
    if variance == 0:
        assert found is None
    else:
        assert found is not None
        assert found.freedom == 1
        assert found.statistic == pytest.approx(float(excess**2 / variance), rel=CLOSE, abs=CLOSE)


def _at(day: float, group: Iterable[Stay]) -> tuple[int, int]:
    """Return how many were at risk on that day, and how many of these were lost on it."""
    at_risk = [s for s in group if s.entry < day <= s.exit]
    return len(at_risk), sum(s.exit == day and s.outcome != "censored" for s in at_risk)


def test_groups_that_never_met_cost_a_degree_of_freedom() -> None:
    """Two pairs at risk at different times of life have two degrees together, not three."""
    early = [Stay(0, day, "uninstalled") for day in range(1, 9)]
    late = [Stay(20, 20 + day, "uninstalled") for day in range(1, 9)]
    tables = risk_tables(early, early[::2], late, late[::2])
    found = log_rank([Losses(t.at_risk, t.uninstalls) for t in tables])
    assert found is not None
    assert found.freedom == 2
    apart = risk_tables(early, late)
    assert log_rank([Losses(t.at_risk, t.uninstalls) for t in apart]) is None


@pytest.mark.parametrize("outcome", ["uninstalled", "stopped"])
@pytest.mark.parametrize(("losses", "more"), [(1, 0), (40, 3), (400, 0), (700, 9000), (3000, 0)])
def test_a_drawn_curve_is_short_and_true(outcome: Outcome, losses: int, more: int) -> None:
    """At most 253 steps, nowhere further off than 1/500 of its height; its ends are exact."""
    days = Random(losses).sample(range(1, 4000), losses)
    lost = [Stay(0, day, outcome) for day in days]
    table = risk_table([*lost, *[Stay(0, 4000, "censored")] * more])
    estimates: tuple[Estimate, ...] = (of_any_loss(table), *filter(_has_rows, ways_out(table)))
    for estimate in estimates:
        curve = drawn(estimate, table)
        assert len(curve.steps) <= 253
        assert [s.day for s in curve.steps] == sorted(s.day for s in curve.steps)
        assert (curve.steps[0].day, curve.steps[0].share) == (0, estimate.share(-1))
        last = curve.steps[-1]
        assert (last.day, last.share) == (table.days[-1], estimate.share(losses - 1))
        assert ((last.low, last.high) if last.low else None) == estimate.interval(losses - 1)
        most = TRUE_TO * abs(estimate.shares[-1] - estimate.share(-1)) + NEAR
        steps = iter([*curve.steps[1:], None])
        level, upcoming = curve.steps[0].share, next(steps)
        for row, day in enumerate(table.days):
            while upcoming is not None and upcoming.day <= day:
                level, upcoming = upcoming.share, next(steps)
            assert abs(level - estimate.share(row)) <= most


def _has_rows(estimate: Estimate) -> bool:
    return len(estimate.days) > 0


def test_a_short_curve_is_drawn_as_it_is() -> None:
    """Every loss is a step of its own, with its band, and the numbers at risk under it."""
    curve = drawn(of_any_loss(risk_table(WORKED)), risk_table(WORKED))
    assert [step.day for step in curve.steps] == [0, 1, 2, 3, 4]
    assert [step.share for step in curve.steps] == pytest.approx([1, 5 / 6, 2 / 3, 4 / 9, 2 / 9])
    assert curve.steps[0].low is None
    assert curve.steps[1].low == pytest.approx(0.273, abs=5e-4)
    assert curve.until == 5
    assert [(at.day, at.n) for at in curve.at_risk] == [(0, 6)]


def test_a_figure_says_what_it_rests_on() -> None:
    """The losses up to that day, of all installations; uninstalls and stops each by themselves."""
    made = section(WORKED * 10)
    week = made.in_use.staying[0]
    assert (week.figure.value, week.unsaid) == (None, "too_early")
    assert (made.in_use.median.value, made.in_use.median.numerator) == (3, 30)
    assert made.in_use.median.denominator == made.in_use.installations.value == 60
    assert (made.in_use.lost.value, made.installed.lost.value) == (40, 20)
    assert (made.uninstalled.lost.value, made.stopped.lost.value) == (20, 20)
    assert made.in_use.horizon_days == 5
    # 1 + 5/6 + 2/3 + 4/9 + 2/9.
    assert made.in_use.mean.value == pytest.approx(3 + 1 / 6)
    low, high = made.in_use.mean.low, made.in_use.mean.high
    assert low is not None
    assert high is not None
    assert (low + high) / 2 == pytest.approx(3 + 1 / 6)


def test_days_of_a_year_are_figures() -> None:
    """At 7, 30, 90, 180 and 365 days who stays; at 30, 90, 180 and 365 who left, and how."""
    lives = [Stay(0, 40, "uninstalled")] * 30 + [Stay(0, 100, "stopped")] * 30
    made = section([*lives, *[Stay(0, 200, "censored")] * 40])
    shares = [(at.day, at.figure.value, at.figure.numerator) for at in made.in_use.staying]
    assert shares == [
        (7, 1, 0),
        (30, 1, 0),
        (90, 0.7, 30),
        (180, pytest.approx(0.4), 60),
        (365, None, None),
    ]
    assert [at.figure.value for at in made.uninstalled.by_day] == [0, 0.3, 0.3, None]
    assert [at.figure.value for at in made.stopped.by_day] == [0, 0, pytest.approx(0.3), None]
    assert made.installed.median.value is None
    assert made.installed.unsaid is None
    assert made.in_use.median.value == 100


@pytest.mark.parametrize(
    ("lives", "unsaid"),
    [
        ([Stay(0, 5, "uninstalled")] * 9, "too_few"),
        ([], "too_few"),
        ([Stay(0, 500, "censored")] * 10, "no_losses"),
        ([Stay(0, 1, "uninstalled")] * 2 + [Stay(3, 9, "uninstalled")] * 20, "emptied"),
        ([Stay(0, 1, "uninstalled")] * 2 + [Stay(3, 9, "censored")] * 20, "emptied"),
        ([Stay(0, 1, "uninstalled")] * 2 + [Stay(0.5, 9, "uninstalled")] * 20, None),
    ],
)
def test_what_cannot_be_known_is_not_said(lives: list[Stay], unsaid: str | None) -> None:
    """Too few, nobody lost, all lost who were known so early: no figure, and why."""
    made = section(lives)
    for one in (made.installed, made.in_use):
        assert one.unsaid == unsaid
        assert (one.curve is None) == (one.mean.value is None) == (unsaid is not None)
        assert (one.staying[0].figure.value is None) == (unsaid is not None)
    assert made.uninstalled.unsaid == unsaid
    assert made.stopped.unsaid == (unsaid or "no_losses")
    assert made.stopped.curve is None


def test_a_curve_is_firm_while_ten_are_followed() -> None:
    """It ends after the day on which the tenth last goes, whether lost or not; so does its mean."""
    lives = [Stay(0, day, "uninstalled" if day % 2 else "censored") for day in range(1, 31)]
    made = section(lives).installed
    assert made.curve is not None
    assert (made.curve.firm_until, made.curve.until) == (21, 30)
    assert [(at.day, at.n) for at in made.curve.at_risk] == [(0, 30), (7, 24), (14, 17), (30, 1)]
    assert made.horizon_days == 30
    staying = of_any_loss(risk_table(lives))
    assert made.mean.value == pytest.approx(restricted_mean(staying, 30)[0])
    assert made.firm_mean.value == pytest.approx(restricted_mean(staying, 21)[0])


def test_late_entrants_hold_up_no_curve() -> None:
    """Beyond a moment at which nobody was followed nothing is said; nine at first are too few."""
    early = [Stay(0, 20, "censored")] * 12
    lost = [Stay(0, 10, "uninstalled")] * 12
    late = [Stay(40, 100, "uninstalled")] * 50
    made = section([*early, *lost, *late]).installed
    assert made.unsaid is None
    assert made.curve is not None
    assert (made.curve.firm_until, made.curve.until, made.horizon_days) == (20, 20, 20)
    assert [(at.figure.value, at.unsaid) for at in made.staying[:3]] == [
        (1, None),
        (None, "emptied"),
        (None, "emptied"),
    ]
    assert made.curve.steps[-1].share == pytest.approx(0.5)
    assert made.lost.value == 62
    # Those of the first days were not lost before all of them had gone.
    made = section([*early, *late]).installed
    assert (made.unsaid, made.curve, made.lost.value) == ("emptied", None, 50)
    few = section([*lost[:9], *[Stay(0.5, 100, "censored")] * 50]).installed
    assert few.curve is not None
    assert (few.curve.firm_until, few.firm_mean.value) == (0, None)


def test_groups_are_compared_where_they_can_be() -> None:
    """Those of ten installations or more, of which there must be two, and somebody lost."""
    early = [Stay(0, 5, "uninstalled")] * 12
    late = [Stay(0, 50, "uninstalled")] * 12

    def compared(*groups: list[Stay]) -> Comparison:
        tables = zip("abc", risk_tables(*groups), strict=False)
        return section(early, by_version=tuple(tables)).versions_compared

    found = compared(early, late, late[:9])
    assert found.names == ("a", "b")
    assert (found.p.numerator, found.p.denominator, found.freedom) == (24, 24, 1)
    assert found.p.value is not None
    assert found.p.value < 1e-5
    assert compared(early).unsaid == compared(early, late[:9]).unsaid == "too_few"
    assert compared().unsaid == "too_few"
    quiet = [Stay(0, 50, "censored")] * 12
    assert compared(quiet, quiet).unsaid == "no_losses"
    assert compared(early, [Stay(9, 50, "uninstalled")] * 12).unsaid == "apart"
    assert compared(quiet, quiet).p.value is None


def test_groups_are_compared_on_the_same_days() -> None:
    """A table without rows at the other's losses cannot say who was at risk at them."""
    early, late = ([Stay(0, day, "uninstalled")] * 12 for day in (5, 50))
    with pytest.raises(ValueError, match="same days"):
        section(early, by_version=(("a", risk_table(early)), ("b", risk_table(late))))


@given(stays(late=False), st.randoms())
@settings(deadline=None)
def test_the_order_of_installations_is_no_matter(observed: list[Stay], chance: Any) -> None:
    """The same installations in another order make the same section; rows of others add nothing."""
    shuffled = sorted(observed, key=lambda _: chance.random())
    assert section(shuffled) == section(observed)
    own = risk_table(observed)
    with_others, _ = risk_tables(observed, [Stay(0, 3, "stopped"), Stay(0, 400, "uninstalled")])
    one, same = (section([], landmark=(("a", table),)).launches[0] for table in (own, with_others))
    assert replace(one, curve=None) == replace(same, curve=None)
    assert (one.curve and one.curve.steps) == (same.curve and same.curve.steps)


@pytest.fixture(scope="module")
def known() -> Any:
    return json.loads((CDNOW / "known-answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def launches() -> dict[str, list[datetime]]:
    """Return the launches of every installation, ascending."""
    found: dict[str, list[datetime]] = defaultdict(list)
    with (CDNOW / "launches.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["installation_id"]].append(_instant(row["at"]))
    return {name: sorted(at) for name, at in found.items()}


@beside_the_checkout
@pytest.mark.parametrize("threshold", [30, 60, 90, 180])
def test_first_stops(known: Any, launches: dict[str, list[datetime]], threshold: int) -> None:
    """Share, interval, median and mean of the time to the first stop are those known."""
    answer = known["silent"][str(threshold)]
    stay_of = _until_stop(threshold, _instant(known["as_of"]))
    made = section(map(stay_of, launches.values()))
    _agree(made.in_use, answer["km_first_silence"])
    assert made.in_use.mean.value == pytest.approx(answer["rmst_365"], abs=CLOSE)
    assert made.uninstalled.unsaid == "no_losses"


@beside_the_checkout
def test_early_launches(known: Any, launches: dict[str, list[datetime]]) -> None:
    """By launches on the first 14 days, counted from the 14th: curves and log-rank test."""
    stay_of = _until_stop(90, _instant(known["as_of"]))
    groups: dict[str, list[Stay]] = {"1": [], "2+": []}
    for at in launches.values():
        often = sum((one - at[0]).days < 14 for one in at) > 1
        whole = stay_of(at)
        groups["2+" if often else "1"].append(whole._replace(exit=whole.exit - 14))
    tables = zip(groups, risk_tables(*groups.values()), strict=True)
    made = section([], landmark=tuple(tables))
    for one in made.launches:
        assert one.name is not None
        _agree(one, known["landmark14_T90"]["groups"][one.name])
    _compared(made.launches_compared, known["landmark14_T90"]["logrank"])


@beside_the_checkout
def test_install_months(known: Any, launches: dict[str, list[datetime]]) -> None:
    """Three groups: the log-rank test by the month of the install."""
    stay_of = _until_stop(90, _instant(known["as_of"]))
    months: dict[str, list[Stay]] = defaultdict(list)
    for at in launches.values():
        months[f"{at[0]:%Y-%m}"].append(stay_of(at))
    tables = zip(months, risk_tables(*months.values()), strict=True)
    made = section([], landmark=tuple(tables))
    _compared(made.launches_compared, known["logrank_by_install_month_T90"])
    medians = {one.name: one.median.value for one in made.launches}
    assert medians == known["median_T90_by_install_month"]


def _instant(said: str) -> datetime:
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def _days(later: datetime, earlier: datetime) -> float:
    return (later - earlier).total_seconds() / 86_400


def _until_stop(threshold: int, as_of: datetime) -> Callable[[list[datetime]], Stay]:
    """Return how to read launches as a stay until the first gap of so many days, if any."""

    def read(at: list[datetime]) -> Stay:
        for launch, following in pairwise([*at, as_of]):
            if _days(following, launch) >= threshold:
                return Stay(0, _days(launch, at[0]) + threshold, "stopped")
        return Stay(0, _days(as_of, at[0]), "censored")

    return read


def _agree(found: Lifetime, answer: Any) -> None:
    assert found.installations.value == answer["n"]
    assert found.lost.value == answer["events"]
    assert found.median.value == answer["median"]
    assert [found.median.low, found.median.high] == answer["median_ci95"]
    said = {str(at.day): at.figure for at in found.staying}
    for day in said.keys() & answer["at"].keys():
        expected = answer["at"][day]
        assert said[day].value == pytest.approx(expected["S"], abs=CLOSE)
        bounds = pytest.approx((expected["lo_loglog"], expected["hi_loglog"]), abs=CLOSE)
        assert (said[day].low, said[day].high) == bounds


def _compared(found: Comparison, answer: Any) -> None:
    assert found.statistic.value == pytest.approx(answer["chi2"], abs=CLOSE)
    assert found.freedom == answer["df"]
    assert found.p.value == pytest.approx(answer["p"], rel=1e-5)
