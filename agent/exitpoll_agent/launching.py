"""Counts a launch, then sends what the server has not confirmed, if that is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exitpoll_agent import consents, counter, delivery, installation, messages, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.surroundings import NotCounted

MAX_PINGS = counter.MAX_KEPT_ROWS // wire.MAX_ROWS
"""Enough for the longest backlog; what long texts leave over is for the next launch."""


@dataclass(frozen=True, kw_only=True)
class Launched:
    """What came of a launch."""

    counted: bool
    consent: wire.Consent
    launches_total: int | None = None
    upload: Literal["confirmed", "refused", "later", "not_due"] = "not_due"
    detail: str | None = None
    """Why the upload was not confirmed."""
    not_counted: NotCounted | None = None
    """What of the surroundings forbade it."""


def launch(config: Config, now: datetime) -> Launched:
    """Count one launch durably, and only then send, if that is due.

    Raises:
        OSError, statefile.StateError: the state cannot be read or written.
    """
    allowed = consents.decide(config).consent
    if allowed == "none" or config.not_counted is not None:
        return Launched(counted=False, consent=allowed, not_counted=config.not_counted)
    here = installation.ensure(config.state_folder, now)
    with counter.held(config.state_folder, here.installation_id, now) as held:
        counts = held.counter = held.counter.counted(config.version, now)
        is_due = allowed == "full" and counts.is_due(config.version, now)
        if is_due:
            held.counter = counts.begun(now)
    total = counts.launches_total
    if not is_due:
        return Launched(counted=True, consent=allowed, launches_total=total)
    last = _send(config, held.counter, now)
    return Launched(
        counted=True,
        consent=allowed,
        launches_total=total,
        upload=last.result,
        detail=last.detail,
    )


def _send(config: Config, begun: Counter, now: datetime) -> delivery.Delivery:
    """Send pings until one fails or all that was unconfirmed at the beginning is sent."""
    for _ in range(MAX_PINGS):
        ping = messages.ping(config, begun, now)
        last = delivery.deliver(config, ping, now)
        if last.result != "confirmed" or len(ping.days) == len(begun.unconfirmed()):
            break
        with counter.held(config.state_folder, begun.installation_id, now) as held:
            begun = held.counter = held.counter.begun(now)
    return last
