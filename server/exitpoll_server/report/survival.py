"""Section 4: how long they stay, until they uninstall, or stop using the product."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import add
from typing import Literal, TypeAlias

from exitpoll_server.counts import RiskTable, Survival
from exitpoll_server.report.aalen_johansen import aalen_johansen
from exitpoll_server.report.curves import Curve, Estimate, drawn
from exitpoll_server.report.figures import Z_95, Figure, count, unknown
from exitpoll_server.report.kaplan_meier import (
    KaplanMeier,
    kaplan_meier,
    median,
    restricted_mean,
)
from exitpoll_server.report.log_rank import Losses, log_rank

STAYING_DAYS = (7, 30, 90, 180, 365)
"""Days of life at which the report says who stays."""

LEAVING_DAYS = (30, 90, 180, 365)
"""Days of life by which it says who uninstalled, and who stopped."""

HORIZON_DAYS = 365.0
"""The mean counts the days of a first year, unless told otherwise."""

LEAST_INSTALLATIONS = 10
"""Below this many installations there is no curve, and a group is not compared."""

LEAST_GROUPS = 2

Unsaid: TypeAlias = Literal["too_few", "no_losses", "emptied", "too_early", "apart"]
"""Why a figure is None: fewer than ten installations; nobody was lost yet; all who were known that
early in their lives were lost, and the others entered later; nobody was observed for that long;
groups that were never under observation at one time of life."""


@dataclass(frozen=True)
class AtDay:
    """A figure at a day of life."""

    day: int
    figure: Figure
    unsaid: Unsaid | None


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """How long the installations of one table stay."""

    name: str | None
    """The version, or the launches before the landmark; None where not known, and for all."""
    installations: Figure
    lost: Figure
    unsaid: Unsaid | None
    """Why nothing below is known."""
    median: Figure
    """Days; None also where fewer than half were lost."""
    mean: Figure
    """Days of the first `horizon_days`."""
    horizon_days: float
    staying: tuple[AtDay, ...]
    curve: Curve | None


@dataclass(frozen=True, kw_only=True)
class WayOut:
    """How many leave in one of the two ways, as the other takes its share."""

    lost: Figure
    unsaid: Unsaid | None
    by_day: tuple[AtDay, ...]
    curve: Curve | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The log-rank test of several curves."""

    names: tuple[str | None, ...]
    """Those compared: of at least ten installations."""
    statistic: Figure
    freedom: int | None
    """Degrees of freedom."""
    p: Figure
    unsaid: Unsaid | None


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """How long they stay."""

    installed: Lifetime
    """Until the uninstall; who merely stopped is still there."""
    in_use: Lifetime
    """Until the uninstall or the first stop."""
    uninstalled: WayOut
    stopped: WayOut
    versions: tuple[Lifetime, ...]
    versions_compared: Comparison
    landmark_day: int
    launches: tuple[Lifetime, ...]
    """Days are counted from the landmark."""
    launches_compared: Comparison
    clock_wrong: Figure
    unknown_install: Figure


def lifetimes(survival: Survival, *, horizon_days: float = HORIZON_DAYS) -> Lifetimes:
    """Turn tables of who was at risk into curves and figures.

    Raises:
        ValueError: tables of groups that are compared have not the same days.
    """
    installed = _Kind("survival.installed", lambda table: table.uninstalls, horizon_days)
    in_use = _Kind("survival.in_use", _any_loss, horizon_days)
    both = _lifetime(None, survival.competing, in_use)
    uninstalled, stopped = _ways_out(survival.competing, both.unsaid)
    return Lifetimes(
        installed=_lifetime(None, survival.uninstalls, installed),
        in_use=both,
        uninstalled=uninstalled,
        stopped=stopped,
        versions=tuple(_lifetime(name, t, installed) for name, t in survival.by_version),
        versions_compared=_comparison(survival.by_version, installed),
        landmark_day=survival.landmark_day,
        launches=tuple(_lifetime(name, t, in_use) for name, t in survival.landmark),
        launches_compared=_comparison(survival.landmark, in_use),
        clock_wrong=count(survival.clock_wrong, "survival.clock_wrong"),
        unknown_install=count(survival.unknown_install, "survival.unknown_install"),
    )


@dataclass(frozen=True)
class _Kind:
    """What ends a stay, and under which name that is defined."""

    name: str
    losses: Callable[[RiskTable], Sequence[int]]
    horizon_days: float


def _any_loss(table: RiskTable) -> tuple[int, ...]:
    return tuple(map(add, table.uninstalls, table.stops))


def _lifetime(name: str | None, table: RiskTable, kind: _Kind) -> Lifetime:
    losses = kind.losses(table)
    # Tables of groups have rows at the other groups' losses: here they would only take time.
    days = tuple(compress(table.days, losses))
    at_risk = tuple(compress(table.at_risk, losses))
    staying = kaplan_meier(days, at_risk, tuple(compress(losses, losses)))
    seen = _Seen(table, losses, _unsaid(table, staying))
    horizon = min(kind.horizon_days, table.longest)
    return Lifetime(
        name=name,
        installations=count(table.n, "survival.installations"),
        lost=count(sum(losses), f"{kind.name}_lost"),
        unsaid=seen.unsaid,
        median=_median(f"{kind.name}_median", seen, staying),
        mean=_mean(f"{kind.name}_mean", seen, staying, horizon),
        horizon_days=horizon,
        staying=tuple(_at_day(kind.name, seen, staying, day) for day in STAYING_DAYS),
        curve=None if seen.unsaid else drawn(staying, table),
    )


def _ways_out(table: RiskTable, unsaid: Unsaid | None) -> tuple[WayOut, WayOut]:
    staying = kaplan_meier(table.days, table.at_risk, _any_loss(table))
    return (
        _way_out("survival.uninstalled", _Seen(table, table.uninstalls, unsaid), staying),
        _way_out("survival.stopped", _Seen(table, table.stops, unsaid), staying),
    )


def _way_out(name: str, seen: _Seen, staying: KaplanMeier) -> WayOut:
    leaving = aalen_johansen(staying, seen.table.at_risk, seen.losses)
    if not leaving.days:
        seen = replace(seen, unsaid=seen.unsaid or "no_losses")
    return WayOut(
        lost=count(sum(seen.losses), f"{name}_lost"),
        unsaid=seen.unsaid,
        by_day=tuple(_at_day(name, seen, leaving, day) for day in LEAVING_DAYS),
        curve=None if seen.unsaid else drawn(leaving, seen.table),
    )


def _unsaid(table: RiskTable, staying: KaplanMeier) -> Unsaid | None:
    if table.n < LEAST_INSTALLATIONS:
        return "too_few"
    if not staying.days:
        return "no_losses"
    none_left = bisect_left(staying.shares, 0.0, key=lambda share: -share)
    emptied = none_left < len(staying.days) and staying.days[none_left] < table.longest
    return "emptied" if emptied else None


@dataclass(frozen=True)
class _Seen:
    """What an estimate was made from, and why nothing may be said of it."""

    table: RiskTable
    losses: Sequence[int]
    unsaid: Unsaid | None

    def figure(
        self,
        definition: str,
        value: float | None,
        bounds: tuple[float | None, float | None] | None,
        day: float,
    ) -> Figure:
        """Return a value that rests on those lost by that day, of all installations."""
        lost = sum(self.losses[: bisect_right(self.table.days, day)])
        low, high = bounds or (None, None)
        return Figure(value, lost, self.table.n, low, high, definition)


def _at_day(name: str, seen: _Seen, estimate: Estimate, day: int) -> AtDay:
    unsaid = seen.unsaid or ("too_early" if day > seen.table.longest else None)
    if unsaid:
        return AtDay(day, unknown(name), unsaid)
    row = estimate.row(day)
    return AtDay(day, seen.figure(name, estimate.share(row), estimate.interval(row), day), None)


def _median(name: str, seen: _Seen, staying: KaplanMeier) -> Figure:
    if seen.unsaid:
        return unknown(name)
    value, low, high = median(staying)
    return seen.figure(name, value, (low, high), seen.table.longest if value is None else value)


def _mean(name: str, seen: _Seen, staying: KaplanMeier, horizon: float) -> Figure:
    if seen.unsaid:
        return unknown(name)
    value, error = restricted_mean(staying, horizon)
    bounds = max(0.0, value - Z_95 * error), min(horizon, value + Z_95 * error)
    return seen.figure(name, value, bounds, horizon)


def _comparison(groups: Sequence[tuple[str | None, RiskTable]], kind: _Kind) -> Comparison:
    if len({table.days for _, table in groups}) > 1:
        raise ValueError("the tables of groups that are compared have not the same days")
    compared = [(name, t) for name, t in groups if t.n >= LEAST_INSTALLATIONS]
    losses = [Losses(t.at_risk, kind.losses(t)) for _, t in compared]
    lost, n = sum(sum(group.losses) for group in losses), sum(t.n for _, t in compared)
    unsaid: Unsaid | None = "too_few" if len(compared) < LEAST_GROUPS else None
    found = None if unsaid or not lost else log_rank(losses)
    if found is None:
        unsaid = unsaid or ("apart" if lost else "no_losses")
    return Comparison(
        names=tuple(name for name, _ in compared),
        statistic=Figure(
            found.statistic if found else None, lost, n, None, None, f"{kind.name}_log_rank"
        ),
        freedom=found.freedom if found else None,
        p=Figure(found.p if found else None, lost, n, None, None, f"{kind.name}_p"),
        unsaid=unsaid,
    )
