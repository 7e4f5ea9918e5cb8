"""Says what the agent knows and what it would send, changing nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from exitpoll_agent import (
    __version__,
    consents,
    delivery,
    installation,
    moving,
    state,
    surroundings,
    wire,
)
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.installation import Installation
from exitpoll_agent.state import Held

NOT_MADE_YET = UUID(int=0)
"""Stands in a payload for an id that the first launch makes."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of one product's agent, as a person may see it."""

    address: str
    """Where messages go: the configured one, or the one that it moved to."""
    product: str
    version: str
    agent: str
    consent: wire.Consent
    state_folder: str
    installation_id: str | None = None
    """None: nothing was counted yet."""
    counter: str | None = None
    launches_total: int = 0
    unconfirmed_rows: int = 0
    """Rows, one a day and version, that the server has yet to confirm."""
    seq: int = 0
    last_confirmed_at: str | None = None
    backing_off_until: str | None = None
    collection: bool = True
    """What the server last said of this product: false stops all sending."""
    uninstalled_at: str | None = None
    """An uninstall event was made and no later launch has withdrawn it."""


def status(config: Config, now: datetime) -> Status:
    """Read the state.

    Raises:
        statefile.StateError: a state file is damaged, or a newer agent's.
        OSError: the state cannot be read.
    """
    here = installation.read(config)
    counts = state.read_counter(config.state_folder)
    known = Status(
        address=str(config.address),
        product=config.product,
        version=config.version,
        agent=__version__,
        consent=consents.decide(config).consent,
        state_folder=str(config.state_folder),
        installation_id=None if here is None else str(here.installation_id),
    )
    if counts is None:
        return known
    return _with_counts(replace(known, address=str(moving.address(config, counts))), counts, now)


@dataclass(frozen=True)
class Payload:
    """What the next ping would send."""

    body: bytes | None
    why_nothing: str | None = None
    """Why nothing would be sent, as the end of a sentence."""


def payload(config: Config, now: datetime) -> Payload:
    """Return the bytes that a launch would send first now, if a message is due by then.

    A launch counts itself before it sends, and so does this.

    Raises:
        statefile.StateError, OSError: as `status`.
    """
    allowed = consents.decide(config).consent
    if allowed != "full":
        return Payload(None, f"consent is {allowed}")
    if config.not_counted is not None:
        return Payload(None, surroundings.WHY_NOT[config.not_counted])
    here = installation.read(config) or Installation(
        installation_id=NOT_MADE_YET, created_at=now, salt="", host=None
    )
    counts = state.read_counter(config.state_folder)
    if counts is None or counts.installation_id != here.installation_id:
        counts = Counter(
            counter=NOT_MADE_YET, installation_id=here.installation_id, counted_since=now
        )
    if not counts.policy.collection and not counts.asks_again(now):
        return Payload(None, "the server switched collection off")
    next_one = counts.counted(config.version, now).begun(now)
    message, _ = delivery.next_message(config, Held(next_one, here), now)
    return Payload(wire.to_json(message))


def _with_counts(known: Status, counts: Counter, now: datetime) -> Status:
    left = counts.uninstalled
    return replace(
        known,
        counter=str(counts.counter),
        launches_total=counts.launches_ever,
        unconfirmed_rows=len(counts.unconfirmed()) + sum(len(f.rows) for f in counts.formers),
        seq=counts.seq,
        last_confirmed_at=_instant(counts.pinged_at),
        backing_off_until=_instant(counts.backoff_until) if counts.is_backing_off(now) else None,
        collection=counts.policy.collection,
        uninstalled_at=None if left is None else _instant(left.leaving.at),
    )


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else wire.format_instant(instant)
