"""Counts a launch, then sends what the server has not confirmed, if that is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from exitpoll_agent import consents, delivery, state, surroundings, wire
from exitpoll_agent.config import Config
from exitpoll_agent.state import Held
from exitpoll_agent.surroundings import NotCounted

MAX_PINGS = 20
"""As many as the longest backlog and its former counters need; the rest is for the next launch."""


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

    def sentence(self, total: object = None) -> str:
        """Say what came of it, to a person; with another number of launches if one is given."""
        if not self.counted:
            return f"Nothing was counted: {surroundings.why_not(self.consent, self.not_counted)}."
        counted = f"Launch {total or self.launches_total} counted"
        if self.upload == "confirmed":
            return f"{counted}; the server confirmed it."
        if self.upload == "not_due":
            return f"{counted}; nothing is due to be sent."
        return f"{counted}; it will be sent later: {self.detail}."


@dataclass(frozen=True)
class Counted:
    """A launch that is counted, and what is to be sent of it."""

    launched: Launched
    due: Held | None


def launch(config: Config, now: datetime) -> Launched:
    """Count one launch durably, and only then send, if that is due.

    Raises:
        OSError, statefile.StateError: the state cannot be read or written.
    """
    return send(config, count(config, now), now)


def count(config: Config, now: datetime) -> Counted:
    """Count one launch durably.

    Raises:
        OSError, statefile.StateError: the state cannot be read or written.
    """
    allowed = consents.decide(config).consent
    if allowed == "none" or config.not_counted is not None:
        none = Launched(counted=False, consent=allowed, not_counted=config.not_counted)
        return Counted(none, None)
    with state.held(config, now) as held:
        held.counter = held.counter.counted(config.version, now)
        is_due = allowed == "full" and held.counter.is_due(config.version, now)
        if is_due:
            held.counter = held.counter.begun(now)
    total = held.counter.launches_ever
    launched = Launched(counted=True, consent=allowed, launches_total=total)
    return Counted(launched, held if is_due else None)


def send(config: Config, counted: Counted, now: datetime) -> Launched:
    """Send what is due of a launch.

    Raises:
        OSError, statefile.StateError: what came of it cannot be written.
    """
    launched, due = counted.launched, counted.due
    # In the meantime the person may have chosen, or erased everything.
    for _ in range(MAX_PINGS):
        if due is None or consents.decide(config).consent != "full":
            break
        message, to = delivery.next_message(config, due, now)
        sent = delivery.deliver(config, due, message, to, now)
        launched = replace(launched, upload=sent.result, detail=sent.detail)
        is_rest = len(message.days) == len(due.counter.unconfirmed()) and not due.counter.formers
        due = None if is_rest or sent.result != "confirmed" else _begun_again(config, due, now)
    return launched


def _begun_again(config: Config, due: Held, now: datetime) -> Held | None:
    with state.held_again(config, due) as held:
        # What the last answer brought may have been that nothing more is wanted.
        if held is None or not held.counter.policy.collection:
            return None
        held.counter = held.counter.begun(now)
    return held
