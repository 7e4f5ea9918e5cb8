"""Section 11, offers: who came back within 30 days, of those offered something and held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from exitpoll_server.counts import OfferGroup
from exitpoll_server.report.chances import LEAST_COMPARED, difference
from exitpoll_server.report.figures import Figure, share

NotCompared: TypeAlias = Literal["nobody_held_out", "nobody_offered", "too_few"]
"""Why an offer's effect is not told: only the counts stand."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What became of those who chose a reason that carries an offer."""

    reason: str | None
    """None for all reasons together."""
    offered: Figure
    held_out: Figure
    effect: Figure
    """Offered less held out. Chance alone held out, so the offer caused it."""
    not_compared: NotCompared | None


@dataclass(frozen=True)
class Offers:
    """Every reason that carries an offer, and all of them together."""

    in_all: Offer | None
    """None where nobody chose such a reason 30 days ago or earlier: there is none, or too early."""
    by_reason: tuple[Offer, ...]
    """The most chosen first."""


def offers(groups: Sequence[OfferGroup]) -> Offers:
    """Compare returns with and without the offer."""
    if not any(group.n for group in groups):
        return Offers(None, ())
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group.reason] = sizes.get(group.reason, 0) + group.n
    names = sorted(sizes, key=lambda reason: (-sizes[reason], reason))
    return Offers(
        _offer(None, groups),
        tuple(_offer(name, [g for g in groups if g.reason == name]) for name in names),
    )


def _offer(reason: str | None, groups: Sequence[OfferGroup]) -> Offer:
    came_1, n_1 = _returned(g for g in groups if not g.held_out)
    came_0, n_0 = _returned(g for g in groups if g.held_out)
    return Offer(
        reason=reason,
        offered=share(came_1, n_1, "offers.offered"),
        held_out=share(came_0, n_0, "offers.held_out"),
        effect=difference(came_1, n_1, came_0, n_0, "offers.effect"),
        not_compared=_why_not(n_1, n_0),
    )


def _why_not(offered: int, held_out: int) -> NotCompared | None:
    if held_out == 0:
        return "nobody_held_out"
    if offered == 0:
        return "nobody_offered"
    return "too_few" if min(offered, held_out) < LEAST_COMPARED else None


def _returned(groups: Iterable[OfferGroup]) -> tuple[int, int]:
    """Return how many came back, and of how many."""
    came = everybody = 0
    for group in groups:
        everybody += group.n
        came += group.n if group.returned else 0
    return came, everybody
