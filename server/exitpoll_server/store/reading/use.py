"""Sections 5 to 9 and 11: how the product is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from exitpoll_server.counts import (
    Activity,
    Arrivals,
    DayActivity,
    DayN,
    MonthActivity,
    RegularityGroup,
    ScoreGroup,
    WeekRate,
)
from exitpoll_server.store.instants import DAY_MS, EPOCH_DAY
from exitpoll_server.store.lives import NONE, Ints
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.health import health
from exitpoll_server.store.reading.view import View

DAYS_OF_LIFE = (1, 7, 14, 30, 60, 90, 180, 365)
"""The days of life on which retention is asked."""

RATE_WEEKS = 53
ARRIVAL_DAYS = 183
HALF_A_YEAR = 6


def activity(view: View) -> Activity:
    """Count how the product is used."""
    days, months = _days(view), _monthly(view)
    return Activity(
        window_days=view.product.window_days,
        good_days=view.product.good_days,
        days=days,
        months=_months(view, days, *months[:2]),
        retention=_retention(view),
        health=health(view),
        scores=_scores(view),
        rates=_rates(view),
        arrivals=_arrivals(view),
        regularity=_regularity(view, *months),
    )


def _day(number: int) -> date:
    return date.fromordinal(number + EPOCH_DAY)


def _ended(view: View) -> int:
    """Return the first UTC day that had not ended."""
    return view.as_of // DAY_MS


# -- days and months -----------------------------------------------------------------------


def _days(view: View) -> tuple[DayActivity, ...]:
    # Nobody began later than this, whatever their clock said.
    began = np.minimum(view.began[view.seen] // DAY_MS, view.end_day - 1)
    if not len(began):
        return ()
    used = view.lives.day
    first = min(int(began.min()), int(used.min(initial=view.end_day)))
    size = view.end_day - first
    installed = np.bincount(began - first, minlength=size)
    active = np.bincount(used - first, minlength=size)[:size]
    return tuple(
        DayActivity(day=_day(first + n), installed=new, active=users)
        for n, (new, users) in enumerate(zip(installed.tolist(), active.tolist(), strict=True))
    )


def _month_of(days: Ints) -> Ints:
    """Return calendar months, counted from January 1970."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _first_of(month: int) -> int:
    """Return the first day of a month."""
    return int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))


def _monthly(view: View) -> tuple[Ints, Ints, Ints]:
    """Return whose each active month is, which month, and its launches."""
    lives = view.lives
    if not len(lives.day):
        return (np.zeros(0, np.int64),) * 3
    # Of days there are far fewer than rows: each is turned into a month once.
    low = int(lives.day.min())
    months = _month_of(np.arange(low, int(lives.day.max()) + 1)).astype(np.int16)
    month = months[lives.day - low]
    changes = (lives.owner[1:] != lives.owner[:-1]) | (month[1:] != month[:-1])
    first = np.append(0, np.flatnonzero(changes) + 1)
    known = lives.day[first] < view.end_day
    launches = np.add.reduceat(lives.launches, first, dtype=np.int64)
    columns = (lives.owner[first], month[first], launches)
    owner, month, launches = (column[known].astype(np.int64) for column in columns)
    return owner, month, launches


def _months(
    view: View, by_day: Sequence[DayActivity], owner: Ints, month: Ints
) -> tuple[MonthActivity, ...]:
    days = _by_month(by_day, _ended(view))
    if not days:
        return ()
    low = min(days)
    size = max(days) - low + 1
    began = _month_of(view.began // DAY_MS)
    after = np.append(False, (np.diff(owner) == 0) & (np.diff(month) == 1))[: len(owner)]
    old = began[owner] < month
    columns = {
        "active": np.bincount(month - low, minlength=size),
        "new": np.bincount(began[view.seen] - low, minlength=size),
        "returning": np.bincount(month[after] - low, minlength=size),
        "resurrecting": np.bincount(month[~after & old] - low, minlength=size),
    }
    before = np.append(0, columns["active"][:-1])
    columns["dormant"] = before - columns["returning"]
    return tuple(
        MonthActivity(
            month=_day(_first_of(low + n)),
            complete=_first_of(low + n + 1) <= _ended(view),
            active_days=days.get(low + n, (0, 0))[0],
            days=days.get(low + n, (0, 0))[1],
            **{name: int(column[n]) for name, column in columns.items()},
        )
        for n in range(size)
    )


def _by_month(days: Sequence[DayActivity], end: int) -> dict[int, tuple[int, int]]:
    """Return the active installation-days of each month, and its days that had ended."""
    found: dict[int, tuple[int, int]] = {}
    for one in days:
        month = (one.day.year - 1970) * 12 + one.day.month - 1
        active, so_many = found.get(month, (0, 0))
        ended = one.day.toordinal() - EPOCH_DAY < end
        found[month] = (active + one.active * ended, so_many + ended)
    return found


def _retention(view: View) -> tuple[DayN, ...]:
    """Count who was used on a day of life; of those whose install, and all since, is known."""
    lives = view.lives
    known = view.followed & lives["is_new"] & ~lives["clock_wrong"]
    installed = np.where(lives["installed"] != NONE, lives["installed"], view.began) // DAY_MS
    age = lives.day - lives.of_days(installed.astype(np.int32))
    oldest = np.full(len(lives), -1, np.int32)
    used = lives["days"] > 0
    oldest[used] = age[np.cumsum(lives["days"])[used] - 1]
    # Few days of life are asked for.
    asked = np.isin(np.arange(max(DAYS_OF_LIFE) + 2), DAYS_OF_LIFE)
    wanted = asked[np.clip(age, 0, len(asked) - 1)]
    owner, age = lives.owner[wanted], age[wanted]
    found = []
    for day in DAYS_OF_LIFE:
        complete = known & (installed + day < _ended(view))
        on_it = np.zeros(len(lives), bool)
        on_it[owner[age == day]] = True
        found.append(
            DayN(
                day=day,
                installed=int(complete.sum()),
                active=int((complete & on_it).sum()),
                active_later=int((complete & (oldest >= day)).sum()),
            )
        )
    return tuple(found)


def _regularity(
    view: View, owner: Ints, month: Ints, launches: Ints
) -> tuple[RegularityGroup, ...]:
    """Group installations by their launches in the last six complete months, and the six before."""
    this = int(_month_of(np.array([_ended(view)]))[0])
    columns = []
    for months_ago in (2 * HALF_A_YEAR, HALF_A_YEAR):
        inside = (month >= this - months_ago) & (month < this - months_ago + HALF_A_YEAR)
        for values in (launches, launches**2):
            sums = np.bincount(owner[inside], values[inside], minlength=len(view.lives))
            columns.append(sums.astype(np.int64))
    used = (columns[0] > 0) | (columns[2] > 0)
    if not used.any():
        return ()
    kinds = grouped(*(column[used] for column in columns))
    return tuple(RegularityGroup._make((*kind, n)) for kind, n in kinds)


# -- scores, rates, arrivals ---------------------------------------------------------------


def _scores(view: View) -> tuple[ScoreGroup, ...]:
    score = view.lives["score"][view.gone]
    leaving = [
        ScoreGroup(leaving=True, score=kind[0], n=n) for kind, n in grouped(score[score >= 0])
    ]
    staying = [ScoreGroup(leaving=False, score=row.score, n=row.n) for row in view.rows("scores")]
    return (*leaving, *staying)


def version_names(view: View) -> Mapping[int, str | None]:
    """Return the names of versions by the numbers that rows of launches have; None of no name."""
    return {row.id: row.name or None for row in view.rows("versions")}


def _rates(view: View) -> tuple[WeekRate, ...]:
    """Count uninstalls and active days by version and week."""
    lives, names = view.lives, version_names(view)
    numbers: dict[str | None, int] = {}
    of_version = np.full(max(names, default=0) + 1, -1)
    for number, name in names.items():
        of_version[number] = numbers.setdefault(name, len(numbers))
    text = lives.texts["version"]
    last = np.array([numbers.setdefault(name, len(numbers)) for name in text.values], np.int64)[
        text.codes
    ]
    everyone = np.arange(len(lives))
    uses = view.used_before(everyone, view.end_day)
    used = view.followed & (uses > view.used_before(everyone, 0))
    last[used] = of_version[lives.version[uses[used] - 1]]
    earliest = _week(view.end_day - 7 * RATE_WEEKS)
    lately = (lives.day >= earliest) & (lives.day < view.end_day)
    lately &= lives.of_days(view.followed)
    left = view.gone & ~view.known_by_leaving
    left_day = lives["left"] // DAY_MS
    left &= left_day >= earliest
    rates: dict[tuple[int, int], list[int]] = {}
    # By day first: those are few, and each is put into its week once.
    for (number, day), n in grouped(lives.version[lately], lives.day[lately]):
        rates.setdefault((int(of_version[number]), _week(day)), [0, 0])[1] += n
    for (code, day), n in grouped(last[left], left_day[left]):
        rates.setdefault((code, _week(day)), [0, 0])[0] += n
    by_number = list(numbers)
    return tuple(
        WeekRate(version=by_number[code], week=_day(week), uninstalls=left_, active_days=days)
        for (code, week), (left_, days) in sorted(
            rates.items(), key=lambda rate: (by_number[rate[0][0]] or "", rate[0][1])
        )
    )


def _week(day: int) -> int:
    """Return the Monday of a day's week."""
    # Day 0 was a Thursday.
    return day - (day + 3) % 7


def _arrivals(view: View) -> tuple[Arrivals, ...]:
    lives = view.lives
    which = (lives.day >= view.end_day - ARRIVAL_DAYS) & (lives.day < view.end_day)
    return tuple(
        Arrivals(day=_day(kind[0]), delay=kind[1], n=n)
        for kind, n in grouped(lives.day[which], lives.delay[which])
    )
