"""Who was under observation when somebody was lost: section 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_AT_RISK = 10
"""Where fewer are under observation, one loss more moves a share by a tenth: nothing is said."""

FOLLOWED_DAYS = (0, 7, 14, 30, 90, 180, 365, 730, 1095, 1825)
"""Days of life at which a table says how many were under observation."""


@dataclass(frozen=True, kw_only=True)
class RiskTable:
    """Installations under observation, at each instant of life at which one of them was lost.

    The columns are of one length: arrays of the standard library, since all tables of a big product
    have a million numbers, which as a tuple's objects would take longer than all that is done with
    them. An installation is at risk at t where it entered before t
    (delayed entry: `counted_since`) and had neither been lost nor been censored before t; what is
    censored at t itself is still at risk at t. Where both happen at t, the uninstall wins.
    """

    n: int
    """Installations in the table."""
    days: Sequence[float]
    """Ascending and distinct: days since the install (of a landmark: since that day)."""
    at_risk: Sequence[int]
    uninstalls: Sequence[int]
    stops: Sequence[int]
    """First stops; all 0 in a table in which stopping does not end the observation."""
    longest: float
    """The longest time that any of them was observed; nothing is known beyond."""
    followed: tuple[int, ...]
    """At risk on each of FOLLOWED_DAYS."""
    firm_until: float
    """From day 0 to here at least LEAST_AT_RISK were at risk at every moment; 0 where they never
    were."""
    unbroken_until: float
    """From day 0 to here somebody was at risk at every moment. Who entered after a moment at which
    nobody was tells nothing of how many got so far."""


@dataclass(frozen=True, kw_only=True)
class Survival:
    """How long installations stay, as tables."""

    uninstalls: RiskTable
    """Uninstalls only: who merely stopped stays under observation until `as_of`."""
    competing: RiskTable
    """Uninstall or first stop, whichever came first."""
    by_version: tuple[tuple[str | None, RiskTable], ...]
    """As `uninstalls`, by the version at install: the largest few, the largest first.

    All of them on the same days, those of a loss in any: so they can be compared.
    """
    landmark_day: int
    """Those alive at this day of their life are grouped by how often they launched before it."""
    landmark: tuple[tuple[str | None, RiskTable], ...]
    """As `competing`, by launches on the days before the landmark ("0", "1", "2–6", "7+"), in
    that order, on the same days too; time is counted from the landmark."""
    clock_wrong: int
    """Left out: their clock is off by over a day."""
    unknown_install: int
    """Left out: nobody knows when their life, or the counting of it, began."""
