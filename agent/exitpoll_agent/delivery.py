"""Sends one message and writes down what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from exitpoll_agent import state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.state import Held

if TYPE_CHECKING:
    from exitpoll_agent.upload import Outcome

Result: TypeAlias = Literal["confirmed", "refused", "later"]


@dataclass(frozen=True)
class Delivery:
    """What came of a message."""

    result: Result
    detail: str | None
    """Why it was not confirmed, as the end of a sentence."""


def deliver(config: Config, of: Held, message: wire.Ping, now: datetime) -> Delivery:
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
    with state.held_again(config, of) as held:
        if held is not None:
            held.counter = _after(held.counter, message, outcome, now)
    if isinstance(outcome, upload.Confirmed):
        return Delivery("confirmed", None)
    return Delivery("refused" if isinstance(outcome, upload.Refused) else "later", outcome.detail)


def _after(counter: Counter, message: wire.Ping, outcome: Outcome, now: datetime) -> Counter:
    from exitpoll_agent import upload  # noqa: PLC0415 - as in `deliver`

    if isinstance(outcome, upload.Confirmed):
        return counter.confirmed(message, outcome.confirmation.policy, now)
    if isinstance(outcome, upload.Refused):
        return counter.refused(now)
    return counter.postponed(now, outcome.retry_after)
