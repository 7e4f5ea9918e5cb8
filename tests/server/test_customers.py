"""Customers: worth, regularity, lifetime value, and when an answer is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from random import Random
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.server.handmade import NO_USE

from exitpoll_server.counts import MonthActivity, RegularityGroup
from exitpoll_server.report.customers import (
    Calendar,
    Regularity,
    abc,
    answer_due,
    lifetime_value,
    regularity,
    xyz,
)
from exitpoll_server.report.figures import Figure, share

BERLIN = ZoneInfo("Europe/Berlin")
VENDOR = Calendar(timezone=BERLIN, holidays=frozenset({date(2026, 12, 25)}))

# -- ABC -----------------------------------------------------------------------------------


def test_classes_of_worth_go_by_the_share_before_the_customer() -> None:
    """The one that crosses 80 % is still A, the one that crosses 95 % still B."""
    revenues = {"a": 70.0, "b": 20.0, "c": 6.0, "d": 4.0, "e": 0.0, "f": -3.0}
    found = {"a": "A", "b": "A", "c": "B", "d": "C", "e": "none", "f": "none"}
    assert abc(revenues) == found


def test_exactly_eighty_percent_before_is_b() -> None:
    """The bounds themselves belong to the next class."""
    assert abc({"a": 80.0, "b": 15.0, "c": 5.0}) == {"a": "A", "b": "B", "c": "C"}


def test_equal_revenues_go_by_id() -> None:
    """Of five alike, the ids decide who is A."""
    found = abc(dict.fromkeys(["5", "3", "1", "4", "2"], 1.0))
    assert [found[one] for one in "12345"] == ["A", "A", "A", "A", "B"]


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 100)), st.randoms())
def test_classes_of_worth_do_not_hang_on_the_order(
    revenues: dict[str, int], random: Random
) -> None:
    """In any order the classes are the same; nobody of a better class brought less."""
    items = [(name, float(revenue)) for name, revenue in revenues.items()]
    found = abc(dict(items))
    random.shuffle(items)
    assert abc(dict(items)) == found
    ranked = sorted(revenues, key=lambda name: (-revenues[name], name))
    assert [found[name] for name in ranked] == sorted(found.values())


# -- XYZ -----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 1000), min_size=6, max_size=6))
def test_regularity_is_by_the_coefficient_of_variation(launches: list[int]) -> None:
    """X, Y and Z follow from population deviation through mean; none was launched: none."""
    found = xyz(sum(launches), sum(n * n for n in launches))
    if not any(launches):
        assert found == "none"
        return
    variation = pstdev(launches) / fmean(launches)
    assume(min(abs(variation - 0.5), abs(variation - 1)) > 1e-9)
    assert found == ("X" if variation < 0.5 else "Y" if variation < 1 else "Z")


@pytest.mark.parametrize(
    ("launches", "name"), [((1, 1, 1, 3, 3, 3), "X"), ((0, 0, 0, 2, 2, 2), "Y"), ((9,) * 6, "X")]
)
def test_the_bounds_themselves_are_the_more_regular(launches: tuple[int, ...], name: str) -> None:
    """A variation of exactly 0.5 is X, of exactly 1 is Y."""
    assert xyz(sum(launches), sum(n * n for n in launches)) == name


STEADY, NEVER = (12, 24), (0, 0)
ONCE = (1, 1)


def group(before: tuple[int, int], now: tuple[int, int], n: int) -> RegularityGroup:
    return RegularityGroup(
        before_total=before[0], before_squares=before[1], total=now[0], squares=now[1], n=n
    )


def made(*groups: RegularityGroup, months: int = 12) -> Regularity:
    month = MonthActivity(
        month=date(2026, 1, 1),
        complete=True,
        active=1,
        new=0,
        returning=1,
        resurrecting=0,
        dormant=0,
        active_days=1,
        days=31,
    )
    seen = [replace(month, month=date(2020, 1 + n % 12, 1 + n // 12)) for n in range(months)]
    running = replace(month, month=date(2026, 11, 1), complete=False)
    return regularity(replace(NO_USE, months=(*seen, running), regularity=groups))


def test_movement_is_from_the_six_months_before() -> None:
    """Of 10 that were steady 7 are; who was not launched any more is none and not counted now."""
    found = made(group(STEADY, STEADY, 7), group(STEADY, NEVER, 3), group(NEVER, ONCE, 5))
    assert found.used.value == 12
    assert {part.name: part.figure for part in found.now} == {
        "X": share(7, 12, "customers.regularity"),
        "Y": share(0, 12, "customers.regularity"),
        "Z": share(5, 12, "customers.regularity"),
    }
    steady, never = found.movement
    assert (steady.before, never.before) == ("X", "none")
    parts = {part.name: part.figure for part in steady.now}
    assert parts["X"] == share(7, 10, "customers.moved")
    assert parts["none"] == share(3, 10, "customers.moved")
    assert never.total.value == 5


@pytest.mark.parametrize(("months", "now", "moved"), [(5, 0, 0), (6, 3, 0), (11, 3, 0), (12, 3, 1)])
def test_before_enough_months_it_is_too_early(months: int, now: int, moved: int) -> None:
    """Classes need six complete months and movements twelve; the running one is none of them."""
    found = made(group(STEADY, STEADY, 1), months=months)
    assert (len(found.now), len(found.movement)) == (now, moved)
    assert (found.now_too_early, found.movement_too_early) == (not now, not moved)
    assert (found.used.value is None) == (not now)


KINDS = st.sampled_from([STEADY, NEVER, ONCE, (6, 12), (7, 9)])
GROUPS = st.lists(st.builds(group, KINDS, KINDS, st.integers(1, 30)), max_size=15)


@given(GROUPS, st.randoms())
def test_order_and_splitting_of_groups_change_nothing(
    groups: list[RegularityGroup], random: Random
) -> None:
    """Groups of one each, in any order, make the same classes, whose parts add up."""
    single = [one._replace(n=1) for one in groups for _ in range(one.n)]
    random.shuffle(single)
    found = made(*groups)
    assert made(*single) == found
    assert sum(part.figure.numerator or 0 for part in found.now) == found.used.value
    for row in found.movement:
        assert sum(part.figure.numerator or 0 for part in row.now) == row.total.numerator
    for at, part in enumerate(found.now):
        column = sum(row.now[at].figure.numerator or 0 for row in found.movement)
        assert column == part.figure.numerator


# -- lifetime value and answers ------------------------------------------------------------


def test_lifetime_value_is_monthly_revenue_through_the_mean_time() -> None:
    """Ten a month over 365.25 days, a year, are 120; the mean's interval goes along."""
    mean = Figure(365.25, 40, 90, 182.625, 730.5, "survival.installed_mean")
    found = lifetime_value(10, mean)
    assert (found.value, found.low, found.high) == pytest.approx((120, 60, 240))
    assert (found.numerator, found.denominator) == (40, 90)
    assert found.definition == "customers.lifetime_value"


def test_the_value_of_an_unknown_lifetime_is_unknown() -> None:
    """Where the mean is not known yet, neither is what it is worth."""
    found = lifetime_value(10, Figure(None, None, 3, None, None, "survival.installed_mean"))
    assert (found.value, found.low, found.high) == (None, None, None)


@pytest.mark.parametrize(
    ("came", "due"),
    [
        ("2026-11-18T15:00", "2026-11-19T15:00"),  # Wednesday
        ("2026-11-20T15:00", "2026-11-23T15:00"),  # Friday
        ("2026-11-21T03:00", "2026-11-23T03:00"),  # Saturday
        ("2026-11-22T23:59", "2026-11-23T23:59"),  # Sunday
        ("2026-12-24T10:00", "2026-12-28T10:00"),  # the day before a holiday and a weekend
        ("2026-10-23T12:00", "2026-10-26T12:00"),  # summer time ends in between: by the clock
        ("2026-03-28T02:30", "2026-03-30T02:30"),
    ],
)
def test_an_answer_is_due_at_the_same_clock_time_of_the_next_working_day(
    came: str, due: str
) -> None:
    """Weekends, holidays and summer time move the day, never the vendor's clock."""
    local = datetime.fromisoformat(came).replace(tzinfo=BERLIN)
    found = answer_due(local.astimezone(timezone.utc), VENDOR)
    assert found.astimezone(BERLIN).replace(tzinfo=None).isoformat(timespec="minutes") == due
    assert found.utcoffset() == timedelta(0)


def test_a_clock_time_that_summer_time_skips_comes_an_hour_later() -> None:
    """Half past two does not exist on that Sunday: who works on it answers by half past three."""
    everyday = Calendar(timezone=BERLIN, weekend=frozenset())
    came = datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN)
    assert answer_due(came, everyday) == datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)


def test_the_day_is_the_vendors() -> None:
    """On Friday evening in UTC it is Saturday in Auckland: due on Monday there."""
    auckland = ZoneInfo("Pacific/Auckland")
    came = datetime(2026, 11, 20, 20, tzinfo=timezone.utc)
    due = answer_due(came, Calendar(timezone=auckland))
    assert due == came + timedelta(days=2)


def test_a_vendor_works_on_some_day() -> None:
    """A week without a working day, and an instant without a timezone, are refused."""
    with pytest.raises(ValueError, match="weekend"):
        Calendar(timezone=BERLIN, weekend=frozenset(range(7)))
    with pytest.raises(ValueError, match="timezone"):
        answer_due(datetime(2026, 11, 20), VENDOR)  # noqa: DTZ001 - that is the point
