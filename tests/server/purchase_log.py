"""A log of purchases, read as launches, and counted by hand: what the store must count too."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from exitpoll_server.counts import (
    Activity,
    Arrivals,
    DayActivity,
    DayN,
    HealthClass,
    HealthGroup,
    MonthActivity,
    RegularityGroup,
    WeekRate,
)

CDNOW = Path(__file__).parents[3] / "shared/data/cdnow"
"""Beside the checkout: too large for the repository."""

DAYS_OF_LIFE = (1, 7, 14, 30, 60, 90, 180, 365)

Day = date
Month = date
Launches = Mapping[str, Mapping[Day, int]]
"""By customer and day."""


@dataclass(frozen=True)
class Purchase:
    customer: str
    day: date
    revenue: float


@dataclass(frozen=True)
class Settings:
    """W, G and T, in days."""

    window_days: int
    good_days: int
    stopped_after_days: int


def purchases(file: Path = CDNOW / "launches.csv") -> list[Purchase]:
    with file.open(encoding="utf-8", newline="") as rows:
        return [
            Purchase(
                row["installation_id"], date.fromisoformat(row["at"][:10]), float(row["revenue"])
            )
            for row in csv.DictReader(rows)
        ]


def revenues(log: Iterable[Purchase], start: date, end: date) -> dict[str, float]:
    """Return the revenue of every customer of the log from one day up to, not with, another."""
    found: dict[str, float] = {}
    for one in log:
        now = one.revenue if start <= one.day < end else 0.0
        found[one.customer] = found.get(one.customer, 0.0) + now
    return found


def activity(log: Iterable[Purchase], as_of: date, settings: Settings) -> Activity:
    """Count the log as of the beginning of a day: each purchase a launch at noon."""
    launches: dict[str, Counter[Day]] = defaultdict(Counter)
    for one in log:
        if one.day < as_of:
            launches[one.customer][one.day] += 1
    return Activity(
        window_days=settings.window_days,
        good_days=settings.good_days,
        days=_days(launches, as_of),
        months=_months(launches, as_of),
        retention=tuple(_day_n(launches, as_of, n) for n in DAYS_OF_LIFE),
        health=_health(launches, as_of, settings),
        scores=(),
        rates=_rates(launches, as_of),
        arrivals=_arrivals(launches, as_of),
        regularity=_regularity(launches, as_of),
    )


def _days(launches: Launches, as_of: date) -> tuple[DayActivity, ...]:
    installed = Counter(min(days) for days in launches.values())
    active = Counter(day for days in launches.values() for day in days)
    found, day = [], min(active)
    while day < as_of:
        found.append(DayActivity(day=day, installed=installed[day], active=active[day]))
        day += timedelta(days=1)
    return tuple(found)


def month_of(day: Day) -> Month:
    return day.replace(day=1)


def months_later(month: Month, n: int) -> Month:
    number = month.year * 12 + month.month - 1 + n
    return date(number // 12, number % 12 + 1, 1)


def _months(launches: Launches, as_of: date) -> tuple[MonthActivity, ...]:
    users: dict[Month, set[str]] = defaultdict(set)
    active_days = Counter[Month]()
    began: dict[Month, set[str]] = defaultdict(set)
    for customer, days in launches.items():
        began[month_of(min(days))].add(customer)
        for day in days:
            users[month_of(day)].add(customer)
            active_days[month_of(day)] += 1
    found, month, before, seen = [], min(users), set[str](), set[str]()
    while month < as_of:
        now, end = users[month], months_later(month, 1)
        found.append(
            MonthActivity(
                month=month,
                complete=end <= as_of,
                active=len(now),
                new=len(began[month]),
                returning=len(now & before),
                resurrecting=len((now & seen) - before),
                dormant=len(before - now),
                active_days=active_days[month],
                days=(min(end, as_of) - month).days,
            )
        )
        month, before, seen = end, now, seen | now
    return tuple(found)


def _day_n(launches: Launches, as_of: date, n: int) -> DayN:
    installed = active = later = 0
    for days in launches.values():
        day = min(days) + timedelta(days=n)
        if day < as_of:
            installed += 1
            active += day in days
            later += max(days) >= day
    return DayN(day=n, installed=installed, active=active, active_later=later)


def _health(launches: Launches, as_of: date, settings: Settings) -> tuple[HealthGroup, ...]:
    ago = as_of - timedelta(days=settings.window_days)
    groups = Counter(
        (
            health_class(days, ago, settings),
            health_class(days, as_of, settings),
            any(ago <= day < as_of for day in days),
        )
        for days in launches.values()
    )
    return tuple(
        HealthGroup(before=before, now=now, launched_since=launched, uninstalled_since=False, n=n)
        for (before, now, launched), n in groups.items()
        if now is not None
    )


def health_class(days: Iterable[Day], at: date, settings: Settings) -> HealthClass | None:
    """Return the class at the beginning of a day of somebody who never uninstalled."""
    window = settings.window_days
    # In days before `at`; noon of the day before was half a day ago.
    ages = [(at - day).days - 0.5 for day in days if day < at]
    if not ages:
        return None
    active, previous = (sum(begin <= age < begin + window for age in ages) for begin in (0, window))
    if min(ages) >= settings.stopped_after_days:
        return "stopped"
    if max(ages) < window:
        return "new"
    if active == 0:
        return "poor"
    return "good" if active >= settings.good_days and active > previous / 2 else "medium"


def _rates(launches: Launches, as_of: date) -> tuple[WeekRate, ...]:
    """Count the weeks of the last year: of one version, not known, without uninstalls."""
    earliest = _monday(as_of - timedelta(days=7 * 53))
    weeks = Counter(_monday(day) for days in launches.values() for day in days)
    return tuple(
        WeekRate(version=None, week=week, uninstalls=0, active_days=n)
        for week, n in sorted(weeks.items())
        if week >= earliest
    )


def _monday(day: Day) -> Day:
    return day - timedelta(days=day.weekday())


def _arrivals(launches: Launches, as_of: date) -> tuple[Arrivals, ...]:
    """Count what came on its own day: an import's receipt is its occurrence."""
    earliest = as_of - timedelta(days=183)
    active = Counter(day for days in launches.values() for day in days)
    return tuple(
        Arrivals(day=day, delay=0, n=n) for day, n in sorted(active.items()) if day >= earliest
    )


def _regularity(launches: Launches, as_of: date) -> tuple[RegularityGroup, ...]:
    this = month_of(as_of)
    groups = Counter[tuple[int, int, int, int]]()
    for days in launches.values():
        monthly = Counter[Month]()
        for day, n in days.items():
            monthly[month_of(day)] += n
        before, last = (
            [monthly[months_later(this, ago + n)] for n in range(6)] for ago in (-12, -6)
        )
        sums = (sum(before), sum(n * n for n in before), sum(last), sum(n * n for n in last))
        if any(sums):
            groups[sums] += 1
    return tuple(
        RegularityGroup(before_total=a, before_squares=b, total=c, squares=d, n=n)
        for (a, b, c, d), n in groups.items()
    )
