"""Section 2: the iceberg. Those who spoke are its tip; those who merely stopped lie below."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exitpoll_server.counts import Counts, StayGroup
from exitpoll_server.report.figures import Figure, count, share, unknown
from exitpoll_server.report.uninstalls import Part

MOST_FALSE_ALARMS = 0.10
"""The rate of false alarms at which a threshold is good enough to be proposed."""

LEAST_STOPS = 30
"""Fewer installations that ever stopped are too few to propose a threshold from."""


@dataclass(frozen=True)
class Iceberg:
    """Seen = active + stopped + uninstalled; uninstalled = answered + left quietly.

    Until the product has been seen for T days nobody can have stopped: then `active` and
    `stopped` are unknown, `still_installed` stands for both, and `known_on` says when.
    """

    seen: Figure
    active: Figure
    stopped: Figure
    still_installed: Figure
    uninstalled: Figure
    answered: Figure
    left_quietly: Figure
    known_from: tuple[Part, ...]
    known_by_leaving: Figure
    censored: Figure
    set_aside: Figure
    erased: Figure
    erased_uninstalled: Figure
    erased_answered: Figure
    expired: Figure
    expired_uninstalled: Figure
    expired_answered: Figure
    false_alarm: Figure
    proposed_threshold: Figure
    known_on: datetime | None
    agent_reports: bool
    """False where nothing but links and browsers tells of uninstalls: staying cannot be seen."""


def iceberg(counts: Counts) -> Iceberg:
    """Turn grouped stays into the levels of the iceberg."""
    groups, days = counts.stays.groups, counts.stopped_after_days
    seen = _sum(groups)
    gone = [group for group in groups if group.uninstalled]
    still = seen - _sum(gone)
    stopped = _sum(groups, lambda g: not g.uninstalled and g.open_days >= days)
    known_on = _known_on(counts)
    early = known_on is not None
    erased, expired = counts.stays.erased, counts.stays.expired
    return Iceberg(
        seen=count(seen, "iceberg.seen"),
        active=unknown("iceberg.active")
        if early
        else share(still - stopped, seen, "iceberg.active"),
        stopped=unknown("iceberg.stopped") if early else share(stopped, seen, "iceberg.stopped"),
        still_installed=share(still, seen, "iceberg.still_installed"),
        uninstalled=share(_sum(gone), seen, "iceberg.uninstalled"),
        answered=share(_sum(gone, lambda g: g.answered), seen, "iceberg.answered"),
        left_quietly=share(_sum(gone, lambda g: not g.answered), seen, "iceberg.left_quietly"),
        known_from=tuple(
            Part(channel, count(n, "iceberg.known_from"))
            for channel in ("browser", "link")
            if (n := _sum(gone, lambda g, c=channel: g.known_from == c))  # type: ignore[misc]
        ),
        known_by_leaving=count(counts.stays.known_by_leaving, "iceberg.known_by_leaving"),
        censored=count(counts.stays.censored, "iceberg.censored"),
        set_aside=count(counts.stays.set_aside, "iceberg.set_aside"),
        erased=count(erased.installations, "iceberg.erased"),
        erased_uninstalled=count(erased.uninstalled, "iceberg.erased_uninstalled"),
        erased_answered=count(erased.answered, "iceberg.erased_answered"),
        expired=count(expired.installations, "iceberg.expired"),
        expired_uninstalled=count(expired.uninstalled, "iceberg.expired_uninstalled"),
        expired_answered=count(expired.answered, "iceberg.expired_answered"),
        false_alarm=_false_alarm(groups, days),
        proposed_threshold=_proposed(groups),
        known_on=known_on,
        agent_reports=any(g.known_from not in ("browser", "link") for g in groups),
    )


def _known_on(counts: Counts) -> datetime | None:
    """Return the instant before which nobody can have stopped; None where it is past."""
    first = counts.stays.first_seen
    if first is None:
        return None
    elapsed = first + timedelta(days=counts.stopped_after_days)
    return elapsed if elapsed > counts.window.as_of else None


def _false_alarm(groups: Iterable[StayGroup], days: int) -> Figure:
    ever = [g for g in groups if max(g.open_days, g.closed_days or 0) >= days]
    returned = _sum(ever, lambda g: (g.closed_days or 0) >= days)
    return share(returned, _sum(ever), "iceberg.false_alarm")


def _proposed(groups: tuple[StayGroup, ...]) -> Figure:
    """Return the smallest threshold with few enough false alarms, in days."""
    name = "iceberg.proposed_threshold"
    longest = max((max(g.open_days, g.closed_days or 0) for g in groups), default=0)
    ever = _at_least(longest, ((max(g.open_days, g.closed_days or 0), g.n) for g in groups))
    returned = _at_least(longest, ((g.closed_days or 0, g.n) for g in groups))
    for days in range(1, longest + 1):
        if ever[days] < LEAST_STOPS:
            break
        if returned[days] <= MOST_FALSE_ALARMS * ever[days]:
            return Figure(days, returned[days], ever[days], None, None, name)
    return unknown(name)


def _at_least(longest: int, sized: Iterable[tuple[int, int]]) -> list[int]:
    """Return, for every number of days up to the longest, how many are at least that long."""
    sums = [0] * (longest + 2)
    for days, n in sized:
        sums[days] += n
    for days in range(longest, -1, -1):
        sums[days] += sums[days + 1]
    return sums


def _sum(groups: Iterable[StayGroup], wanted: Callable[[StayGroup], bool] | None = None) -> int:
    return sum([group.n for group in groups if wanted is None or wanted(group)])
