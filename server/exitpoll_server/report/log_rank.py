"""The log-rank test: whether groups that are lost at different speeds may be alike after all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from exitpoll_server.report.chances import chi_square_sf

NOTHING = 1e-10
"""A variance that is smaller than this share of the largest is a rounded 0."""


class Losses(NamedTuple):
    """A group's column of those at risk, and of those lost, at the instants of all groups."""

    at_risk: npt.ArrayLike
    losses: npt.ArrayLike


class LogRank(NamedTuple):
    """The statistic, its degrees of freedom, and how often chance alone brings as much."""

    statistic: float
    freedom: int
    p: float


def log_rank(groups: Sequence[Losses]) -> LogRank | None:
    """Compare groups on the same rows; None where no two of them were ever at risk together.

    Observed less expected losses, (O - E)' V⁻ (O - E), with the hypergeometric variance of each
    row. V⁻ is a generalised inverse, and its rank the degrees of freedom: one less than there are
    groups, fewer where some were never at risk together. Late entry needs nothing more than that
    the columns know of it. J. P. Klein, M. L. Moeschberger, "Survival analysis", 2003, section 7.3.

    Raises:
        ValueError: the columns are not of one length.
    """
    at_risk, losses = (np.array(column, np.float64) for column in zip(*groups, strict=True))
    if at_risk.shape != losses.shape:
        raise ValueError("groups are compared on the same rows")
    n, d = at_risk.sum(axis=0), losses.sum(axis=0)
    rates = np.divide(d, n, out=np.zeros(len(n)), where=n > 0)
    spreads = np.divide(d * (n - d), n * n * (n - 1), out=np.zeros(len(n)), where=n > 1)
    # Covariances of observed less expected losses; their rows add up to 0.
    variance = -(at_risk * spreads) @ at_risk.T
    np.fill_diagonal(variance, 0.0)
    np.fill_diagonal(variance, -variance.sum(axis=1))
    excess = losses.sum(axis=1) - at_risk @ rates
    statistic, rank = _quadratic(excess.tolist(), variance.tolist())
    return LogRank(statistic, rank, chi_square_sf(statistic, rank)) if rank else None


def _quadratic(vector: list[float], matrix: list[list[float]]) -> tuple[float, int]:
    """Return v' M⁻ v and the rank of a positive semidefinite M, by elimination on its diagonal."""
    left = set(range(len(vector)))
    least = NOTHING * max((matrix[i][i] for i in left), default=0.0)
    form = 0.0
    while left:
        pivot = max(left, key=lambda i: matrix[i][i])
        if matrix[pivot][pivot] <= least:
            break
        left.remove(pivot)
        form += vector[pivot] ** 2 / matrix[pivot][pivot]
        for i in left:
            factor = matrix[i][pivot] / matrix[pivot][pivot]
            vector[i] -= factor * vector[pivot]
            for j in left:
                matrix[i][j] -= factor * matrix[pivot][j]
    return form, len(vector) - len(left)
