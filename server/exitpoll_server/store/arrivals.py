"""A message on its way into the store, and the small tools that every part of the merge uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias

from sqlalchemy import Column, ColumnElement, Connection, Table, case
from sqlalchemy.dialects import postgresql, sqlite

from exitpoll_agent.wire import Ping, UninstallEvent
from exitpoll_server.store.instants import noon, to_day, to_ms

Channel: TypeAlias = Literal["agent", "browser", "link", "import"]

Values: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[int, bool]


@dataclass(kw_only=True)
class Arrival:
    """A message, the way it came, and when. An import's receipt is its occurrence."""

    message: Ping | UninstallEvent
    channel: Channel
    received_at: datetime
    product_key: str | None = None
    """What its agent spoke with; None for the product's first key, and where no agent spoke."""

    @property
    def key(self) -> Key:
        """What tells installations of one product apart, and puts them in order."""
        # The number orders like the id, and needs no Python for it.
        return self.message.installation_id.int, self.message.test

    @cached_property
    def received_ms(self) -> int:
        """When it came, in milliseconds."""
        return to_ms(self.received_at)

    @property
    def first_receipt_ms(self) -> int:
        """When we first heard; an import was heard at the first instant that it tells of."""
        if self.channel != "import":
            return self.received_ms
        instants = [noon(day) for day in self.days]
        if self.message.installed_at is not None:
            instants.append(to_ms(self.message.installed_at))
        return min([*instants, self.received_ms])

    @cached_property
    def days(self) -> list[int]:
        """The days of its rows, as the store keeps them."""
        return [to_day(row.day) for row in self.message.days]

    @cached_property
    def sent_ms(self) -> int:
        """When it was sent, by the agent's clock, in milliseconds."""
        return to_ms(self.message.sent_at)

    @property
    def clock_offset(self) -> int | None:
        """Received - sent, in milliseconds; None where the way may have taken any time."""
        if self.channel != "agent":
            return None
        return self.received_ms - self.sent_ms


@dataclass
class Work:
    """One arrival on its way through a group's merge."""

    arrival: Arrival
    installation: Values
    """What is known of the installation; after the merge's steps, what is known then."""
    counter: Values | None
    """The same of the counter that sent the message; None where none did, or none is known."""
    has_left: bool
    """Some uninstall of it is known, standing or not."""
    newer: bool = True
    """Nothing with a higher `seq` of the same counter came before."""
    said_before: Values = field(default_factory=dict)
    """Where it is not: the facts that its counter had stated by then."""
    first_row_at: int | None = None
    """The instant of the earliest day that its rows name."""

    @property
    def message(self) -> Ping | UninstallEvent:
        """The message itself."""
        return self.arrival.message

    @property
    def counter_id(self) -> int | None:
        """The row of the counter that sent it; None where no counter did."""
        return None if self.counter is None else self.counter["id"]


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, in the engine's own dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def least(column: Column[Any], excluded: Any) -> ColumnElement[Any]:  # noqa: ANN401
    """Return the smaller of what stands in a column and what comes."""
    new = excluded[column.name]
    return case((column < new, column), else_=new)


def smaller(one: int | None, other: int | None) -> int | None:
    """Return the smaller of what is known."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def larger(one: int | None, other: int | None) -> int | None:
    """Return the larger of what is known."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def ms(instant: datetime | None) -> int | None:
    """Return an instant as the store keeps it."""
    return None if instant is None else to_ms(instant)


def day_of(day: date | None) -> int | None:
    """Return a day as the store keeps it."""
    return None if day is None else to_day(day)
