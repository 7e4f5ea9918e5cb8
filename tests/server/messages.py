"""Messages as agents send them, and how the tests write instants, days and ids."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from exitpoll_agent import wire
from exitpoll_server.questions import EXIT
from exitpoll_server.store import Arrival, Channel, Store

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""Receipt of what says nothing else."""

INSTALLATION = UUID(int=0x1)
COUNTER = UUID(int=0xC)
UNINSTALL = UUID(int=0xE)


def after(**durations: float) -> datetime:
    """Return an instant after `NOW` (hours=2, days=-1, …)."""
    return NOW + timedelta(**durations)


def ms(instant: datetime) -> int:
    """Return an instant as the store keeps it."""
    return round(instant.timestamp() * 1000)


def day_number(day: date) -> int:
    """Return a day as the store keeps it."""
    return (day - date(1970, 1, 1)).days


def row(day: str, launches: int = 1, version: str = "1.0") -> wire.DayCount:
    return wire.DayCount(day=date.fromisoformat(day), version=version, launches=launches)


def ping(seq: int = 1, **fields: Any) -> wire.Ping:
    """Return a ping of the one installation and counter, unless told otherwise."""
    envelope: dict[str, Any] = {
        "installation_id": INSTALLATION,
        "counter": COUNTER,
        "sent_at": NOW,
        "consent": "full",
    }
    return wire.Ping(seq=seq, **{**envelope, **fields})


def leaving(
    seq: int = 9, *, uninstall: dict[str, Any] | None = None, **fields: Any
) -> wire.UninstallEvent:
    """Return an uninstall event; `uninstall` holds fields of its `Leaving`."""
    envelope: dict[str, Any] = {
        "installation_id": INSTALLATION,
        "counter": COUNTER,
        "sent_at": NOW,
        "consent": "full",
    }
    how: dict[str, Any] = {"uninstall_id": UNINSTALL, "at": NOW, **(uninstall or {})}
    return wire.UninstallEvent(seq=seq, uninstall=wire.Leaving(**how), **{**envelope, **fields})


def arrival(message: wire.Ping, received_at: datetime = NOW, channel: Channel = "agent") -> Arrival:
    return Arrival(message=message, channel=channel, received_at=received_at)


def shown_exit(store: Store, uninstall: int, at: datetime) -> int:
    """Show somebody the exit survey; return the showing."""
    person = store.asked(uninstall)
    assert person is not None
    reasons = [reason.id for reason in EXIT.in_order_for(person.uuid)]
    return store.show(person, EXIT, locale="en", reasons=reasons, held_out=False, now=at).id
