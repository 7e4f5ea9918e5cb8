"""Raking: those who gave a reason, weighted until they look like everybody who left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from exitpoll_server.counts import ProfileGroup

LEAST_REASONS = 30
"""n: from fewer people nothing is projected onto all the others (FIGURES 3)."""

LEAST_EFFECTIVE = 1 / 3
"""n_eff / n: below it a few people speak for nearly everybody (FIGURES 3)."""

MOST_UNREACHED = 0.1
"""Where more of those who left are like nobody who spoke, weights would speak of somebody else."""

MOST_SWEEPS = 750
"""Margins that can be met are met within a few dozen, seldom some hundred; the others never are."""

TOLERANCE = 1e-9
"""A margin is met when no value of it is further off than this share of everybody: the smallest
value has its six digits then too."""

NotAdjusted: TypeAlias = Literal["too_few", "unreached", "does_not_converge", "too_uneven"]
"""Why there are no adjusted shares, in the order in which it is looked at."""

Values: TypeAlias = "tuple[str | None, ...]"
"""One for each margin."""


@dataclass(frozen=True, kw_only=True)
class Raking:
    """The weighted share of each reason, or why there is none."""

    shares: Mapping[str, float]
    """By reason id; empty where refused."""
    effective: float | None
    """n_eff = (sum of weights)^2 / sum of squared weights; None where no weights were found."""
    unreached: int
    """Uninstalls with a value that nobody who gave a reason has: no weight can stand for them."""
    refused: NotAdjusted | None


def rake(profiles: Sequence[ProfileGroup]) -> Raking:
    """Weight those who gave a reason to the margins of all that left, and add up their reasons.

    Uninstalls with a value that nobody who gave a reason has are left out of what is aimed at: the
    weights then stand for the others, and `unreached` says how many these are.
    """
    spoke = [p for p in profiles if p.reason is not None]
    n, reached = sum(p.n for p in spoke), _reached(spoke)
    aim = [p for p in profiles if _is_reached(p, reached)]
    everybody = sum(p.n for p in profiles)
    unreached = everybody - sum(p.n for p in aim)
    if n < LEAST_REASONS:
        return _refused("too_few", unreached)
    if unreached > MOST_UNREACHED * everybody:
        return _refused("unreached", unreached)
    people = _people(spoke)
    weights = fit(people, margins_of(aim))
    if weights is None:
        return _refused("does_not_converge", unreached)
    effective = _effective(people, weights)
    if effective < LEAST_EFFECTIVE * n:
        return _refused("too_uneven", unreached, effective)
    shares = _shares(spoke, weights)
    return Raking(shares=shares, effective=effective, unreached=unreached, refused=None)


def margins_of(profiles: Sequence[ProfileGroup]) -> list[dict[str | None, int]]:
    """Return, for each margin, how many have each of its values."""
    sizes = [profile.n for profile in profiles]
    margins: list[dict[str | None, int]] = []
    for column in zip(*(profile.margins for profile in profiles), strict=True):
        margins.append(sums := dict.fromkeys(column, 0))
        for value, n in zip(column, sizes, strict=True):
            sums[value] += n
    return margins


def fit(
    people: Mapping[Values, int], aim: Sequence[Mapping[str | None, int]]
) -> dict[Values, float] | None:
    """Return each person's weight, by their values; None where no weights meet all margins.

    Iterative proportional fitting: W. E. Deming and F. F. Stephan, "On a least squares adjustment
    of a sampled frequency table", 1940. Every margin of `aim` sums to the same, and its values
    are those that `people` have.
    """
    # In one order, whatever theirs was: floating point sums depend on it.
    cells = sorted(people, key=repr)
    sizes = np.array([people[cell] for cell in cells], np.float64)
    margins = [_Margin.of(column, aim[n]) for n, column in enumerate(zip(*cells, strict=True))]
    masses = sizes.copy()
    for _ in range(MOST_SWEEPS):
        furthest = max([margin.meet(masses) for margin in margins])
        if furthest <= TOLERANCE * sum(aim[0].values()):
            return dict(zip(cells, (masses / sizes).tolist(), strict=True))
    return None


@dataclass(frozen=True)
class _Margin:
    """One margin of the cells: which value each has, and how many are wanted of each value."""

    codes: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.float64]

    @classmethod
    def of(cls, column: Sequence[str | None], wanted: Mapping[str | None, int]) -> _Margin:
        """Return the margin of cells that have these values, in their order."""
        codes = {value: code for code, value in enumerate(wanted)}
        return cls(
            np.array([codes[value] for value in column]),
            np.array(list(wanted.values()), np.float64),
        )

    def meet(self, masses: npt.NDArray[np.float64]) -> float:
        """Scale the masses to the margin, and return how far off it had been, in people."""
        sums = np.bincount(self.codes, masses)
        # Single masses may fall to nothing; the sums never do, since each was met a sweep ago.
        masses *= (self.wanted / sums)[self.codes]
        return float(np.abs(self.wanted - sums).max())


def _reached(spoke: Sequence[ProfileGroup]) -> list[set[str | None]]:
    return [set(column) for column in zip(*(p.margins for p in spoke), strict=True)]


def _is_reached(profile: ProfileGroup, reached: Sequence[set[str | None]]) -> bool:
    # Where nobody spoke there are no margins either, and nobody is reached.
    return bool(reached) and all(map(set.__contains__, reached, profile.margins))


def _people(spoke: Sequence[ProfileGroup]) -> dict[Values, int]:
    people: dict[Values, int] = {}
    for profile in spoke:
        people[profile.margins] = people.get(profile.margins, 0) + profile.n
    return people


def _effective(people: Mapping[Values, int], weights: Mapping[Values, float]) -> float:
    total = fsum(n * weights[cell] for cell, n in people.items())
    return total**2 / fsum(n * weights[cell] ** 2 for cell, n in people.items())


def _shares(spoke: Sequence[ProfileGroup], weights: Mapping[Values, float]) -> dict[str, float]:
    by_reason: dict[str, list[float]] = {}
    for profile in spoke:
        if profile.reason is not None:
            weighted = profile.n * weights[profile.margins]
            by_reason.setdefault(profile.reason, []).append(weighted)
    total = fsum(mass for masses in by_reason.values() for mass in masses)
    return {reason: fsum(masses) / total for reason, masses in by_reason.items()}


def _refused(why: NotAdjusted, unreached: int, effective: float | None = None) -> Raking:
    return Raking(shares={}, effective=effective, unreached=unreached, refused=why)
