"""Exact chances of small tables."""

from __future__ import annotations

from math import exp, lgamma

NEGLIGIBLE = 1e-17
"""A term that is this small beside their sum no longer changes it."""


def mid_p(k: int, n: int, all_k: int, all_n: int) -> float:
    """Return the two-sided mid-p of k out of n, where there are all_k out of all_n in total.

    Twice the smaller tail of the hypergeometric distribution, k itself counted by half.
    H. O. Lancaster, "Significance tests in discrete distributions", 1961.

    Raises:
        ValueError: the parts are larger than the whole.
    """
    if not (0 <= k <= n and 0 <= all_k - k <= all_n - n):
        raise ValueError(f"{k} of {n} is no part of {all_k} of {all_n}")
    # Beyond k, away from the mean, terms only fall: there are few of them before they vanish.
    step = 1 if k * all_n >= n * all_k else -1
    term = tail = 1.0
    at = k
    while term > NEGLIGIBLE * tail:
        term *= _ratio(at, step, n, all_k, all_n)
        tail += term
        at += step
    log_of_k = _log_choose(n, k) + _log_choose(all_n - n, all_k - k) - _log_choose(all_n, all_k)
    beyond = exp(log_of_k) * (tail - 0.5)
    return max(0.0, 2 * min(beyond, 1 - beyond))


def _ratio(at: int, step: int, n: int, all_k: int, all_n: int) -> float:
    """Return how likely the next number is beside this one."""
    rest = all_n - n - all_k
    if step > 0:
        return (n - at) * (all_k - at) / ((at + 1) * (rest + at + 1))
    return at * (rest + at) / ((n - at + 1) * (all_k - at + 1))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
