"""Aalen-Johansen: how many are lost one way, where they can be lost another way as well."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt

from exitpoll_server.report.figures import Z_95
from exitpoll_server.report.kaplan_meier import Floats, KaplanMeier

WHOLE = 1 - 1e-9
"""A share of one, as the sum of a hundred thousand rounded steps may miss it."""


@dataclass(frozen=True, kw_only=True)
class Incidence:
    """The cumulative incidence F(t) = P(T <= t, lost in this way), at each loss in this way.

    O. O. Aalen, S. Johansen, "An empirical transition matrix for non-homogeneous Markov chains
    based on censored observations", 1978. Never 1 - Kaplan-Meier of this way alone, which would
    count those lost the other way as if they could still be lost in this one.
    """

    days: Floats
    shares: Floats
    squared: Floats
    linear: Floats
    constant: Floats
    """What the variance is made of: squared F² - 2 linear F + constant."""

    def row(self, day: float) -> int:
        """Return the last row on that day or before, -1 where there is none."""
        return int(self.days.searchsorted(day, "right")) - 1

    def share(self, row: int) -> float:
        """Return the share lost in this way up to this row's day; none before the first row."""
        return min(1.0, float(self.shares[row])) if row >= 0 else 0.0

    def variance(self, row: int) -> float:
        """Return the variance of the share, by the delta method with binomial losses.

        With d lost in any way, l in this one, of n at risk, and S the share left just before:

            sum (F(t) - F)² d / (n (n - d)) + sum S² l (n - l) / n³ - 2 sum (F(t) - F) S l / n²

        Without another way it is Greenwood's; without censoring it is F (1 - F) / n.
        E. Marubini, M. G. Valsecchi, "Analysing survival data from clinical trials and
        observational studies", 1995, section 10.2.
        """
        share = self.share(row)
        rising = share * (share * self.squared[row] - 2 * self.linear[row])
        # Rounding may push below 0 what is 0.
        return max(0.0, float(rising + self.constant[row]))

    def interval(self, row: int) -> tuple[float, float] | None:
        """Return the 95 % interval of the share by its log-log transform.

        It runs between F to the powers of exp(±z s / (F log F)), s the standard error. None where
        F is 0 or 1. B. A. Choudhury, "Non-parametric confidence interval estimation for competing
        risks analysis", 2002.
        """
        share = self.share(row)
        if not 0 < share < WHOLE:
            return None
        depth = -log(share)
        spread = exp(Z_95 * sqrt(self.variance(row)) / (share * depth))
        return exp(-depth * spread), exp(-depth / spread)


def aalen_johansen(
    staying: KaplanMeier, at_risk: npt.ArrayLike, losses: npt.ArrayLike
) -> Incidence:
    """Estimate the incidence of `losses`, of those that `staying` counts as lost in any way.

    Between two losses of this way nothing of it changes, its variance neither, so that only its
    own rows are gone through; what happened in between is in Greenwood's sums.
    """
    rows = np.flatnonzero(losses)
    n, lost = np.asarray(at_risk, np.float64)[rows], np.asarray(losses, np.float64)[rows]
    left, before = np.append(1.0, staying.shares)[rows], np.append(0.0, staying.greenwood)[rows]
    after = staying.greenwood[rows]
    step = left * lost / n
    shares = step.cumsum()
    earlier = np.append(0.0, shares)[: len(rows)]
    between = earlier * (before - np.append(0.0, after)[: len(rows)])
    weighted = shares * (after - before) + step / n
    own = (shares + left - step) * step / n
    return Incidence(
        days=staying.days[rows],
        shares=shares,
        squared=after,
        linear=(between + weighted).cumsum(),
        constant=(earlier * between + shares * weighted + own).cumsum(),
    )
