"""A curve as it is drawn: few enough steps for a picture, and true to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exitpoll_server.counts import FOLLOWED_DAYS, RiskTable
from exitpoll_server.report.kaplan_meier import Floats

TRUE_TO = 1 / 500
"""How far a drawn curve may be from the true one, of its height: less than a pixel."""


@dataclass(frozen=True)
class Step:
    """A level that is drawn from this day to the next step's, with its 95 % band.

    It is the middle of the shares from here to the next step, which are never further from it
    than TRUE_TO of the curve's height. Without a band: nobody was lost yet, or everybody.
    """

    day: float
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AtRisk:
    """How many were under observation on a day of life."""

    day: int
    n: int


@dataclass(frozen=True)
class Curve:
    """A step function from day 0 to the last day of which anything is known."""

    steps: tuple[Step, ...]
    until: float
    """Days: the last step holds up to here."""
    firm_until: float
    """Days: up to here at least ten were under observation at every moment. What lies beyond is
    neither drawn nor said; 0 where nothing is."""
    at_risk: tuple[AtRisk, ...]


class Estimate(Protocol):
    """A share that only falls, or only rises, from row to row."""

    @property
    def days(self) -> Floats:
        """The day from which each row holds."""

    @property
    def shares(self) -> Floats:
        """The share of each row."""

    def row(self, day: float) -> int:
        """Return the last row on that day or before, -1 where there is none."""

    def share(self, row: int) -> float:
        """Return the row's share; of row -1 the one before all rows."""

    def interval(self, row: int) -> tuple[float, float] | None:
        """Return its 95 % interval."""


def drawn(estimate: Estimate, table: RiskTable) -> Curve:
    """Return the curve in at most about 1 / (2 TRUE_TO) steps; first and last are exact."""
    last = len(estimate.days) - 1
    steps = [Step(0.0, estimate.share(-1), None, None)]
    steps += [_step(estimate, first, end) for first, end in _stretches(estimate, last)]
    if last >= 0:
        steps.append(_step(estimate, last, last))
    return Curve(tuple(steps), table.unbroken_until, table.firm_until, tuple(_at_risk(table)))


def _stretches(estimate: Estimate, stop: int) -> Iterator[tuple[int, int]]:
    """Yield first and last row of stretches before row `stop` that one level can stand for."""
    # How far each row is from the first level: these only rise.
    away = np.abs(estimate.shares[: max(stop, 0)] - estimate.share(-1))
    reach = 2 * TRUE_TO * abs(estimate.share(stop) - estimate.share(-1))
    first = 0
    while first < stop:
        beyond = int(away.searchsorted(away[first] + reach, "right"))
        yield first, beyond - 1
        first = beyond


def _step(estimate: Estimate, first: int, last: int) -> Step:
    day = float(estimate.days[first])
    bands = [band for band in map(estimate.interval, (first, last)) if band is not None]
    share = (estimate.share(first) + estimate.share(last)) / 2
    if not bands:
        return Step(day, share, None, None)
    low, high = (sum(ends) / len(bands) for ends in zip(*bands, strict=True))
    return Step(day, share, low, high)


def _at_risk(table: RiskTable) -> Iterator[AtRisk]:
    for day, n in zip(FOLLOWED_DAYS, table.followed, strict=True):
        if day <= table.longest:
            yield AtRisk(day, n)
