"""Notes a success that the product declares, with its day; the next ping tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exitpoll_agent import consents, state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.surroundings import NotCounted


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What came of a milestone."""

    milestone: str
    consent: wire.Consent
    day: str | None = None
    """When it was first reached; None: nothing was written."""
    is_new: bool = False
    not_counted: NotCounted | None = None
    """What of the surroundings forbade it."""


def reach(config: Config, name: str, now: datetime) -> Reached:
    """Note a milestone, the first day of which counts.

    Raises:
        OSError, statefile.StateError: the state cannot be read or written.
    """
    allowed = consents.decide(config).consent
    if allowed != "full" or config.not_counted is not None:
        return Reached(milestone=name, consent=allowed, not_counted=config.not_counted)
    with state.held(config, now) as held:
        known = held.counter.milestones
        held.counter = held.counter.reached(name, now)
    day = next((m.day for m in held.counter.milestones if m.name == name), None)
    return Reached(
        milestone=name,
        consent=allowed,
        day=None if day is None else day.isoformat(),
        is_new=held.counter.milestones != known,
    )
