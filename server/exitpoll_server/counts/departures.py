"""Those who left, grouped, and one by one: sections 1 and 10."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from exitpoll_server.counts.activity import HealthClass

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

    installation_id: UUID
    at: datetime
    tenure_days: float | None
    launches: int | None
    health: HealthClass | None
    """On the day before it left: good, medium, poor or new; None where its use is not known."""
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
    wants_answer: bool
    """Left an address, to be answered."""


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
