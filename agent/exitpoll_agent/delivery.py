"""Says which message is next, sends one, and writes down what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from exitpoll_agent import messages, moving, state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.state import Held

if TYPE_CHECKING:
    from exitpoll_agent.upload import Outcome


def next_message(config: Config, begun: Held, now: datetime) -> tuple[wire.Ping, wire.Address]:
    """Return what a launch sends, and where to.

    That is the ping; but a question without counts where they may not be sent, and now and then
    to the configured address after it moved.
    """
    counter = begun.counter
    if moving.is_time_to_ask(config, counter):
        return messages.bare(counter, "full", now), config.address
    to = moving.address(config, counter)
    if not counter.policy.collection:
        return messages.bare(counter, "full", now), to
    return messages.ping(config, begun, now), to


def deliver(
    config: Config, of: Held, message: wire.Ping, to: wire.Address, now: datetime
) -> Outcome:
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
    with state.held_again(config, of) as held:
        if held is None:  # erased meanwhile
            return outcome
        if isinstance(outcome, upload.Confirmed):
            heard = moving.heard(config, held.counter, to, outcome.confirmation.policy)
            held.counter = heard.confirmed(message, heard.policy, now)
        elif isinstance(outcome, upload.Refused):
            held.counter = held.counter.refused(now)
        else:
            held.counter = held.counter.postponed(now, outcome.retry_after)
    return outcome
