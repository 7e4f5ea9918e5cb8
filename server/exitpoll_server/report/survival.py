"""Section 4: how long they stay, until they uninstall, or stop using the product."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from exitpoll_server.counts import LEAST_AT_RISK, RiskTable, Survival
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

LEAST_INSTALLATIONS = LEAST_AT_RISK
"""Below this many installations there is no curve, and a group is not compared."""

LEAST_GROUPS = 2

Ints: TypeAlias = npt.NDArray[np.int64]

Unsaid: TypeAlias = Literal["too_few", "no_losses", "emptied", "too_early", "apart"]
"""Why a figure is None: fewer than ten installations; nobody was lost yet; at an earlier time of
life nobody was left under observation, and the others entered later; nobody was observed for that
long; groups that were never under observation at one time of life."""


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
    firm_mean: Figure
    """The same of no more days than at least ten were observed for."""
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
    installed = _Kind("survival.installed", _uninstalls, horizon_days)
    in_use = _Kind("survival.in_use", _any_loss, horizon_days)
    competing = in_use.seen(survival.competing)
    both = _lifetime(None, competing, in_use)
    uninstalled, stopped = _ways_out(competing, both.unsaid)
    versions = [(name, installed.seen(table)) for name, table in survival.by_version]
    launches = [(name, in_use.seen(table)) for name, table in survival.landmark]
    return Lifetimes(
        installed=_lifetime(None, installed.seen(survival.uninstalls), installed),
        in_use=both,
        uninstalled=uninstalled,
        stopped=stopped,
        versions=tuple(_lifetime(name, seen, installed) for name, seen in versions),
        versions_compared=_comparison(versions, installed),
        landmark_day=survival.landmark_day,
        launches=tuple(_lifetime(name, seen, in_use) for name, seen in launches),
        launches_compared=_comparison(launches, in_use),
        clock_wrong=count(survival.clock_wrong, "survival.clock_wrong"),
        unknown_install=count(survival.unknown_install, "survival.unknown_install"),
    )


@dataclass(frozen=True)
class _Seen:
    """What an estimate is made from: who was at risk, and who was lost in the way that is meant."""

    table: RiskTable
    at_risk: Ints
    losses: Ints

    @property
    def lost(self) -> int:
        """Return how many were lost."""
        return int(self.losses.sum())

    def unbroken(self) -> _Seen:
        """Return the rows up to the first moment at which nobody was under observation."""
        end = bisect_right(self.table.days, self.table.unbroken_until)
        if end == len(self.table.days):
            return self
        table = replace(
            self.table,
            days=self.table.days[:end],
            at_risk=self.table.at_risk[:end],
            uninstalls=self.table.uninstalls[:end],
            stops=self.table.stops[:end],
        )
        return _Seen(table, self.at_risk[:end], self.losses[:end])

    def figure(
        self,
        definition: str,
        value: float | None,
        bounds: tuple[float | None, float | None] | None,
        day: float,
    ) -> Figure:
        """Return a value that rests on those lost by that day, of all installations."""
        lost = int(self.losses[: bisect_right(self.table.days, day)].sum())
        low, high = bounds or (None, None)
        return Figure(value, lost, self.table.n, low, high, definition)


@dataclass(frozen=True)
class _Kind:
    """What ends a stay, and under which name that is defined."""

    name: str
    losses: Callable[[RiskTable], Ints]
    horizon_days: float

    def seen(self, table: RiskTable) -> _Seen:
        """Return the columns of a table, each turned into numbers once."""
        return _Seen(table, np.array(table.at_risk, np.int64), self.losses(table))


def _uninstalls(table: RiskTable) -> Ints:
    return np.array(table.uninstalls, np.int64)


def _stops(table: RiskTable) -> Ints:
    return np.array(table.stops, np.int64)


def _any_loss(table: RiskTable) -> Ints:
    return _uninstalls(table) + _stops(table)


def _lifetime(name: str | None, seen: _Seen, kind: _Kind) -> Lifetime:
    lost, seen = seen.lost, seen.unbroken()
    table = seen.table
    # Tables of groups have rows at the other groups' losses: here they would only take time.
    own = seen.losses > 0
    staying = kaplan_meier(np.array(table.days)[own], seen.at_risk[own], seen.losses[own])
    unsaid = _unsaid(table, staying, lost)
    horizon = min(kind.horizon_days, table.unbroken_until)
    return Lifetime(
        name=name,
        installations=count(table.n, "survival.installations"),
        lost=count(lost, f"{kind.name}_lost"),
        unsaid=unsaid,
        median=unknown(f"{kind.name}_median") if unsaid else _median(kind, seen, staying),
        mean=_mean(kind, seen, staying, 0 if unsaid else horizon),
        horizon_days=horizon,
        firm_mean=_mean(kind, seen, staying, 0 if unsaid else min(horizon, table.firm_until)),
        staying=tuple(_at_day(kind.name, seen, staying, day, unsaid) for day in STAYING_DAYS),
        curve=None if unsaid else drawn(staying, table),
    )


def _ways_out(whole: _Seen, unsaid: Unsaid | None) -> tuple[WayOut, WayOut]:
    seen = whole.unbroken()
    staying = kaplan_meier(seen.table.days, seen.at_risk, seen.losses)
    uninstalled, stopped = (
        replace(seen, losses=losses(seen.table)) for losses in (_uninstalls, _stops)
    )
    return (
        _way_out("survival.uninstalled", sum(whole.table.uninstalls), uninstalled, staying, unsaid),
        _way_out("survival.stopped", sum(whole.table.stops), stopped, staying, unsaid),
    )


def _way_out(
    name: str, lost: int, seen: _Seen, staying: KaplanMeier, unsaid: Unsaid | None
) -> WayOut:
    leaving = aalen_johansen(staying, seen.at_risk, seen.losses)
    if not len(leaving.days):
        unsaid = unsaid or ("emptied" if lost else "no_losses")
    return WayOut(
        lost=count(lost, f"{name}_lost"),
        unsaid=unsaid,
        by_day=tuple(_at_day(name, seen, leaving, day, unsaid) for day in LEAVING_DAYS),
        curve=None if unsaid else drawn(leaving, seen.table),
    )


def _unsaid(table: RiskTable, staying: KaplanMeier, lost: int) -> Unsaid | None:
    if table.n < LEAST_INSTALLATIONS:
        return "too_few"
    if not len(staying.days):
        return "emptied" if lost else "no_losses"
    emptied = staying.days[staying.shares <= 0]
    return "emptied" if len(emptied) and emptied[0] < table.longest else None


def _unsaid_at(day: int, table: RiskTable) -> Unsaid | None:
    if day > table.longest:
        return "too_early"
    return "emptied" if day > table.unbroken_until else None


def _at_day(name: str, seen: _Seen, estimate: Estimate, day: int, unsaid: Unsaid | None) -> AtDay:
    unsaid = unsaid or _unsaid_at(day, seen.table)
    if unsaid:
        return AtDay(day, unknown(name), unsaid)
    row = estimate.row(day)
    return AtDay(day, seen.figure(name, estimate.share(row), estimate.interval(row), day), None)


def _median(kind: _Kind, seen: _Seen, staying: KaplanMeier) -> Figure:
    value, low, high = median(staying)
    day = seen.table.longest if value is None else value
    return seen.figure(f"{kind.name}_median", value, (low, high), day)


def _mean(kind: _Kind, seen: _Seen, staying: KaplanMeier, horizon: float) -> Figure:
    if not horizon:
        return unknown(f"{kind.name}_mean")
    value, error = restricted_mean(staying, horizon)
    bounds = max(0.0, value - Z_95 * error), min(horizon, value + Z_95 * error)
    return seen.figure(f"{kind.name}_mean", value, bounds, horizon)


def _comparison(groups: Sequence[tuple[str | None, _Seen]], kind: _Kind) -> Comparison:
    if any(seen.table.days != groups[0][1].table.days for _, seen in groups):
        raise ValueError("the tables of groups that are compared have not the same days")
    compared = [(name, seen) for name, seen in groups if seen.table.n >= LEAST_INSTALLATIONS]
    losses = [Losses(seen.at_risk, seen.losses) for _, seen in compared]
    lost = int(sum(seen.losses.sum() for _, seen in compared))
    n = sum(seen.table.n for _, seen in compared)
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
