"""Section 11: customers by revenue and by regularity, their worth, and when to answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Literal, TypeAlias

from exitpoll_server.counts import Activity, RegularityGroup
from exitpoll_server.report.figures import Figure, count, share
from exitpoll_server.report.uninstalls import Part

Worth: TypeAlias = Literal["A", "B", "C", "none"]
Regular: TypeAlias = Literal["X", "Y", "Z", "none"]

A_UP_TO = 0.80
B_UP_TO = 0.95

MONTHS = 6
"""Of calendar months, over which regularity is judged."""

DAYS_A_MONTH = 365.25 / 12
DAYS_A_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class RegularityMovement:
    """Where those of one class six months before are now, as shares of them."""

    before: Regular
    total: Figure
    now: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Regularity:
    """How regularly installations were launched over the last six complete months."""

    used: Figure
    """Installations launched in the last six complete months: X, Y or Z."""
    now: tuple[Part, ...]
    """X, Y and Z, as shares of these."""
    movement: tuple[RegularityMovement, ...]
    """From the six months before; `none` was not launched in those."""
    now_too_early: bool
    """Fewer than six complete months have been seen: all of it is empty."""
    movement_too_early: bool
    """Fewer than twelve."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """On which days a vendor works, and where.

    Raises:
        ValueError: no day of the week is left to work on.
    """

    timezone: tzinfo
    weekend: frozenset[int] = frozenset({5, 6})
    """Days of the week, Monday is 0."""
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.weekend >= set(range(DAYS_A_WEEK)):
            raise ValueError("every day of the week is a weekend")

    def works_on(self, day: date) -> bool:
        """Tell whether the vendor works on a day."""
        return day.weekday() not in self.weekend and day not in self.holidays


def abc(revenues: Mapping[str, float]) -> dict[str, Worth]:
    """Return the class of each customer by revenue (of one currency and window).

    The largest first, ties by id; by the share of all revenue that those before have: below 0.80
    A, below 0.95 B, else C. Without revenue: none.
    """
    found: dict[str, Worth] = dict.fromkeys(revenues, "none")
    paying = sorted((one for one in revenues if revenues[one] > 0), key=lambda c: (-revenues[c], c))
    total, before = sum(revenues[one] for one in paying), 0.0
    for customer in paying:
        cumulative = before / total
        found[customer] = "A" if cumulative < A_UP_TO else "B" if cumulative < B_UP_TO else "C"
        before += revenues[customer]
    return found


def xyz(total: int, squares: int, months: int = MONTHS) -> Regular:
    """Return the class of monthly launches by their coefficient of variation, CV.

    CV = population standard deviation / mean, over the months: at most 0.5 X, at most 1 Y, else
    Z; never launched: none. `total` is the sum of the months' launches, `squares` of their
    squares.
    """
    if total == 0:
        return "none"
    # CV² = (months·squares - total²) / total², in whole numbers: a CV of exactly 0.5 is X.
    spread, mean = months * squares - total**2, total**2
    return "X" if 4 * spread <= mean else "Y" if spread <= mean else "Z"


def regularity(activity: Activity) -> Regularity:
    """Turn grouped launches of months into classes of regularity, and how they moved."""
    months = sum(month.complete for month in activity.months)
    early, half_early = months < MONTHS, months < 2 * MONTHS
    groups = () if early else activity.regularity
    moved = _moved(groups)
    now = sum(moved.values(), Counter[Regular]())
    del now["none"]
    return Regularity(
        used=Figure(None, None, None, None, None, "customers.used")
        if early
        else count(now.total(), "customers.used"),
        now=() if early else _parts(now, ("X", "Y", "Z"), now.total(), "customers.regularity"),
        movement=() if half_early else _movement(moved),
        now_too_early=early,
        movement_too_early=half_early,
    )


def _moved(groups: Iterable[RegularityGroup]) -> dict[Regular, Counter[Regular]]:
    """Return how many of each class six months before are in each class now."""
    classes: tuple[Regular, ...] = ("X", "Y", "Z", "none")
    moved = {name: Counter[Regular]() for name in classes}
    for group in groups:
        before = xyz(group.before_total, group.before_squares)
        moved[before][xyz(group.total, group.squares)] += group.n
    return moved


def _movement(moved: Mapping[Regular, Counter[Regular]]) -> tuple[RegularityMovement, ...]:
    return tuple(
        RegularityMovement(
            before=before,
            total=count(sizes.total(), "customers.before"),
            now=_parts(sizes, moved, sizes.total(), "customers.moved"),
        )
        for before, sizes in moved.items()
        if sizes
    )


def _parts(
    sizes: Counter[Regular], names: Iterable[Regular], total: int, definition: str
) -> tuple[Part, ...]:
    return tuple(Part(name, share(sizes[name], total, definition)) for name in names)


def lifetime_value(monthly_revenue: float, restricted_mean_days: Figure) -> Figure:
    """Return what one installation brings up to the horizon, in the revenue's currency.

    Monthly revenue times the restricted mean lifetime and its interval, a month being 365.25/12
    days; nothing is extrapolated beyond the horizon.
    """

    def worth(days: float | None) -> float | None:
        return None if days is None else monthly_revenue * days / DAYS_A_MONTH

    mean = restricted_mean_days
    return Figure(
        worth(mean.value),
        mean.numerator,
        mean.denominator,
        worth(mean.low),
        worth(mean.high),
        "customers.lifetime_value",
    )


def answer_due(instant: datetime, calendar: Calendar) -> datetime:
    """Return by when to answer what came at `instant` (aware): one working day later, in UTC.

    That is the same clock time on the next working day. Where summer time skips that time, it is
    as much later; where the time comes twice, it is the first.

    Raises:
        ValueError: the instant has no timezone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without a timezone is no instant")
    local = instant.astimezone(calendar.timezone)
    day = local.date() + timedelta(days=1)
    while not calendar.works_on(day):
        day += timedelta(days=1)
    due = datetime.combine(day, local.time(), calendar.timezone)
    return due.astimezone(timezone.utc)
