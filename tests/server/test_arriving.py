"""What is still on its way, from delays made by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.handmade import NO_USE

from exitpoll_server.counts import Arrivals
from exitpoll_server.report.arriving import MOST_DELAY, Arriving, arriving

AS_OF = datetime(2026, 11, 20, tzinfo=timezone.utc)
LAST = date(2026, 11, 19)
"""The last day that has ended."""


def late(age: int, delay: int, n: int) -> Arrivals:
    """Return `n` days of use of the day so many days before the last."""
    return Arrivals(day=LAST - timedelta(days=age), delay=delay, n=n)


def made(*rows: Arrivals, as_of: datetime = AS_OF) -> Arriving:
    return arriving(replace(NO_USE, arrivals=rows), as_of)


def shares(found: Arriving) -> list[float]:
    return [figure.value or 0.0 for figure in found.complete]


TABLE = (
    late(50, 0, 60),
    late(50, 1, 30),
    late(50, 2, 10),
    late(1, 0, 70),
    late(1, 1, 20),
    late(0, 0, 30),
)
"""Worked by hand. g(2) = 10/100, of the day that could be observed for two. g(1) = 50/180, of
the two days that could be observed for one. F(2) = 1, F(1) = 0.9, F(0) = 0.9·130/180 = 0.65."""


def test_a_table_worked_by_hand() -> None:
    """F runs backwards from 1; what was received is divided by it."""
    found = made(*TABLE)
    assert shares(found)[:3] == pytest.approx([0.65, 0.9, 1.0])
    assert shares(found)[3:] == [1.0] * 43
    yesterday, last = found.days
    assert (yesterday.day, last.day) == (LAST - timedelta(days=1), LAST)
    assert yesterday.complete.value == pytest.approx(0.9)
    assert (yesterday.expected.numerator, last.expected.numerator) == (90, 30)
    assert yesterday.expected.value == pytest.approx(100)
    assert last.expected.value == pytest.approx(30 / 0.65)


def test_a_day_of_which_95_percent_has_come_is_not_shaded() -> None:
    """Exactly 95 % is enough; less is said."""
    assert made(late(60, 0, 95), late(60, 1, 5)).days == ()
    assert len(made(late(60, 0, 94), late(60, 1, 6)).days) == 1


def test_what_came_on_the_running_day_is_left_out() -> None:
    """By noon only half of today's receipts are in: they change nothing until midnight."""
    noon = AS_OF + timedelta(hours=12)
    today = late(-1, 0, 500), late(0, 1, 17), late(1, 2, 5)
    assert made(*TABLE, *today, as_of=noon) == made(*TABLE)


@pytest.mark.parametrize(("age", "early"), [(MOST_DELAY - 1, True), (MOST_DELAY, False)])
def test_before_a_day_was_observed_for_45_it_is_too_early(age: int, *, early: bool) -> None:
    """Nobody knows how late rows may come before the first day is 45 days old."""
    found = made(late(age, 0, 100), late(3, 1, 2))
    assert found.too_early == early
    assert (found.known_on == AS_OF.date() + timedelta(days=1)) == early
    assert made().known_on is None


@given(
    st.lists(
        st.tuples(st.integers(MOST_DELAY, 180), st.integers(0, MOST_DELAY), st.integers(1, 50)),
        min_size=1,
    )
)
def test_where_all_was_observed_it_is_the_share_that_came_so_late(
    rows: list[tuple[int, int, int]],
) -> None:
    """Of days that are all old enough, F(d) is the plain share of delays up to d."""
    found = made(*(late(*row) for row in rows))
    total = sum(n for _, _, n in rows)
    expected = [sum(n for _, late, n in rows if late <= d) / total for d in range(MOST_DELAY + 1)]
    assert shares(found) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 180), st.integers(0, 60), st.integers(1, 20)), max_size=30),
    st.randoms(),
)
def test_order_and_splitting_of_rows_change_nothing(
    rows: list[tuple[int, int, int]], random: Random
) -> None:
    """Rows of one each, in any order, make the same estimate; F never falls, up to 1."""
    found = made(*(late(*row) for row in rows))
    single = [late(age, delay, 1) for age, delay, n in rows for _ in range(n)]
    random.shuffle(single)
    assert made(*single) == found
    assert shares(found) == sorted(shares(found))
    assert found.too_early or shares(found)[-1] == 1
    received = Counter[date]()
    for age, delay, n in rows:
        received[late(age, 0, 1).day] += n * (delay <= age)
    assert all(one.expected.numerator == received[one.day] for one in found.days)
