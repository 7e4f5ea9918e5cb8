"""A figure: a value that carries its numerator, denominator, interval and definition."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided 95 %."""


@dataclass(frozen=True)
class Figure:
    """A number of the report. What is not known is None, never 0."""

    value: float | None
    numerator: int | None
    denominator: int | None
    low: float | None
    high: float | None
    definition: str
    """The name of its definition in `definitions.py` and docs/figures.md."""


def wilson(k: float, n: float) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of k out of n > 0, as shares.

    Both are whole for people counted, and not for people weighted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share, z2 = k / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # Rounding may push the ends past what a share can be.
    return (0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def count(n: int, definition: str) -> Figure:
    """Return a plain count."""
    return Figure(n, n, None, None, None, definition)


def share(k: int, n: int, definition: str, *, per: int = 1) -> Figure:
    """Return k out of n with its Wilson interval, times `per`; of nobody there is no share."""
    if n == 0:
        return Figure(None, k, n, None, None, definition)
    low, high = wilson(k, n)
    return Figure(per * k / n, k, n, per * low, per * high, definition)


def unknown(definition: str) -> Figure:
    """Return a figure that nobody can know yet."""
    return Figure(None, None, None, None, None, definition)


def rate(events: int, exposure: int, definition: str, *, per: int) -> Figure:
    """Return events through exposure, times `per`; of no exposure there is no rate.

    Its 95 % interval is Rao's score interval of a Poisson rate, which is Wilson's for rare events:
    events + z²/2 ± z·sqrt(events + z²/4).
    """
    if exposure == 0:
        return Figure(None, events, exposure, None, None, definition)
    centre, half = events + Z_95**2 / 2, Z_95 * sqrt(events + Z_95**2 / 4)
    low = 0.0 if events == 0 else centre - half
    scale = per / exposure
    return Figure(
        scale * events, events, exposure, scale * low, scale * (centre + half), definition
    )
