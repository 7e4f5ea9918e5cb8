"""Who was lost, one by one: a row an uninstall or stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from exitpoll_server.counts.activity import HealthClass
from exitpoll_server.counts.departures import KnownFrom


@dataclass(frozen=True, kw_only=True)
class Churned:
    """One installation that was uninstalled, or that stopped being used."""

    installation_id: UUID
    kind: Literal["uninstalled", "stopped"]
    at: datetime
    """Of the uninstall; of a stop, the last launch and T days."""
    installed_at: datetime | None
    tenure_days: float | None
    launches: int | None
    """In all, as known on leaving."""
    launches_last: int
    """In the 28 days up to the last sign of life: its day is the 28th."""
    launches_previous: int
    """In the 28 days before those."""
    health: HealthClass | None
    """On the day before: good, medium, poor, new; None where its use is not known."""
    version: str | None
    installed_version: str | None
    channel: str | None
    edition: str | None
    source: str | None
    os: str | None
    locale: str | None
    customer: str | None
    attributes: Mapping[str, str]
    known_from: KnownFrom | None
    """None for a stop, as all below."""
    not_asked: str | None
    asked: bool
    answered: bool
    reason: str | None
    follow_up: str | None
    comment: str | None
    score: int | None
    offer: Literal["seen", "taken", "held_out"] | None
    """What became of the offer that came with the reason."""
    wants_answer: bool
    """Left an address, to be answered."""
