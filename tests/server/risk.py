"""Tables of who was at risk, counted from single installations."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from exitpoll_server.counts import FOLLOWED_DAYS, LEAST_AT_RISK, RiskTable

Outcome: TypeAlias = Literal["uninstalled", "stopped", "censored"]


class Stay(NamedTuple):
    """One installation: under observation after `entry` up to `exit`, in days of its life."""

    entry: float
    """0: from its very beginning, so that it is at risk on day 0 as well."""
    exit: float
    outcome: Outcome


def risk_table(stays: Iterable[Stay], days: Iterable[float] | None = None) -> RiskTable:
    """Return the table of these, with rows at their own losses, or at the days given.

    Whoever was lost or censored before the observation began is in no table.
    """
    observed = [stay for stay in stays if stay.entry < stay.exit or stay.entry == 0]
    entries = sorted(stay.entry or -inf for stay in observed)
    exits = sorted(stay.exit for stay in observed)
    lost = Counter((stay.outcome, stay.exit) for stay in observed)
    own = {stay.exit for stay in observed if stay.outcome != "censored"}
    rows = sorted(own if days is None else days)

    def at_risk(moments: Iterable[float]) -> tuple[int, ...]:
        return tuple(bisect_left(entries, t) - bisect_left(exits, t) for t in moments)

    return RiskTable(
        n=len(observed),
        days=array("d", rows),
        at_risk=array("q", at_risk(rows)),
        uninstalls=array("q", (lost["uninstalled", day] for day in rows)),
        stops=array("q", (lost["stopped", day] for day in rows)),
        longest=max(exits, default=0.0),
        followed=at_risk(FOLLOWED_DAYS),
        firm_until=_held(entries, exits, LEAST_AT_RISK),
        unbroken_until=_held(entries, exits, 1),
    )


def _held(entries: list[float], exits: list[float], least: int) -> float:
    """Return when fewer than `least` are there for the first time: on day 0, or after an exit."""
    if bisect_left(entries, 0) < least:
        return 0.0
    return next(t for t in exits if bisect_right(entries, t) - bisect_right(exits, t) < least)


def risk_tables(*groups: Iterable[Stay]) -> tuple[RiskTable, ...]:
    """Return the tables of groups that are compared: all have rows at the losses of any."""
    listed = [list(group) for group in groups]
    pooled = risk_table(stay for group in listed for stay in group)
    return tuple(risk_table(group, pooled.days) for group in listed)
