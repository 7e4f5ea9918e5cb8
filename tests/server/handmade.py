"""Counts made by hand, for reports without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from exitpoll_server.counts import (
    FOLLOWED_DAYS,
    MARGINS,
    Activity,
    Counts,
    Departure,
    DepartureGroup,
    Erased,
    HealthGroup,
    ProfileGroup,
    Reasons,
    Reclassified,
    RiskTable,
    StayGroup,
    Stays,
    Survival,
    Window,
)

AS_OF = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)

GROUP = DepartureGroup(
    n=1,
    known_from="agent",
    not_asked=None,
    asked=False,
    answered=False,
    reason=None,
    commented=False,
    may_still_answer=False,
    when="later",
    known_by_leaving=False,
)
LINE = Departure(
    installation_id=UUID(int=1),
    at=AS_OF - timedelta(days=20),
    tenure_days=12.0,
    launches=3,
    health="medium",
    version="1.0",
    locale="en-GB",
    os="windows-11",
    edition="trial",
    known_from="agent",
    not_asked=None,
    asked=True,
    reason=None,
    comment=None,
    score=None,
    wants_answer=False,
)
STAY = StayGroup(
    n=1, closed_days=None, open_days=0, uninstalled=False, answered=False, known_from=None
)


NO_RISK = RiskTable(
    n=0,
    days=(),
    at_risk=(),
    uninstalls=(),
    stops=(),
    longest=0.0,
    followed=(0,) * len(FOLLOWED_DAYS),
    firm_until=0.0,
    unbroken_until=0.0,
)
NOBODY_OBSERVED = Survival(
    uninstalls=NO_RISK,
    competing=NO_RISK,
    by_version=(),
    landmark_day=14,
    landmark=(),
    clock_wrong=0,
    unknown_install=0,
)
NO_REASONS = Reasons(choices=(), profiles=(), moments=(), offers=())
HEALTH = HealthGroup(before=None, now="medium", launched_since=True, uninstalled_since=False, n=1)
NO_USE = Activity(
    window_days=28,
    good_days=8,
    days=(),
    months=(),
    retention=(),
    health=(),
    scores=(),
    rates=(),
    arrivals=(),
    regularity=(),
)
NOBODY_ERASED = Erased(installations=0, uninstalled=0, answered=0)


def group(n: int = 1, **fields: Any) -> DepartureGroup:
    """Return `n` uninstalls; who gave a reason or a comment has answered, and so was asked."""
    said = fields.get("reason") is not None or fields.get("commented", False)
    fields = {"answered": said, **fields}
    return replace(GROUP, n=n, **{"asked": fields["answered"], **fields})


def line(**fields: Any) -> Departure:
    return replace(LINE, **fields)


def stay(n: int = 1, **fields: Any) -> StayGroup:
    return STAY._replace(n=n, **fields)


def counts(
    *departures: DepartureGroup,
    stays: tuple[StayGroup, ...] | None = None,
    comments: tuple[Departure, ...] = (),
    **fields: Any,
) -> Counts:
    """Return counts of these departures, among ten times as many who stay."""
    gone = sum(group.n for group in departures)
    if stays is None:
        stays = tuple(
            stay(g.n, open_days=9, uninstalled=True, answered=g.answered, known_from=g.known_from)
            for g in departures
        )
        stays += (stay(6 * gone, open_days=3, closed_days=5), stay(4 * gone, open_days=90))
    whole = Counts(
        product="Sample",
        window=Window(as_of=AS_OF, start=None, end=None),
        where={},
        stopped_after_days=40,
        trial_days=30,
        departures=departures,
        reclassified=Reclassified(withdrawn=0, upgrades=0, reinstalls=0, late_answers=0),
        lines=tuple(_line(group) for group in departures for _ in range(group.n)),
        comments=comments,
        stays=Stays(
            groups=tuple(s for s in stays if s.n),
            known_by_leaving=0,
            censored=0,
            set_aside=0,
            erased=NOBODY_ERASED,
            first_seen=AS_OF - timedelta(days=200) if departures or stays else None,
        ),
        tenures=(),
        reasons=replace(NO_REASONS, profiles=tuple(_profile(group) for group in departures)),
        survival=NOBODY_OBSERVED,
        activity=NO_USE,
        segments=(),
        compared=None,
        labels={},
    )
    if "whole_stays" in fields:
        fields["stays"] = fields.pop("whole_stays")
    made = replace(whole, **fields)
    if "activity" in fields:
        return made
    everybody = replace(HEALTH, n=sum(stay.n for stay in made.stays.groups))
    return replace(made, activity=replace(NO_USE, health=(everybody,)))


def _profile(group: DepartureGroup) -> ProfileGroup:
    return ProfileGroup(
        answered=group.answered, reason=group.reason, margins=(None,) * len(MARGINS), n=group.n
    )


def _line(group: DepartureGroup) -> Departure:
    same = {name: getattr(group, name) for name in ("known_from", "not_asked", "asked", "reason")}
    return line(**same)
