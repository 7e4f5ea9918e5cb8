"""How the product is used: sections 5 to 9 and 11. Days are UTC days as the agent labelled them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

HealthClass: TypeAlias = Literal["uninstalled", "stopped", "new", "poor", "good", "medium"]
"""In the order in which they are decided (FIGURES 6)."""


@dataclass(frozen=True, kw_only=True)
class DayActivity:
    """One UTC day."""

    day: date
    installed: int
    active: int
    """Installations that were used on it."""


@dataclass(frozen=True, kw_only=True)
class MonthActivity:
    """One calendar month, named by its first day."""

    month: date
    complete: bool
    """All its days had ended at `as_of`."""
    active: int
    """Installations active on any of its days: new and active, returning or resurrecting."""
    new: int
    """First seen in it."""
    returning: int
    """Active in it, and active in the month before."""
    resurrecting: int
    """Active in it, not in the month before, and first seen earlier."""
    dormant: int
    """Active in the month before, and not in it."""
    active_days: int
    """Sum over its days of the installations active on each."""
    days: int
    """Days of it that had ended by `as_of`."""


@dataclass(frozen=True, kw_only=True)
class DayN:
    """Retention on one day of life."""

    day: int
    installed: int
    """Installations for which that day is complete."""
    active: int
    """Of these, active on it."""
    active_later: int
    """Of these, active on it or on any later day."""


@dataclass(frozen=True, kw_only=True)
class HealthGroup:
    """`n` installations by their class now, and what became of them since a window ago."""

    before: HealthClass | None
    """The class a window ago; None where it was not installed then."""
    now: HealthClass
    launched_since: bool
    """Used on any day of the last window."""
    uninstalled_since: bool
    n: int


@dataclass(frozen=True, kw_only=True)
class ScoreGroup:
    """`n` people whose latest score was this."""

    leaving: bool
    """Given on leaving; else while the product was in use. The two are never pooled."""
    score: int
    n: int


@dataclass(frozen=True, kw_only=True)
class WeekRate:
    """Uninstalls and use of one version in one week (Monday to Sunday, named by its Monday)."""

    version: str | None
    """Of the last launch before the uninstall; of a day with several, the one heard of last."""
    week: date
    uninstalls: int
    active_days: int
    """Installation-days of use."""


class Arrivals(NamedTuple):
    """`n` days of use that we heard of so many days late."""

    # A tuple: tens of thousands of them are made twice as fast as frozen dataclasses.
    day: date
    delay: int
    """Whole days between the day and the first receipt; never negative."""
    n: int


class RegularityGroup(NamedTuple):
    """`n` installations by the launches of six calendar months, as sums."""

    # A tuple: tens of thousands of them are made twice as fast as frozen dataclasses.
    before_total: int
    """Of the six months before the last six: the sum of the monthly launches."""
    before_squares: int
    """The sum of their squares."""
    total: int
    """Of the last six complete months."""
    squares: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Activity:
    """How the product is used."""

    window_days: int
    """W: of this many days health looks at the last and the previous ones."""
    good_days: int
    """G: active days in W from which health may be good."""
    days: tuple[DayActivity, ...]
    """Every day from the first one seen to `as_of`'s, ascending, no gaps."""
    months: tuple[MonthActivity, ...]
    """Ascending, no gaps."""
    retention: tuple[DayN, ...]
    health: tuple[HealthGroup, ...]
    scores: tuple[ScoreGroup, ...]
    rates: tuple[WeekRate, ...]
    """Weeks and versions with any use or uninstall, of the last year."""
    arrivals: tuple[Arrivals, ...]
    """Of the days of the last half year."""
    regularity: tuple[RegularityGroup, ...]
