"""Kaplan-Meier: the share that stays, from a table of who was under observation at each loss."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from exitpoll_server.report.figures import Z_95

HALF = 0.5 * (1 + 1e-9)
"""A share of one half, as the product of a hundred thousand rounded factors may miss it."""

LOG_HALF = log(-log(HALF))
"""The same on the scale on which the interval is symmetric."""


@dataclass(frozen=True, kw_only=True)
class KaplanMeier:
    """S(t) = P(T > t), row by row: what holds from that row's day until the next one's.

    E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", 1958.
    """

    days: Sequence[float]
    shares: Sequence[float]
    greenwood: Sequence[float]
    """The sum of d / (n (n - d)) so far: the variance of log S. Once S is 0 it stays as it was."""

    def row(self, day: float) -> int:
        """Return the last row on that day or before, -1 where there is none."""
        return bisect_right(self.days, day) - 1

    def share(self, row: int) -> float:
        """Return S from this row's day on; before the first row everybody stays."""
        return self.shares[row] if row >= 0 else 1.0

    def interval(self, row: int) -> tuple[float, float] | None:
        """Return the 95 % interval of S by the log-log transform of Greenwood's variance.

        None where S is 1 or 0: there the variance of log(-log S) does not exist. J. D. Kalbfleisch,
        R. L. Prentice, "The statistical analysis of failure time data", 1980, section 1.3.
        """
        share = self.share(row)
        if not 0 < share < 1:
            return None
        hazard = -log(share)
        spread = exp(Z_95 * sqrt(self.greenwood[row]) / hazard)
        return exp(-hazard * spread), exp(-hazard / spread)


def kaplan_meier(
    days: Sequence[float], at_risk: Sequence[int], losses: Sequence[int]
) -> KaplanMeier:
    """Estimate who stays. Rows without a loss change nothing; the columns are of one length."""
    share, summed = 1.0, 0.0
    shares: list[float] = []
    greenwood: list[float] = []
    for n, d in zip(at_risk, losses, strict=True):
        if d:
            share *= (n - d) / n
            if d < n:
                summed += d / (n * (n - d))
        shares.append(share)
        greenwood.append(summed)
    return KaplanMeier(days=days, shares=shares, greenwood=greenwood)


def median(staying: KaplanMeier) -> tuple[float | None, float | None, float | None]:
    """Return the day by which half were lost, and its 95 % interval; None is "not reached".

    The interval holds the days at which the log-log interval of S holds one half: R. Brookmeyer,
    J. Crowley, "A confidence interval for the median survival time", 1982.
    """
    middle = bisect_right(staying.shares, -HALF, key=lambda share: -share)
    low = _reaches_half(staying, range(middle + 1), Z_95)
    high = _reaches_half(staying, range(middle, len(staying.shares)), -Z_95)
    return (staying.days[middle] if middle < len(staying.days) else None, low, high)


def _reaches_half(staying: KaplanMeier, rows: range, z: float) -> float | None:
    """Return the first day of these rows on which that end of the interval is at most one half."""
    for share, summed, day in zip(
        staying.shares[rows.start : rows.stop],
        staying.greenwood[rows.start : rows.stop],
        staying.days[rows.start : rows.stop],
        strict=True,
    ):
        # Asked of the cumulative hazard, as `interval` has it, without its two exponentials a row.
        if not share:
            return day
        hazard = -log(share)
        if hazard and log(hazard) + z * sqrt(summed) / hazard >= LOG_HALF:
            return day
    return None


def restricted_mean(staying: KaplanMeier, horizon: float) -> tuple[float, float]:
    """Return the mean number of days stayed, of the first `horizon` days, and its standard error.

    The area under S up to the horizon; its variance is the sum of (the area still to come)² times
    d / (n (n - d)): J. P. Klein, M. L. Moeschberger, "Survival analysis", 2003, section 4.5.
    """
    rows = staying.row(horizon) + 1
    area, variance, end = 0.0, 0.0, horizon
    after = staying.greenwood[rows - 1] if rows else 0.0
    for row in range(rows - 1, -1, -1):
        area += staying.shares[row] * (end - staying.days[row])
        end = staying.days[row]
        before = staying.greenwood[row - 1] if row else 0.0
        variance += area * area * (after - before)
        after = before
    return area + end, sqrt(variance)
