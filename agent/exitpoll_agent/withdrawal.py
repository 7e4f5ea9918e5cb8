"""Keeps what the person chose, and tells the server once where that withdraws consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exitpoll_agent import consents, installation, messages, moving, state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.consents import Decision


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What came of a choice."""

    decision: Decision
    withdrawal: Literal["confirmed", "refused", "later", "not_sent"] = "not_sent"
    """Whether the server knows; "not_sent": nothing was withdrawn, or it never knew of us."""
    detail: str | None = None
    """Why the withdrawal was not confirmed."""


def choose(config: Config, chosen: wire.Consent, now: datetime) -> Chosen:
    """Keep the person's choice, then, if that withdraws consent, send one last message.

    Once: the choice holds whether or not the server hears of it, and under `none` there is
    nothing that could try again.

    Raises:
        OSError, statefile.StateError: the choice cannot be kept.
    """
    before = consents.decide(config)
    consents.choose(config.state_folder, chosen)
    decision = consents.decide(config)
    if before.consent != "full" or decision.consent == "full":
        return Chosen(decision=decision)
    message = _last_message(config, decision.consent, now)
    return Chosen(decision=decision) if message is None else _sent(config, decision, message, now)


def _last_message(config: Config, said: wire.Consent, now: datetime) -> wire.Ping | None:
    """Take a seq for it, so that no earlier ping undoes it; None where the server knows nothing."""
    here = installation.read(config)
    counts = state.read_counter(config.state_folder)
    if here is None or counts is None or not counts.seq or not counts.policy.collection:
        return None
    with state.held(config, now) as held:
        held.counter = held.counter.withdrawn()
    return messages.bare(held.counter, said, now)


def _sent(config: Config, decision: Decision, message: wire.Ping, now: datetime) -> Chosen:
    # Imported here: most choices send nothing, and need no threads.
    from exitpoll_agent import upload  # noqa: PLC0415

    to = moving.read_address(config)
    patience = upload.FOR_SOMEBODY_WHO_WAITS
    outcome = upload.post(to, wire.PINGS_PATH, message, patience, now)
    return Chosen(decision=decision, withdrawal=outcome.result, detail=outcome.detail)
