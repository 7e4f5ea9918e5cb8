"""What the store counts and the report turns into figures: named, grouped, frozen.

Standing below both lets the store fill these and the report read them without knowing each
other. Instants are aware UTC datetimes; tenures are days, fractional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exitpoll_server.counts.activity import (
    Activity,
    Arrivals,
    DayActivity,
    DayN,
    HealthClass,
    HealthGroup,
    MonthActivity,
    RegularityGroup,
    ScoreGroup,
    WeekRate,
)
from exitpoll_server.counts.churn import Churned
from exitpoll_server.counts.departures import (
    Departure,
    DepartureGroup,
    KnownFrom,
    Reclassified,
    When,
)
from exitpoll_server.counts.reasons import (
    MARGINS,
    OTHER,
    Choice,
    Moments,
    OfferGroup,
    ProfileGroup,
    Reasons,
)
from exitpoll_server.counts.segments import DIMENSIONS, Segment, Span
from exitpoll_server.counts.stays import Erased, StayGroup, Stays
from exitpoll_server.counts.survival import FOLLOWED_DAYS, LEAST_AT_RISK, RiskTable, Survival

__all__ = [
    "DIMENSIONS",
    "FOLLOWED_DAYS",
    "LEAST_AT_RISK",
    "MARGINS",
    "OTHER",
    "Activity",
    "Arrivals",
    "Choice",
    "Churned",
    "Counts",
    "DayActivity",
    "DayN",
    "Departure",
    "DepartureGroup",
    "Erased",
    "HealthClass",
    "HealthGroup",
    "KnownFrom",
    "Moments",
    "MonthActivity",
    "OfferGroup",
    "ProfileGroup",
    "Reasons",
    "Reclassified",
    "RegularityGroup",
    "RiskTable",
    "ScoreGroup",
    "Segment",
    "Span",
    "StayGroup",
    "Stays",
    "Survival",
    "WeekRate",
    "When",
    "Window",
]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The uninstalls that a report is about: from <= instant < to, as known at `as_of`."""

    as_of: datetime
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Everything that a report is made from."""

    product: str
    window: Window
    where: Mapping[str, str]
    """The segment that was counted, by dimension; empty for the whole product."""
    stopped_after_days: int
    trial_days: int | None
    departures: tuple[DepartureGroup, ...]
    reclassified: Reclassified
    lines: tuple[Departure, ...]
    """The latest uninstalls first, as many as were asked for."""
    comments: tuple[Departure, ...]
    """Every uninstall with a comment, the latest first."""
    stays: Stays
    tenures: tuple[tuple[int, int], ...]
    """Uninstalls of the window by whole days of tenure, ascending, where it is known."""
    reasons: Reasons
    survival: Survival
    activity: Activity
    segments: tuple[Segment, ...]
    compared: tuple[Span, Span] | None
    """The window and the one before it, both over seven days old; None where there are none."""
    labels: Mapping[str, str]
    """By id, the vendor's own reasons as the survey last worded them."""
