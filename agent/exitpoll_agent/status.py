"""Says what the agent knows and has yet to send, changing nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from exitpoll_agent import __version__, counter, installation, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of one product's agent, as a person may see it."""

    address: str
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
    here = installation.read(config.state_folder)
    counts = counter.read(config.state_folder)
    known = Status(
        address=str(config.address),
        product=config.product,
        version=config.version,
        agent=__version__,
        consent=installation.consent(config),
        state_folder=str(config.state_folder),
        installation_id=None if here is None else str(here.installation_id),
    )
    return known if counts is None else _with_counts(known, counts, now)


def _with_counts(known: Status, counts: Counter, now: datetime) -> Status:
    left = counts.uninstalled
    return replace(
        known,
        counter=str(counts.counter),
        launches_total=counts.launches_total,
        unconfirmed_rows=len(counts.unconfirmed()),
        seq=counts.seq,
        last_confirmed_at=_instant(counts.pinged_at),
        backing_off_until=_instant(counts.backoff_until) if counts.is_backing_off(now) else None,
        collection=counts.policy.collection,
        uninstalled_at=None if left is None else _instant(left.at),
    )


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else wire.format_instant(instant)
