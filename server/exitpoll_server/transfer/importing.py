"""Import: a vendor's own records, merged as if agents had sent them when they happened.

The whole file is summed by installation, day and version before it is merged, so that the same
file twice changes nothing. A file holds whole days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID, uuid5

from exitpoll_agent import wire
from exitpoll_server.ids import stable_uuid
from exitpoll_server.store import Arrival, Product, Store
from exitpoll_server.transfer.table import Row

T = TypeVar("T")
Kind: TypeAlias = Literal["launches", "installations", "uninstalls", "responses"]

IMPORT_COUNTER = stable_uuid("import")
"""The counter of everything imported. Never change it: a second import would count twice."""

GROUP = 500
"""Installations merged in one transaction: few enough that agents hardly wait."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file's rows."""

    taken: int
    merged: int
    """Records that the rows taken were summed into."""
    installations: int


@dataclass
class _Life:
    """What the rows of one installation add up to."""

    days: dict[tuple[date, str], int] = field(default_factory=dict)
    at: datetime | None = None
    installed_at: datetime | None = None
    facts: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    launches: int | None = None


def import_rows(
    store: Store,
    product: Product,
    kind: Kind,
    rows: Sequence[Row],
    *,
    on_stored: Callable[[int], None],
) -> Outcome:
    """Merge the rows of a whole file; `on_stored` is told how many records more were stored."""
    merge = {
        "launches": _launches,
        "installations": _installations,
        "uninstalls": _uninstalls,
        "responses": _responses,
    }[kind]
    return Outcome(
        taken=len(rows),
        merged=merge(store, product, sorted(rows, key=_in_time), on_stored),
        installations=len({row.installation_id for row in rows}),
    )


def _in_time(row: Row) -> tuple[datetime, UUID, str, str, str, int, str]:
    """Return what orders rows by time; of one instant by all they say, not by their place."""
    return (
        row.at,
        row.installation_id,
        str(row.installed_at),
        repr(row.facts),
        repr(row.attributes),
        -1 if row.launches is None else row.launches,
        repr(row.answers),
    )


def _launches(
    store: Store, product: Product, rows: Sequence[Row], on_stored: Callable[[int], None]
) -> int:
    lives = _lives(rows)
    for row in rows:
        days, key = lives[row.installation_id].days, (row.at.date(), row.facts.get("version", ""))
        days[key] = days.get(key, 0) + (1 if row.launches is None else row.launches)
    _merge(store, product, [_ping(uuid, life) for uuid, life in lives.items()], on_stored)
    return sum(len(life.days) for life in lives.values())


def _installations(
    store: Store, product: Product, rows: Sequence[Row], on_stored: Callable[[int], None]
) -> int:
    lives = _lives(rows)
    for row in rows:
        life = lives[row.installation_id]
        life.installed_at = min(filter(None, (life.installed_at, row.installed_at or row.at)))
        life.launches = max(filter(None, (life.launches, row.launches)), default=life.launches)
    _merge(store, product, [_ping(uuid, life) for uuid, life in lives.items()], on_stored)
    return len(lives)


def _uninstalls(
    store: Store, product: Product, rows: Sequence[Row], on_stored: Callable[[int], None]
) -> int:
    events = {(row.installation_id, row.at): _event(row) for row in rows}
    _merge(store, product, list(events.values()), on_stored)
    return len(events)


def _responses(
    store: Store, product: Product, rows: Sequence[Row], on_stored: Callable[[int], None]
) -> int:
    said = [(row.installation_id, row.at, row.answers) for row in rows if row.answers is not None]
    for group in _groups(said):
        store.import_answers(product, group)
        on_stored(len(group))
    return len(said)


def _lives(rows: Iterable[Row]) -> dict[UUID, _Life]:
    """Return what is known of each installation at its last row; rows come in order of time."""
    lives: dict[UUID, _Life] = {}
    for row in rows:
        life = lives.setdefault(row.installation_id, _Life())
        life.at = row.at
        life.facts.update(row.facts)
        life.attributes.update(row.attributes)
        if row.installed_at is not None:
            life.installed_at = min(filter(None, (life.installed_at, row.installed_at)))
    return lives


def _ping(installation_id: UUID, life: _Life) -> Arrival:
    at = life.at or life.installed_at
    assert at is not None  # noqa: S101 - a life is made from at least one row
    days = tuple(
        wire.DayCount(day=day, version=version, launches=n)
        for (day, version), n in sorted(life.days.items())
    )
    message = wire.Ping(
        installation_id=installation_id,
        counter=IMPORT_COUNTER,
        seq=_seq(at),
        sent_at=at,
        consent="full",
        origin="new",
        installed_at=life.installed_at,
        launches_total=life.launches,
        days=days,
        attributes=life.attributes,
        **life.facts,  # type: ignore[arg-type]
    )
    return Arrival(message=message, channel="import", received_at=at)


def _event(row: Row) -> Arrival:
    uninstall = wire.Leaving(
        uninstall_id=uuid5(row.installation_id, f"import {wire.format_instant(row.at)}"),
        at=row.at,
        context="remove",
        answers=row.answers,
    )
    message = wire.UninstallEvent(
        installation_id=row.installation_id,
        counter=IMPORT_COUNTER,
        seq=_seq(row.at),
        sent_at=row.at,
        consent="full",
        origin="new",
        installed_at=row.installed_at,
        launches_total=row.launches,
        uninstall=uninstall,
        **row.facts,  # type: ignore[arg-type]
    )
    return Arrival(message=message, channel="import", received_at=row.at)


def _seq(at: datetime) -> int:
    """Return what orders imported records: the second at which they happened."""
    return int(at.timestamp())


def _merge(
    store: Store, product: Product, arrivals: Sequence[Arrival], on_stored: Callable[[int], None]
) -> None:
    for group in _groups(arrivals):
        store.merge(product, group)
        on_stored(len(group))


def _groups(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + GROUP] for start in range(0, len(items), GROUP))
