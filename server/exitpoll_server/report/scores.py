"""Section 7: the net promoter score of those who leave and of those who stay, never pooled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from exitpoll_server.counts import Activity, ScoreGroup
from exitpoll_server.report.figures import Z_95, Figure, count, share

LEAST_SCORES = 30
"""Below this many answers a net promoter score is mostly chance, and is not shown."""

LEAST_OF_PROMOTERS = 9
MOST_OF_DETRACTORS = 6


@dataclass(frozen=True, kw_only=True)
class NetPromoters:
    """The scores of those who leave, or of those who stay."""

    scores: Figure
    promoters: Figure
    passives: Figure
    detractors: Figure
    nps: Figure
    """From -100 to 100."""
    unsaid: Literal["too_few"] | None
    """Fewer than 30 scores: `nps` has no value."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Those who leave and those who stay, apart."""

    leaving: NetPromoters
    staying: NetPromoters


def scores(activity: Activity) -> Scores:
    """Turn the latest scores into net promoter scores."""
    return Scores(
        leaving=_net([group for group in activity.scores if group.leaving]),
        staying=_net([group for group in activity.scores if not group.leaving]),
    )


def _net(groups: Iterable[ScoreGroup]) -> NetPromoters:
    n = promoters = detractors = 0
    for group in groups:
        n += group.n
        promoters += group.n * (group.score >= LEAST_OF_PROMOTERS)
        detractors += group.n * (group.score <= MOST_OF_DETRACTORS)
    return NetPromoters(
        scores=count(n, "scores.scores"),
        promoters=share(promoters, n, "scores.promoters"),
        passives=share(n - promoters - detractors, n, "scores.passives"),
        detractors=share(detractors, n, "scores.detractors"),
        nps=_nps(promoters, detractors, n),
        unsaid="too_few" if n < LEAST_SCORES else None,
    )


def _nps(promoters: int, detractors: int, n: int) -> Figure:
    """Return 100·(p - d) with its normal 95 % interval, var = (p + d - (p - d)²)/n."""
    net, name = promoters - detractors, "scores.nps"
    if n < LEAST_SCORES:
        return Figure(None, net, n, None, None, name)
    difference = net / n
    # Rounding may push the variance of unanimous answers below 0.
    variance = max(0.0, (promoters + detractors) / n - difference**2) / n
    half = Z_95 * sqrt(variance)
    low, high = max(-1.0, difference - half), min(1.0, difference + half)
    return Figure(100 * difference, net, n, 100 * low, 100 * high, name)
