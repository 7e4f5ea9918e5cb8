"""Sends one message and writes down what came of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from exitpoll_agent import counter, statefile, wire
from exitpoll_agent.config import Config

Result: TypeAlias = Literal["confirmed", "refused", "later"]


@dataclass(frozen=True)
class Delivery:
    """What came of a message."""

    result: Result
    detail: str | None
    """Why it was not confirmed, as the end of a sentence."""


def deliver(config: Config, message: wire.Ping, now: datetime) -> Delivery:
    """Send a message and confirm its counts, or back off.

    Where that cannot be written down it is lost, and heals: the same counts are sent again.
    """
    # Imported here: requests takes a quarter of a second, and most launches send nothing.
    from exitpoll_agent import upload  # noqa: PLC0415

    if isinstance(message, wire.UninstallEvent):
        path, patience = wire.UNINSTALLS_PATH, upload.FOR_AN_UNINSTALL
    else:
        path, patience = wire.PINGS_PATH, upload.FOR_A_LAUNCH
    outcome = upload.post(config.address, path, message, patience, now)
    with (
        contextlib.suppress(OSError, statefile.StateError),
        counter.held(config.state_folder, message.installation_id, now) as held,
    ):
        if isinstance(outcome, upload.Confirmed):
            held.counter = held.counter.confirmed(message, outcome.confirmation.policy, now)
        elif isinstance(outcome, upload.Refused):
            held.counter = held.counter.refused(now)
        else:
            held.counter = held.counter.postponed(now, outcome.retry_after)
    if isinstance(outcome, upload.Confirmed):
        return Delivery("confirmed", None)
    refused = isinstance(outcome, upload.Refused)
    return Delivery("refused" if refused else "later", outcome.detail)
