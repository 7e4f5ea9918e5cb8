"""Says which message is next, sends one, and writes down what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from exitpoll_agent import counter, messages, moving, wire
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


def next_message(config: Config, begun: Counter, now: datetime) -> tuple[wire.Ping, wire.Address]:
    """Return what a launch sends, and where to.

    That is the ping; but a question without counts where they may not be sent, and now and then
    to the configured address after it moved.
    """
    if moving.is_time_to_ask(config, begun):
        return messages.bare(begun, "full", now), config.address
    to = moving.address(config, begun)
    if not begun.policy.collection:
        return messages.bare(begun, "full", now), to
    return messages.ping(config, begun, now), to


def deliver(config: Config, message: wire.Ping, to: wire.Address, now: datetime) -> Delivery:
    """Send a message and confirm its counts, or back off.

    Raises:
        OSError, statefile.StateError: what came of it cannot be written.
    """
    # Imported here: most launches send nothing, and need no threads.
    from exitpoll_agent import upload  # noqa: PLC0415

    if isinstance(message, wire.UninstallEvent):
        path, patience = wire.UNINSTALLS_PATH, upload.FOR_AN_UNINSTALL
    else:
        path, patience = wire.PINGS_PATH, upload.FOR_A_LAUNCH
    outcome = upload.post(to, path, message, patience, now)
    with counter.held(config.state_folder, message.installation_id, now) as held:
        if isinstance(outcome, upload.Confirmed):
            heard = moving.heard(config, held.counter, to, outcome.confirmation.policy)
            held.counter = heard.confirmed(message, heard.policy, now)
        elif isinstance(outcome, upload.Refused):
            held.counter = held.counter.refused(now)
        else:
            held.counter = held.counter.postponed(now, outcome.retry_after)
        return Delivery(outcome.result, outcome.detail, held.counter)
