"""Kaplan-Meier: the share that stays, from a table of who was under observation at each loss."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from exitpoll_server.report.figures import Z_95

Floats: TypeAlias = npt.NDArray[np.float64]

HALF = 0.5 * (1 + 1e-9)
"""A share of one half, as the product of a hundred thousand rounded factors may miss it."""

LOG_HALF = log(-log(HALF))
"""The same on the scale on which the interval is symmetric."""


@dataclass(frozen=True, kw_only=True)
class KaplanMeier:
    """S(t) = P(T > t), row by row: what holds from that row's day until the next one's.

    E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", 1958.
    """

    days: Floats
    shares: Floats
    greenwood: Floats
    """The sum of d / (n (n - d)) so far: the variance of log S. Once S is 0 it stays as it was."""

    def row(self, day: float) -> int:
        """Return the last row on that day or before, -1 where there is none."""
        return int(self.days.searchsorted(day, "right")) - 1

    def share(self, row: int) -> float:
        """Return S from this row's day on; before the first row everybody stays."""
        return float(self.shares[row]) if row >= 0 else 1.0

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


def kaplan_meier(days: npt.ArrayLike, at_risk: npt.ArrayLike, losses: npt.ArrayLike) -> KaplanMeier:
    """Estimate who stays. Rows without a loss change nothing; the columns are of one length."""
    n, d = np.asarray(at_risk, np.int64), np.asarray(losses, np.int64)
    stay, terms = np.ones(len(n)), np.zeros(len(n))
    np.divide(n - d, n, out=stay, where=d > 0)
    np.divide(d, n * (n - d), out=terms, where=(d > 0) & (d < n))
    return KaplanMeier(
        days=np.asarray(days, np.float64), shares=stay.cumprod(), greenwood=terms.cumsum()
    )


def median(staying: KaplanMeier) -> tuple[float | None, float | None, float | None]:
    """Return the day by which half were lost, and its 95 % interval; None is "not reached".

    The interval holds the days at which the log-log interval of S holds one half: R. Brookmeyer,
    J. Crowley, "A confidence interval for the median survival time", 1982.
    """
    # Asked of the cumulative hazard, as `interval` has it. Where S is 1 or 0 there is no interval.
    inside = (staying.shares > 0) & (staying.shares < 1)
    hazard = -np.log(staying.shares, out=np.full(len(inside), -1.0), where=inside)
    middle, spread = np.log(hazard), Z_95 * np.sqrt(staying.greenwood) / hazard
    low, high = (
        inside & (middle + z >= LOG_HALF) | (staying.shares <= 0) for z in (spread, -spread)
    )
    return (
        _first(staying.days, staying.shares <= HALF),
        _first(staying.days, low),
        _first(staying.days, high),
    )


def _first(days: Floats, which: npt.NDArray[np.bool_]) -> float | None:
    return float(days[which.argmax()]) if which.any() else None


def restricted_mean(staying: KaplanMeier, horizon: float) -> tuple[float, float]:
    """Return the mean number of days stayed, of the first `horizon` days, and its standard error.

    The area under S up to the horizon; its variance is the sum of (the area still to come)² times
    d / (n (n - d)): J. P. Klein, M. L. Moeschberger, "Survival analysis", 2003, section 4.5.
    """
    rows = staying.row(horizon) + 1
    widths = np.diff(staying.days[:rows], append=horizon)
    still_to_come = np.cumsum((staying.shares[:rows] * widths)[::-1])[::-1]
    variance = still_to_come**2 @ np.diff(staying.greenwood[:rows], prepend=0.0)
    first = staying.days[0] if rows else horizon
    return float(first + still_to_come[:1].sum()), sqrt(variance)
