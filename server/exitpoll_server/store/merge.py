"""The merge: messages into state. Lost, repeated, reordered or sent twice, the result is one.

Launch counts keep maxima, so order cannot matter. What changes (version, edition, …) is ordered
by `seq` within a counter and by receipt between counters. A field that a message does not state
changes nothing. A whole group of messages is merged with one statement a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, select, tuple_

from exitpoll_agent.wire import UninstallEvent
from exitpoll_server.store import changes, leaving, tables
from exitpoll_server.store.arrivals import (
    Arrival,
    Key,
    Values,
    Work,
    day_of,
    greatest,
    insert,
    largest,
    least,
    ms,
    smallest,
)
from exitpoll_server.store.instants import noon, to_day, to_ms

FIRST_PLAUSIBLE_DAY = date(2000, 1, 1)
"""No product that bundles this agent was used earlier: a clock without a battery was."""


def merge(connection: Connection, product_id: int, arrivals: Sequence[Arrival]) -> None:
    """Merge messages of one product, in the order given, into the transaction at hand."""
    welcome = _without_erased(connection, product_id, arrivals)
    # Once for all rounds, before any installation: one order for all writers.
    versions = _version_ids(connection, product_id, welcome)
    for group in _distinct(welcome):
        works = _installations(connection, product_id, group)
        _counters(connection, works)
        _launches(connection, works, versions)
        _milestones(connection, works)
        changes.record(connection, works)
        leaving.record(connection, works)


def _without_erased(
    connection: Connection, product_id: int, arrivals: Sequence[Arrival]
) -> list[Arrival]:
    ids = {arrival.message.installation_id for arrival in arrivals}
    erased = set(
        connection.scalars(
            select(tables.tombstones.c.uuid).where(
                tables.tombstones.c.product_id == product_id, tables.tombstones.c.uuid.in_(ids)
            )
        )
    )
    return [arrival for arrival in arrivals if arrival.message.installation_id not in erased]


def _distinct(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """Part a group into groups in which each installation stands once, keeping its order."""
    rounds: list[dict[Key, Arrival]] = []
    times: dict[Key, int] = {}
    for arrival in arrivals:
        nth = times[arrival.key] = times.get(arrival.key, -1) + 1
        if nth == len(rounds):
            rounds.append({})
        rounds[nth][arrival.key] = arrival
    for group in rounds:
        # One order for all writers: two of them can then not wait for each other.
        yield [group[key] for key in sorted(group)]


# -- the installation itself ---------------------------------------------------------------


def _installations(
    connection: Connection, product_id: int, arrivals: Sequence[Arrival]
) -> list[Work]:
    table = tables.installations
    statement = insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=["product_id", "uuid", "test"],
        set_={
            "first_received_at": least(table.c.first_received_at, statement.excluded),
            "last_received_at": greatest(table.c.last_received_at, statement.excluded),
        },
    )
    rows = connection.execute(
        statement.returning(*table.c),
        [
            {
                "product_id": product_id,
                "uuid": arrival.message.installation_id,
                "test": arrival.message.test,
                "first_received_at": _first_receipt(arrival),
                "last_received_at": arrival.received_ms,
                "origin": "unknown",
            }
            for arrival in arrivals
        ],
    )
    by_key = {(row["uuid"], row["test"]): dict(row) for row in rows.mappings()}
    return [Work(arrival, by_key[arrival.key]) for arrival in arrivals]


def _first_receipt(arrival: Arrival) -> int:
    """Return when we first heard; an import was heard at the first instant that it tells of."""
    if arrival.channel != "import":
        return arrival.received_ms
    message = arrival.message
    instants = [noon(to_day(row.day)) for row in message.days]
    if message.installed_at is not None:
        instants.append(to_ms(message.installed_at))
    return min([*instants, arrival.received_ms])


# -- counters and their launches -----------------------------------------------------------


def _counters(connection: Connection, works: Sequence[Work]) -> None:
    counted = {
        (work.installation["id"], work.message.counter): work
        for work in works
        if work.message.counter is not None
    }
    if not counted:
        return
    table = tables.counters
    known = {
        (row["installation_id"], row["uuid"]): dict(row)
        for row in connection.execute(
            select(table).where(tuple_(table.c.installation_id, table.c.uuid).in_(list(counted)))
        ).mappings()
    }
    for key, work in counted.items():
        before = known.get(key)
        work.newer = before is None or work.message.seq > before["seq"]
        work.counter = _counter(work, before)
    statement = insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=["installation_id", "uuid"],
        set_={
            column.name: statement.excluded[column.name]
            for column in table.c
            if column.name not in ("id", "installation_id", "uuid")
        },
    )
    returning = statement.returning(table.c.id, table.c.installation_id, table.c.uuid)
    values = [work.counter for work in counted.values() if work.counter is not None]
    for row in connection.execute(returning, values):
        counter = counted[row.installation_id, row.uuid].counter
        if counter is not None:
            counter["id"] = row.id


def _counter(work: Work, before: Values | None) -> Values:
    """Return the counter's row after this message."""
    message, old = work.message, before or {}
    received, offset = work.arrival.received_ms, work.arrival.clock_offset
    ping = not isinstance(message, UninstallEvent)
    days = [to_day(row.day) for row in message.days]
    return {
        "installation_id": work.installation["id"],
        "uuid": message.counter,
        "first_received_at": min(old.get("first_received_at", received), received),
        "last_received_at": max(old.get("last_received_at", received), received),
        "seq": max(old.get("seq", message.seq), message.seq),
        "ping_seq": largest(old.get("ping_seq"), message.seq if ping else None),
        "ping_sent_at": largest(old.get("ping_sent_at"), to_ms(message.sent_at) if ping else None),
        "clock_offset": offset if work.newer and offset is not None else old.get("clock_offset"),
        "counted_since": smallest(old.get("counted_since"), ms(message.counted_since)),
        "launches_total": largest(old.get("launches_total"), message.launches_total),
        "first_launch_day": smallest(
            old.get("first_launch_day"), day_of(message.first_launch_day), *days
        ),
        "last_launch_day": largest(
            old.get("last_launch_day"), day_of(message.last_launch_day), *days
        ),
    }


def _launches(connection: Connection, works: Sequence[Work], versions: Mapping[str, int]) -> None:
    for work in works:
        work.rows = _rows(work, versions)
    table = tables.launches
    statement = insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=["installation_id", "day", "counter_id", "version_id"],
        set_={
            "launches": greatest(table.c.launches, statement.excluded),
            "dated": greatest(table.c.dated, statement.excluded),
            "first_received_at": least(table.c.first_received_at, statement.excluded),
        },
    )
    rows = [row for work in works for row in work.rows]
    if rows:
        connection.execute(statement, rows)


def _rows(work: Work, versions: Mapping[str, int]) -> list[Values]:
    if work.counter_id is None:
        return []
    rows: dict[tuple[int, int], Values] = {}
    for row in work.message.days:
        key = to_day(row.day), versions[row.version]
        earlier = rows.get(key)
        rows[key] = {
            "installation_id": work.installation["id"],
            "day": key[0],
            "counter_id": work.counter_id,
            "version_id": key[1],
            "launches": max(row.launches, earlier["launches"] if earlier else 0),
            "dated": int(_is_plausible(row.day, work.arrival)),
            "first_received_at": _row_receipt(key[0], work.arrival),
        }
    return list(rows.values())


def _is_plausible(day: date, arrival: Arrival) -> bool:
    """Tell whether a label can be a day: an import's are the vendor's own, and taken as they are.

    Tomorrow is allowed: the agent's clock may be ahead by minutes at midnight.
    """
    if arrival.channel == "import":
        return True
    return FIRST_PLAUSIBLE_DAY <= day <= (arrival.received_at + timedelta(days=1)).date()


def _row_receipt(day: int, arrival: Arrival) -> int:
    return noon(day) if arrival.channel == "import" else arrival.received_ms


def _version_ids(
    connection: Connection, product_id: int, arrivals: Sequence[Arrival]
) -> dict[str, int]:
    names = {row.version for arrival in arrivals for row in arrival.message.days}
    if not names:
        return {}
    table = tables.versions
    connection.execute(
        insert(connection, table).on_conflict_do_nothing(index_elements=["product_id", "name"]),
        [{"product_id": product_id, "name": name} for name in sorted(names)],
    )
    found = connection.execute(
        select(table.c.name, table.c.id).where(
            table.c.product_id == product_id, table.c.name.in_(names)
        )
    )
    return {row.name: row.id for row in found}


def _milestones(connection: Connection, works: Sequence[Work]) -> None:
    rows = [
        {
            "installation_id": work.installation["id"],
            "name": name,
            "day": to_day(day),
            "first_received_at": _row_receipt(to_day(day), work.arrival),
        }
        for work in works
        for name, day in work.message.milestones.items()
    ]
    if not rows:
        return
    table = tables.milestones
    statement = insert(connection, table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["installation_id", "name"],
            set_={
                "day": least(table.c.day, statement.excluded),
                "first_received_at": least(table.c.first_received_at, statement.excluded),
            },
        ),
        rows,
    )
