"""How long they had it who left: uninstalls by whole days of tenure, in bands that widen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from exitpoll_server.report.figures import Figure, share

BOUNDS = (0, 1, 2, 4, 7, 14, 30, 60, 90, 180, 365, 730)
"""Where each band begins, in days: most leave early, and a day makes a difference only there."""


@dataclass(frozen=True, kw_only=True)
class TenureBand:
    """Uninstalls after at least `least` and less than `below` days."""

    least: int
    below: int | None
    uninstalls: Figure


@dataclass(frozen=True, kw_only=True)
class Tenures:
    """Every uninstall of the window whose tenure is known, by band."""

    bands: tuple[TenureBand, ...]
    unknown: Figure


def tenures(counts: Iterable[tuple[int, int]], uninstalls: int) -> Tenures:
    """Group uninstalls by tenure.

    Args:
        counts: Whole days, and how many uninstalls had them.
        uninstalls: All of the window.
    """
    bounds = [*pairwise(BOUNDS), (BOUNDS[-1], None)]
    sizes = dict.fromkeys(bounds, 0)
    for days, n in counts:
        band = next(one for one in reversed(bounds) if days >= one[0])
        sizes[band] += n
    known = sum(sizes.values())
    return Tenures(
        bands=tuple(
            TenureBand(least=least, below=below, uninstalls=share(n, known, "tenures.band"))
            for (least, below), n in sizes.items()
        ),
        unknown=share(uninstalls - known, uninstalls, "tenures.unknown"),
    )
