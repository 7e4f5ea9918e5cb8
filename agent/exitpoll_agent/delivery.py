"""Sends one message and writes down what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from exitpoll_agent import counter, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter

Result: TypeAlias = Literal["confirmed", "refused", "later"]


@dataclass(frozen=True)
class Delivery:
    """What came of a message."""

    result: Result
    detail: str | None
    """Why it was not confirmed, as the end of a sentence."""
    counter: Counter
    """As it is on disk since."""


def deliver(config: Config, message: wire.Ping, now: datetime) -> Delivery:
    """Send a message and confirm its counts, or back off.

    Raises:
        OSError, statefile.StateError: what came of it cannot be written.
    """
    # Imported here: requests takes a quarter of a second, and most launches send nothing.
    from exitpoll_agent import upload  # noqa: PLC0415

    if isinstance(message, wire.UninstallEvent):
        path, patience = wire.UNINSTALLS_PATH, upload.FOR_AN_UNINSTALL
    else:
        path, patience = wire.PINGS_PATH, upload.FOR_A_LAUNCH
    outcome = upload.post(config.address, path, message, patience, now)
    with counter.held(config.state_folder, message.installation_id, now) as held:
        if isinstance(outcome, upload.Confirmed):
            held.counter = held.counter.confirmed(message, outcome.confirmation.policy, now)
            prompt = outcome.confirmation.prompt
            # Only pages of the configured server are ever opened, so no other is kept.
            if prompt is not None and config.address.serves(prompt.address):
                held.counter = held.counter.prompted(prompt)
            return Delivery("confirmed", None, held.counter)
        if isinstance(outcome, upload.Refused):
            held.counter = held.counter.refused(now)
            return Delivery("refused", outcome.detail, held.counter)
        held.counter = held.counter.postponed(now, outcome.retry_after)
        return Delivery("later", outcome.detail, held.counter)
