"""A curve as it is drawn: few enough steps for a picture, and true to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from exitpoll_server.counts import RiskTable

TRUE_TO = 1 / 500
"""How far a drawn curve may be from the true one, of its height: less than a pixel."""

AT_RISK_DAYS = (0, 30, 90, 180, 365, 730, 1095)
"""Where a curve says how many are still behind it."""


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
    """How many were under observation when the next one was lost, on that day or after it."""

    day: int
    n: int | None
    """None where nobody was lost from that day on."""


@dataclass(frozen=True)
class Curve:
    """A step function from day 0 to the last day of which anything is known."""

    steps: tuple[Step, ...]
    until: float
    """Days: the last step is drawn up to here."""
    at_risk: tuple[AtRisk, ...]


class Estimate(Protocol):
    """A share that only falls, or only rises, from row to row."""

    @property
    def days(self) -> Sequence[float]:
        """The day from which each row holds."""

    @property
    def shares(self) -> Sequence[float]:
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
    return Curve(tuple(steps), table.longest, tuple(_at_risk(table)))


def _stretches(estimate: Estimate, stop: int) -> Iterator[tuple[int, int]]:
    """Yield first and last row of stretches before row `stop` that one level can stand for."""
    height = abs(estimate.share(stop) - estimate.share(-1))
    first = 0
    while first < stop:
        start = estimate.shares[first]
        beyond = bisect_right(
            estimate.shares,
            2 * TRUE_TO * height,
            lo=first,
            hi=stop,
            key=lambda share, start=start: abs(share - start),  # type: ignore[misc]
        )
        yield first, beyond - 1
        first = beyond


def _step(estimate: Estimate, first: int, last: int) -> Step:
    bands = [band for band in map(estimate.interval, (first, last)) if band is not None]
    share = (estimate.share(first) + estimate.share(last)) / 2
    if not bands:
        return Step(estimate.days[first], share, None, None)
    low, high = (sum(ends) / len(bands) for ends in zip(*bands, strict=True))
    return Step(estimate.days[first], share, low, high)


def _at_risk(table: RiskTable) -> Iterator[AtRisk]:
    for day in AT_RISK_DAYS:
        if day <= table.longest:
            row = bisect_left(table.days, day)
            yield AtRisk(day, table.at_risk[row] if row < len(table.days) else None)
