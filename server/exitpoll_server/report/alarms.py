"""Section 8: versions that lose more of their users in a week than a reference lets expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from math import sqrt
from typing import Literal, NamedTuple

from exitpoll_server.counts import Activity, WeekRate
from exitpoll_server.report.figures import Figure, rate

REFERENCE_WEEKS = 8

ALARM_Z = 2.81
"""The 99.75 % quantile of the normal distribution: once in 400 weeks by chance."""

LEAST_UNINSTALLS = 5
"""In one week. z is that of a normal distribution, and so few uninstalls are far from one: where
0.08 are expected, a single one has z = 3.1 and comes in one week of thirteen."""

NONE_SEEN = 0.5
"""What a reference without any uninstall is read as, since a rate of 0 forbids even one."""

PER = 1_000
WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class VersionWeek:
    """One version in one week."""

    version: str | None
    week: date
    """Its Monday."""
    rate: Figure
    """Uninstalls per 1,000 active installation-days."""
    reference: Literal["own", "others"] | None
    """The version's own eight weeks before; those of all others, where it is younger; None where
    the week is not judged."""
    expected: Figure
    """Uninstalls at the reference's rate; its numerator and denominator are the reference's."""
    z: Figure
    """By how many standard deviations there were more."""
    alarm: bool
    unsaid: Literal["still_running", "no_use", "no_reference"] | None
    """Why the week is not judged."""


class _Sums(NamedTuple):
    uninstalls: int
    active_days: int


_Weeks = Mapping[date, _Sums]


def alarms(activity: Activity, as_of: datetime) -> tuple[VersionWeek, ...]:
    """Judge every version in every week that had ended by `as_of` (aware).

    Returns:
        The latest week first; within it the version with the most use first.
    """
    today = as_of.astimezone(timezone.utc).date()
    versions, everything = _by_version(activity.rates)
    rows = [
        _judged(version, week, _Use(weeks, everything), running=week + WEEK > today)
        for version, weeks in versions.items()
        for week in weeks
    ]
    return tuple(sorted(rows, key=_order))


def _order(row: VersionWeek) -> tuple[int, int, str]:
    return -row.week.toordinal(), -(row.rate.denominator or 0), row.version or ""


def _by_version(
    rates: Iterable[WeekRate],
) -> tuple[dict[str | None, dict[date, _Sums]], dict[date, _Sums]]:
    """Return the sums of each version by week, and those of all versions."""
    versions: dict[str | None, dict[date, _Sums]] = {}
    everything: dict[date, _Sums] = {}
    for one in rates:
        for weeks in (versions.setdefault(one.version, {}), everything):
            left, used = weeks.get(one.week, _Sums(0, 0))
            weeks[one.week] = _Sums(left + one.uninstalls, used + one.active_days)
    return versions, everything


class _Use(NamedTuple):
    own: _Weeks
    everything: _Weeks

    def reference(self, week: date) -> tuple[Literal["own", "others"], list[_Sums]]:
        """Return what a week is compared with: the sums of the eight weeks before it."""
        weeks = [week - n * WEEK for n in range(REFERENCE_WEEKS, 0, -1)]
        nothing = _Sums(0, 0)
        own = [self.own.get(one, nothing) for one in weeks]
        if min(self.own) <= weeks[0]:
            return "own", own
        every = [self.everything.get(one, nothing) for one in weeks]
        others = [_Sums(a[0] - b[0], a[1] - b[1]) for a, b in zip(every, own, strict=True)]
        return "others", others


def _judged(version: str | None, week: date, use: _Use, *, running: bool) -> VersionWeek:
    uninstalls, active_days = use.own[week]
    name, reference = use.reference(week)
    unsaid = _unsaid(active_days, reference, running=running)
    expected, z = _excess(uninstalls, active_days, () if unsaid else reference)
    return VersionWeek(
        version=version,
        week=week,
        rate=rate(uninstalls, active_days, "alarms.rate", per=PER),
        reference=None if unsaid else name,
        expected=expected,
        z=z,
        alarm=z.value is not None and z.value > ALARM_Z and uninstalls >= LEAST_UNINSTALLS,
        unsaid=unsaid,
    )


def _unsaid(
    active_days: int, reference: Iterable[_Sums], *, running: bool
) -> Literal["still_running", "no_use", "no_reference"] | None:
    if running:
        return "still_running"
    if active_days == 0:
        return "no_use"
    return None if any(week.active_days for week in reference) else "no_reference"


def _excess(uninstalls: int, active_days: int, reference: Iterable[_Sums]) -> tuple[Figure, Figure]:
    """Return μ and z = (x - μ)/√(φ·μ·(1 + E/E₀)); of no reference, neither.

    Of a rate that is estimated itself, the prediction's variance: the quasi-Poisson one of
    x - E·x₀/E₀.
    """
    weeks = list(reference)
    before, exposure = sum(w.uninstalls for w in weeks), sum(w.active_days for w in weeks)
    if not weeks:
        return (
            Figure(None, None, None, None, None, "alarms.expected"),
            Figure(None, uninstalls, None, None, None, "alarms.z"),
        )
    expected = active_days * max(before, NONE_SEEN) / exposure
    spread = overdispersion(weeks) * expected * (1 + active_days / exposure)
    return (
        Figure(expected, before, exposure, None, None, "alarms.expected"),
        Figure((uninstalls - expected) / sqrt(spread), uninstalls, None, None, None, "alarms.z"),
    )


def overdispersion(weeks: Iterable[tuple[int, int]]) -> float:
    """Return φ = max(1, χ²/df) of weeks, each its uninstalls and its active days, at one rate.

    Weeks without use have no expectation and are left out; of a single week φ is 1.
    """
    used = [(left, days) for left, days in weeks if days]
    left, days = sum(one[0] for one in used), sum(one[1] for one in used)
    if left == 0 or len(used) == 1:
        return 1.0
    expected = [one[1] * left / days for one in used]
    chi_square = sum((one[0] - e) ** 2 / e for one, e in zip(used, expected, strict=True))
    return max(1.0, chi_square / (len(used) - 1))
