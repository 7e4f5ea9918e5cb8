"""What the store counts and the report turns into figures: named, grouped, frozen.

Standing below both lets the store fill these and the report read them without knowing each
other. Instants are aware UTC datetimes; tenures are days, fractional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

KnownFrom: TypeAlias = Literal["agent", "both", "browser", "link", "import"]
"""The channels that reported an uninstall: the agent, agent and browser, the browser only, …"""

When: TypeAlias = Literal[
    "never_launched",
    "first_hour",
    "first_day",
    "first_week",
    "in_trial",
    "trial_end",
    "later",
    "unknown",
]
"""When in its life an installation ended (FIGURES 1, "When they left")."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The uninstalls that a report is about: from <= instant < to, as known at `as_of`."""

    as_of: datetime
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class DepartureGroup:
    """`n` uninstalls that are alike in everything that the first figure needs."""

    n: int
    known_from: KnownFrom
    not_asked: str | None
    """Why the person could not be asked; None where they could."""
    asked: bool
    """The survey page was opened, or the installer showed its own."""
    answered: bool
    reason: str | None
    commented: bool
    may_still_answer: bool
    """Younger than seven days."""
    when: When
    known_by_leaving: bool
    """Consent `exit`: known only by leaving."""


@dataclass(frozen=True, kw_only=True)
class Departure:
    """One uninstall, as a line of the small-numbers report and beside its comment."""

    at: datetime
    tenure_days: float | None
    launches: int | None
    version: str | None
    locale: str | None
    os: str | None
    edition: str | None
    known_from: KnownFrom
    not_asked: str | None
    asked: bool
    reason: str | None
    comment: str | None
    score: int | None


@dataclass(frozen=True, kw_only=True)
class Reclassified:
    """What looked like an uninstall in the window and is more, or less, than that."""

    withdrawn: int
    """Disproved by a later ping."""
    upgrades: int
    """The same customer installed again within the hour: no uninstall."""
    reinstalls: int
    """The same customer came back within 30 days: still an uninstall."""
    late_answers: int
    """Answers given later than seven days after leaving: read, and counted apart."""


@dataclass(frozen=True, kw_only=True)
class StayGroup:
    """`n` installations whose longest silences are of the same whole days.

    A silence is the time between two signs of use; the open one runs from the last sign to the
    uninstall or to `as_of`. Days are rounded down, so `>= T` is exact for a whole T.
    """

    n: int
    closed_days: int | None
    """The longest silence that a launch ended; None where there were no two signs of use."""
    open_days: int
    uninstalled: bool
    answered: bool
    known_from: KnownFrom | None
    """For the uninstalled."""


@dataclass(frozen=True, kw_only=True)
class Erased:
    """How many were erased at the person's wish, of whom nothing else is known, nor when."""

    installations: int
    uninstalled: int
    """Of these, with an uninstall that stood."""
    answered: int
    """Of those, with an answer to it."""


@dataclass(frozen=True, kw_only=True)
class Stays:
    """Every installation known at `as_of`, grouped, with who is left out and since when."""

    groups: tuple[StayGroup, ...]
    known_by_leaving: int
    """Consent `exit`: left out, since nobody knows of those who stay."""
    censored: int
    """Consent withdrawn: left out from that instant, neither active nor stopped."""
    set_aside: int
    """Left out by the vendor: in no other count of a report."""
    erased: Erased
    """In no other count either."""
    first_seen: datetime | None
    """The earliest install or launch."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Everything that a report is made from."""

    product: str
    window: Window
    stopped_after_days: int
    trial_days: int | None
    departures: tuple[DepartureGroup, ...]
    reclassified: Reclassified
    lines: tuple[Departure, ...]
    """The latest uninstalls first, as many as were asked for."""
    comments: tuple[Departure, ...]
    """Every uninstall with a comment, the latest first."""
    stays: Stays
    labels: Mapping[str, str]
    """By id, the vendor's own reasons as the survey last worded them."""
