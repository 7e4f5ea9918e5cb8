"""Says which message is next, sends one, and writes down what came of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from exitpoll_agent import lock, messages, moving, state, statefile, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.state import Held

if TYPE_CHECKING:
    from exitpoll_agent.upload import Outcome, Patience


EVENT_LOCK_SECONDS = 0.3
"""Somebody waits for the uninstaller, and the event is told again by its last step."""


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
    """Send a ping and confirm its counts, or back off; what cannot be written is told again."""
    # Imported here: most launches send nothing, and need no threads.
    from exitpoll_agent import upload  # noqa: PLC0415

    outcome = upload.post(to, wire.PINGS_PATH, message, upload.FOR_A_LAUNCH, now)
    _write_down(config, of, _Sent(message, to, outcome, now))
    return outcome


def deliver_event(
    config: Config,
    of: Held,
    event: wire.UninstallEvent,
    to: wire.Address,
    now: datetime,
    patience: Patience,
) -> Outcome:
    """Send an uninstall event, as `deliver` sends a ping."""
    from exitpoll_agent import upload  # noqa: PLC0415 - as in `deliver`

    outcome = upload.post(to, wire.UNINSTALLS_PATH, event, patience, now)
    _write_down(config, of, _Sent(event, to, outcome, now), wait_seconds=EVENT_LOCK_SECONDS)
    return outcome


@dataclass(frozen=True)
class _Sent:
    """A message, and what came of it."""

    message: wire.Ping
    to: wire.Address
    outcome: Outcome
    now: datetime


def _write_down(
    config: Config, of: Held, sent: _Sent, wait_seconds: float = lock.WAIT_SECONDS
) -> None:
    with (
        contextlib.suppress(OSError, statefile.StateError),
        state.held_again(config, of, wait_seconds) as held,
    ):
        if held is not None:  # None: erased meanwhile
            held.counter = _after(config, held.counter, sent)


def _after(config: Config, counter: Counter, sent: _Sent) -> Counter:
    from exitpoll_agent import upload  # noqa: PLC0415 - as in `deliver`

    if isinstance(sent.outcome, upload.Refused):
        return counter.refused(sent.now)
    if isinstance(sent.outcome, upload.Later):
        return counter.postponed(sent.now, sent.outcome.retry_after)
    heard = moving.heard(config, counter, sent.to, sent.outcome.confirmation.policy)
    confirmed = heard.confirmed(sent.message, heard.policy, sent.now)
    prompt = sent.outcome.confirmation.prompt
    # Only pages of the configured server are ever opened, so no other is kept.
    if prompt is None or not sent.to.serves(prompt.address):
        return confirmed
    return confirmed.prompted(prompt)
