"""Section 5: retention by day of life, and how a month's users came and went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from exitpoll_server.counts import Activity, DayN, MonthActivity
from exitpoll_server.report.figures import Figure, count, share, unknown


@dataclass(frozen=True, kw_only=True)
class DayOfLife:
    """How many were active so many days after the install."""

    day: int
    on_day: Figure
    on_day_or_later: Figure
    unsaid: Literal["too_early"] | None
    """No installation is that old yet: then both are unknown."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """One calendar month; of one that is still running, what can be said so far."""

    month: date
    still_running: bool
    active: Figure
    new: Figure
    returning: Figure
    """Of those active the month before; as a count alone while the month is still running."""
    resurrecting: Figure
    dormant: Figure
    """Of those active the month before; unknown while the month is still running."""
    stickiness: Figure
    """Unknown until a day of the month has ended."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Who comes back, by day of life and by calendar month; both ascending."""

    days_of_life: tuple[DayOfLife, ...]
    months: tuple[Month, ...]


def retention(activity: Activity) -> Retention:
    """Turn counts of use into retention."""
    return Retention(
        days_of_life=tuple(
            _day_of_life(one) for one in sorted(activity.retention, key=lambda one: one.day)
        ),
        months=tuple(_month(one) for one in sorted(activity.months, key=lambda one: one.month)),
    )


def _day_of_life(one: DayN) -> DayOfLife:
    on_day, or_later = "retention.on_day", "retention.on_day_or_later"
    early = one.installed == 0
    return DayOfLife(
        day=one.day,
        on_day=unknown(on_day) if early else share(one.active, one.installed, on_day),
        on_day_or_later=unknown(or_later)
        if early
        else share(one.active_later, one.installed, or_later),
        unsaid="too_early" if early else None,
    )


def _month(one: MonthActivity) -> Month:
    returning, dormant = "retention.returning", "retention.dormant"
    before = one.returning + one.dormant
    return Month(
        month=one.month,
        still_running=not one.complete,
        active=count(one.active, "retention.active"),
        new=count(one.new, "retention.new"),
        # Who has not come back this month still may: no share of them is known before its end.
        returning=share(one.returning, before, returning)
        if one.complete
        else count(one.returning, returning),
        resurrecting=count(one.resurrecting, "retention.resurrecting"),
        dormant=share(one.dormant, before, dormant) if one.complete else unknown(dormant),
        stickiness=_stickiness(one),
    )


def _stickiness(one: MonthActivity) -> Figure:
    """Return mean daily active / monthly active, from 0 to 1.

    It has no interval: the days of one installation are not independent of each other.
    """
    name = "retention.stickiness"
    if one.days == 0:
        return unknown(name)
    of = one.active * one.days
    return Figure(one.active_days / of if of else None, one.active_days, of, None, None, name)
