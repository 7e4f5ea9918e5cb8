"""Section 9: how much of the latest days of use has been heard of yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import numpy as np

from exitpoll_server.counts import Activity, Arrivals
from exitpoll_server.report.figures import Figure

MOST_DELAY = 45
"""Days: an agent keeps its rows for 35 after they were confirmed, so that little comes later."""

COMPLETE = 0.95
"""A day of which less has arrived is shaded."""


@dataclass(frozen=True, kw_only=True)
class ArrivingDay:
    """A day of which part is expected to be still on its way."""

    day: date
    complete: Figure
    """F, the share that has arrived."""
    expected: Figure
    """Installation-days of use, once all have arrived: what has been received / F."""


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """How late days of use arrive."""

    complete: tuple[Figure, ...]
    """F(0) to F(45): the share that has arrived so many whole days after a day."""
    days: tuple[ArrivingDay, ...]
    """The days of which less than 95 % has arrived, ascending."""
    too_early: bool
    """No day has been observed for 45 days: both are empty."""
    known_on: date | None
    """Where it is too early, and any use was heard of: the day from which it is not."""


def arriving(activity: Activity, as_of: datetime) -> Arriving:
    """Estimate what share of each day's use has arrived by `as_of` (aware).

    Reverse-time hazards of right-truncated delays, as J. F. Lawless, "Adjustments for reporting
    delays and the prediction of occurred but not reported events", 1994.
    """
    last = as_of.astimezone(timezone.utc).date() - timedelta(days=1)
    rows = _rows(activity.arrivals, last)
    oldest = max((age for age, _ in rows), default=0)
    if oldest < MOST_DELAY:
        known = last + timedelta(days=MOST_DELAY - oldest + 1) if rows else None
        return Arriving(complete=(), days=(), too_early=True, known_on=known)
    shares = _shares(rows)
    heard = Counter[int]()
    for (age, _), n in rows.items():
        heard[age] += n
    total = heard.total()
    complete = tuple(Figure(one, None, total, None, None, "arriving.complete") for one in shares)
    return Arriving(
        complete=complete,
        days=tuple(
            ArrivingDay(
                day=last - timedelta(days=age),
                complete=complete[age],
                expected=_expected(heard[age], shares[age]),
            )
            for age in range(MOST_DELAY, -1, -1)
            if shares[age] < COMPLETE
        ),
        too_early=False,
        known_on=None,
    )


def _expected(received: int, complete: float) -> Figure:
    value = received / complete if complete else None
    return Figure(value, received, None, None, None, "arriving.expected")


def _rows(arrivals: Iterable[Arrivals], last: date) -> Mapping[tuple[int, int], int]:
    """Return how many days of use were heard of, by age of the day and delay.

    An age counts whole days up to the last one that has ended: what came on the running day was
    not observed for as long as the rest, and is left out.
    """
    rows = Counter[tuple[int, int]]()
    for one in arrivals:
        age = (last - one.day).days
        if one.delay <= min(age, MOST_DELAY):
            rows[age, one.delay] += one.n
    return rows


def _shares(rows: Mapping[tuple[int, int], int]) -> list[float]:
    """Return F(0) to F(45), backwards: F(d-1) = F(d)·(1 - g(d)), F(45) = 1.

    g(d) = #{delay = d, age >= d} / #{delay <= d, age >= d}.
    """
    table = np.zeros((MOST_DELAY + 1, MOST_DELAY + 1), np.int64)
    for (age, late), n in rows.items():
        table[min(age, MOST_DELAY), late] += n
    shares = [1.0]
    for delay in range(MOST_DELAY, 0, -1):
        observed = table[delay:, : delay + 1]
        upto, then = int(observed.sum()), int(observed[:, delay].sum())
        shares.append(shares[-1] * (1 - then / upto) if upto else shares[-1])
    return shares[::-1]
