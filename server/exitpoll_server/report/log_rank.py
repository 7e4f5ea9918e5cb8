"""The log-rank test: whether groups that are lost at different speeds may be alike after all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from operator import mul, sub
from typing import NamedTuple

from exitpoll_server.report.chances import chi_square_sf

NOTHING = 1e-10
"""A variance that is smaller than this share of the largest is a rounded 0."""


class Losses(NamedTuple):
    """A group's column of those at risk, and of those lost, at the instants of all groups."""

    at_risk: Sequence[int]
    losses: Sequence[int]


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
    if len({len(column) for group in groups for column in group}) > 1:
        raise ValueError("groups are compared on the same rows")
    everybody = [sum(row) for row in zip(*(g.at_risk for g in groups), strict=True)]
    lost = [sum(row) for row in zip(*(g.losses for g in groups), strict=True)]
    rates = [d / n if n else 0.0 for d, n in zip(lost, everybody, strict=True)]
    spreads = [
        d * (n - d) / (n * n * (n - 1)) if n > 1 else 0.0
        for d, n in zip(lost, everybody, strict=True)
    ]
    excess = [sum(map(sub, g.losses, map(mul, g.at_risk, rates))) for g in groups]
    variance = _variance([g.at_risk for g in groups], spreads)
    statistic, rank = _quadratic(excess, variance)
    return LogRank(statistic, rank, chi_square_sf(statistic, rank)) if rank else None


def _variance(at_risk: list[Sequence[int]], spreads: list[float]) -> list[list[float]]:
    """Return the covariances of observed less expected losses; the rows add up to 0."""
    variance = [[0.0] * len(at_risk) for _ in at_risk]
    weighted = [list(map(mul, column, spreads)) for column in at_risk]
    for i, j in combinations(range(len(at_risk)), 2):
        product = sum(map(mul, weighted[i], at_risk[j]))
        variance[i][j] = variance[j][i] = -product
        variance[i][i] += product
        variance[j][j] += product
    return variance


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
