"""What chance alone would do: tests of shares, and the interval of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, sqrt

from exitpoll_server.report.figures import Figure, wilson

LEAST_COMPARED = 10
"""Below ten a share is not even said in per cent: two groups this small are not compared."""


def chi_square_sf(x: float, df: int) -> float:
    """Return the chance that a chi-square variable of df >= 1 degrees of freedom exceeds x.

    The closed form for whole degrees: Q(a + 1, h) = Q(a, h) + h^a e^-h / Gamma(a + 1), from
    Q(1/2, h) = erfc(sqrt h) or Q(1, h) = e^-h (Abramowitz and Stegun 26.4.4 and 26.4.5).
    """
    half = x / 2
    if half <= 0:
        return 1.0
    a, beyond = (0.5, erfc(sqrt(half))) if df % 2 else (1.0, exp(-half))
    while a < df / 2:
        beyond += exp(a * log(half) - half - lgamma(a + 1))
        a += 1
    return min(beyond, 1.0)


def same_share_p(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return the two-sided p value of k1 of n1 and k2 of n2 being of one share (n1, n2 > 0).

    The score test, which is chi-square of the two-by-two table without Yates.
    """
    pooled = (k1 + k2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    if variance == 0:
        return 1.0
    return chi_square_sf((k1 / n1 - k2 / n2) ** 2 / variance, 1)


def newcombe(k1: int, n1: int, k2: int, n2: int) -> tuple[float, float]:
    """Return the 95 % interval of k1 / n1 - k2 / n2, of two independent groups (n1, n2 > 0).

    Method 10, the hybrid score: R. G. Newcombe, "Interval estimation for the difference between
    independent proportions", Statistics in Medicine 17, 1998.
    """
    p1, p2 = k1 / n1, k2 / n2
    (low1, high1), (low2, high2) = wilson(k1, n1), wilson(k2, n2)
    below = sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    above = sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return p1 - p2 - below, p1 - p2 + above


def difference(k1: int, n1: int, k2: int, n2: int, definition: str) -> Figure:
    """Return k1 / n1 - k2 / n2 with Newcombe's interval; unknown where a group is too small.

    Its numerator and denominator are those of both groups together.
    """
    k, n = k1 + k2, n1 + n2
    if min(n1, n2) < LEAST_COMPARED:
        return Figure(None, k, n, None, None, definition)
    return Figure(k1 / n1 - k2 / n2, k, n, *newcombe(k1, n1, k2, n2), definition)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the q value of each p value: the rate of false discoveries at which it counts as one.

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.
    """
    count = len(p_values)
    q_values = [0.0] * count
    smallest = 1.0
    by_rank = sorted(range(count), key=lambda i: p_values[i])
    for rank in range(count, 0, -1):
        at = by_rank[rank - 1]
        smallest = min(smallest, p_values[at] * count / rank)
        q_values[at] = smallest
    return tuple(q_values)
