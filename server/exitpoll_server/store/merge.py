"""The merge: messages into state. Lost, repeated, reordered or sent twice, the result is one.

Launch counts keep maxima, so order cannot matter. What changes (version, edition, …) is ordered
by `seq` within a counter and by receipt between counters. A field that a message does not state
changes nothing. A whole group of messages is merged with one statement a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from exitpoll_agent.wire import UninstallEvent
from exitpoll_server.store import changes, leaving, limits, lives, versions
from exitpoll_server.store.arrivals import (
    Arrival,
    Key,
    Values,
    Work,
    day_of,
    larger,
    ms,
    smaller,
)
from exitpoll_server.store.bulk import Bulk, BulkQuery
from exitpoll_server.store.instants import DAY_MS, noon, to_day

FIRST_PLAUSIBLE_DAY = to_day(date(2000, 1, 1))
"""No product that bundles this agent was used earlier: a clock without a battery was."""


def merge(connection: Connection, product_id: int, arrivals: Sequence[Arrival]) -> None:
    """Merge messages of one product, in the order given, into the transaction at hand."""
    # Before all else: what it may lock is locked by every writer first.
    numbers = _version_numbers(connection, product_id, arrivals)
    for group in _distinct(arrivals):
        works = _known(connection, product_id, group)
        if works:
            _counters(connection, works)
            _launches(connection, works, numbers)
            _milestones(connection, works)
            changes.record(connection, works)
            leaving.record(connection, works)
            lives.forget(connection, [work.installation["id"] for work in works])


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

# An erased installation stays unknown: what comes late finds no row, and leaves none. In the order
# of the ids, like every writer: PostgreSQL may join from the tombstones' side, and would wait
# crosswise.
_MAKE_KNOWN = Bulk(
    """
    INSERT INTO installations (product_id, uuid, test, first_received_at, origin)
    SELECT :product_id, r.uuid, r.test, r.heard_at, 'unknown'
    FROM {rows}
    WHERE NOT EXISTS (SELECT 1 FROM tombstones t
                      WHERE t.product_id = :product_id AND t.uuid = r.uuid)
    ORDER BY r.uuid, r.test
    ON CONFLICT (product_id, uuid, test) DO NOTHING
    """,
    uuid="uuid",
    test="boolean",
    heard_at="bigint",
)

# Several writers may be at work on PostgreSQL: the rows keep them in line, in the order of the ids
# (docs/adr/0011). On SQLite there is but one.
_HOLD = Bulk(
    """
    SELECT 1
    FROM {rows}
    JOIN installations i
      ON i.product_id = :product_id AND i.uuid = r.uuid AND i.test = r.test
    ORDER BY r.n
    FOR NO KEY UPDATE OF i
    """,
    n="integer",
    uuid="uuid",
    test="boolean",
)

_INSTALLATION = ("id", *changes.KNOWN)
_COUNTER = (
    "id",
    "first_received_at",
    "last_received_at",
    "seq",
    "ping_seq",
    "ping_sent_at",
    "clock_offset",
    "counted_since",
    "launches_total",
    "first_launch_day",
    "last_launch_day",
    "product_key",
)


# LEFT, though it means an inner one: SQLite then goes by the rows, and not by the product's copies.
_READ = BulkQuery(
    [
        "r.n",
        "EXISTS (SELECT 1 FROM uninstalls u WHERE u.installation_id = i.id)",
        *(changes.read(name, "i") for name in _INSTALLATION),
        *(f"c.{name}" for name in _COUNTER),
    ],
    """
    FROM {rows}
    LEFT JOIN installations i
      ON i.product_id = :product_id AND i.uuid = r.uuid AND i.test = r.test
    LEFT JOIN counters c ON c.installation_id = i.id AND c.uuid = r.counter
    """,
    n="integer",
    uuid="uuid",
    test="boolean",
    counter="uuid",
)


def _known(connection: Connection, product_id: int, arrivals: Sequence[Arrival]) -> list[Work]:
    """Return each message with what is known of its installation and its counter."""
    wanted = [
        (n, a.message.installation_id.hex, a.message.test, _hex(a.message.counter))
        for n, a in enumerate(arrivals)
    ]
    if connection.dialect.name == "postgresql":
        _make_known(connection, product_id, arrivals)
        _HOLD.run(connection, [row[:3] for row in wanted], product_id=product_id)
        rows = _READ.fetch(connection, wanted, product_id=product_id)
    else:
        # Nobody else writes: only what is not found is made known, and read again.
        rows = _READ.fetch(connection, wanted, product_id=product_id)
        new = [wanted[row[0]] for row in rows if row[2] is None]
        if new:
            _make_known(connection, product_id, [arrivals[row[0]] for row in new])
            rows += _READ.fetch(connection, new, product_id=product_id)
    # In the order of the ids again: PostgreSQL finds them in any.
    known = sorted((row for row in rows if row[2] is not None), key=itemgetter(0))
    return [_work(arrivals[row[0]], row) for row in known]


def _make_known(connection: Connection, product_id: int, arrivals: Sequence[Arrival]) -> None:
    _MAKE_KNOWN.run(
        connection,
        [(a.message.installation_id.hex, a.message.test, a.first_receipt_ms) for a in arrivals],
        product_id=product_id,
    )


_END = 2 + len(_INSTALLATION)


def _work(arrival: Arrival, row: Sequence[Any]) -> Work:
    installation = changes.named(_INSTALLATION, row[2:_END])
    is_known = row[_END] is not None
    counter = dict(zip(_COUNTER, row[_END:], strict=True)) if is_known else None
    return Work(arrival, installation, counter, has_left=bool(row[1]))


def _hex(uuid: UUID | None) -> str | None:
    return None if uuid is None else uuid.hex


# -- counters and their launches -----------------------------------------------------------


_COUNTER_TYPES = {**dict.fromkeys(_COUNTER, "bigint"), "product_key": "text"}

_ADD_COUNTERS = Bulk(
    f"""
    INSERT INTO counters (installation_id, uuid, {", ".join(_COUNTER[1:])})
    SELECT r.installation_id, r.uuid, {", ".join(f"r.{name}" for name in _COUNTER[1:])}
    FROM {{rows}}
    """,  # noqa: S608 - names of our own columns
    installation_id="bigint",
    uuid="uuid",
    **{name: _COUNTER_TYPES[name] for name in _COUNTER[1:]},
)

_FIND_COUNTERS = BulkQuery(
    ["r.installation_id", "c.id"],
    "FROM {rows} LEFT JOIN counters c ON c.installation_id = r.installation_id AND c.uuid = r.uuid",
    installation_id="bigint",
    uuid="uuid",
)

_SET_COUNTERS = Bulk(
    f"""
    UPDATE counters SET {", ".join(f"{name} = r.{name}" for name in _COUNTER[1:])}
    FROM {{rows}}
    WHERE counters.id = r.id
    """,  # noqa: S608 - names of our own columns
    **_COUNTER_TYPES,
)


def _counters(connection: Connection, works: Sequence[Work]) -> None:
    unknown = {
        work.installation["id"]
        for work in works
        if work.counter is None and work.message.counter is not None
    }
    full = limits.full(connection, "counters", unknown, limits.MAX_COUNTERS)
    new: dict[int, Values] = {}
    rows: list[Sequence[object]] = []
    known: list[Sequence[object]] = []
    for work in works:
        before, uuid = work.counter, work.message.counter
        if uuid is None or (before is None and work.installation["id"] in full):
            continue
        work.newer = before is None or work.message.seq > before["seq"]
        work.counter = after = _counter(work, before)
        if before is None:
            installation_id = work.installation["id"]
            new[installation_id] = after
            rows.append((installation_id, uuid.hex, *after.values()))
        else:
            known.append((before["id"], *after.values()))
            after["id"] = before["id"]
    if known:
        _SET_COUNTERS.run(connection, known)
    if rows:
        _ADD_COUNTERS.run(connection, rows)
        keys = [row[:2] for row in rows]
        for installation_id, counter_id in _FIND_COUNTERS.fetch(connection, keys):
            new[installation_id]["id"] = counter_id


def _counter(work: Work, before: Values | None) -> Values:
    """Return the counter's row after this message, its columns in their order, without its id."""
    message, old = work.message, before or _NO_COUNTER
    received, offset = work.arrival.received_ms, work.arrival.clock_offset
    ping = not isinstance(message, UninstallEvent)
    # Of two messages the later one says with which key the agent speaks now.
    spoke = work.newer and work.arrival.channel == "agent"
    days = work.arrival.days
    first, last = (min(days), max(days)) if days else (None, None)
    return {
        "first_received_at": smaller(old["first_received_at"], received),
        "last_received_at": larger(old["last_received_at"], received),
        "seq": larger(old["seq"], message.seq),
        "ping_seq": larger(old["ping_seq"], message.seq if ping else None),
        "ping_sent_at": larger(old["ping_sent_at"], work.arrival.sent_ms if ping else None),
        "clock_offset": offset if work.newer and offset is not None else old["clock_offset"],
        "counted_since": smaller(old["counted_since"], ms(message.counted_since)),
        "launches_total": larger(old["launches_total"], message.launches_total),
        "first_launch_day": smaller(
            smaller(old["first_launch_day"], day_of(message.first_launch_day)), first
        ),
        "last_launch_day": larger(
            larger(old["last_launch_day"], day_of(message.last_launch_day)), last
        ),
        "product_key": work.arrival.product_key if spoke else old["product_key"],
    }


_NO_COUNTER: Values = dict.fromkeys(_COUNTER)


def _extremes(table: str, **which: str) -> str:
    """Return how columns keep the larger (>) or smaller (<) of what stands there and comes."""
    settings, news = [], []
    for name, than in which.items():
        stands, comes = f"{table}.{name}", f"excluded.{name}"
        # SQLite says max(a, b), PostgreSQL greatest(a, b); both know CASE.
        is_new = f"{comes} {than} {stands}"
        settings.append(f"{name} = CASE WHEN {is_new} THEN {comes} ELSE {stands} END")
        news.append(is_new)
    # Agents repeat themselves: where nothing is new, nothing is written.
    return f"SET {', '.join(settings)} WHERE {' OR '.join(news)}"


_PUT_LAUNCHES = Bulk(
    f"""
    INSERT INTO launches
        (installation_id, day, counter_id, version_id, launches, dated, first_received_at)
    SELECT r.installation_id, r.day, r.counter_id, r.version_id,
           r.launches, r.dated, r.first_received_at
    FROM {{rows}}
    WHERE true
    ON CONFLICT (installation_id, day, counter_id, version_id) DO UPDATE
    {_extremes("launches", launches=">", dated=">", first_received_at="<")}
    """,  # noqa: S608 - names of our own columns
    installation_id="bigint",
    day="integer",
    counter_id="bigint",
    version_id="bigint",
    launches="integer",
    dated="smallint",
    first_received_at="bigint",
)


def _version_numbers(
    connection: Connection, product_id: int, arrivals: Sequence[Arrival]
) -> Mapping[str, int]:
    names = {row.version for arrival in arrivals for row in arrival.message.days}
    if not names:
        return {}
    received = min(arrival.received_ms for arrival in arrivals)
    return versions.ids(connection, product_id, names, received)


def _launches(connection: Connection, works: Sequence[Work], numbers: Mapping[str, int]) -> None:
    rows: list[Sequence[object]] = []
    for work in works:
        if work.counter_id is not None and work.message.days:
            rows += _rows(work, work.counter_id, numbers)
    if rows:
        _PUT_LAUNCHES.run(connection, rows)


def _rows(work: Work, counter_id: int, numbers: Mapping[str, int]) -> list[Sequence[object]]:
    """Return a message's rows of launches, and note what they say of the installation's life."""
    arrival, counts = work.arrival, dict[tuple[int, int], int]()
    for day, row in zip(arrival.days, work.message.days, strict=True):
        key = day, numbers[row.version]
        # Versions beyond what is kept share a number: the larger count stays.
        if row.launches >= counts.get(key, 0):
            counts[key] = row.launches
    first, last = _plausible_days(arrival)
    earliest = min((day for day in arrival.days if first <= day <= last), default=None)
    if earliest is not None:
        work.first_row_at = min(noon(earliest), _row_receipt(earliest, arrival))
    installation_id, received = work.installation["id"], arrival.received_ms
    is_import = arrival.channel == "import"
    return [
        (
            installation_id,
            day,
            counter_id,
            version_id,
            launches,
            int(first <= day <= last),
            noon(day) if is_import else received,
        )
        for (day, version_id), launches in counts.items()
    ]


def _plausible_days(arrival: Arrival) -> tuple[int, int]:
    """Return what labels can be a day: an import's are the vendor's own, and taken as they are.

    Tomorrow is allowed: the agent's clock may be ahead by minutes at midnight.
    """
    if arrival.channel == "import":
        return to_day(date.min), to_day(date.max)
    return FIRST_PLAUSIBLE_DAY, arrival.received_ms // DAY_MS + 1


def _row_receipt(day: int, arrival: Arrival) -> int:
    return noon(day) if arrival.channel == "import" else arrival.received_ms


_PUT_MILESTONES = Bulk(
    f"""
    INSERT INTO milestones (installation_id, name, day, first_received_at)
    SELECT r.installation_id, r.name, r.day, r.first_received_at
    FROM {{rows}}
    WHERE true
    ON CONFLICT (installation_id, name) DO UPDATE
    {_extremes("milestones", day="<", first_received_at="<")}
    """,  # noqa: S608 - names of our own columns
    installation_id="bigint",
    name="text",
    day="integer",
    first_received_at="bigint",
)


def _milestones(connection: Connection, works: Sequence[Work]) -> None:
    rows = [
        (work.installation["id"], name, to_day(day), _row_receipt(to_day(day), work.arrival))
        for work in works
        for name, day in work.message.milestones.items()
    ]
    if rows:
        _PUT_MILESTONES.run(connection, rows)
