"""What changes while an installation lives: facts, consent, install; with their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection

from exitpoll_agent.wire import Ping, UninstallEvent
from exitpoll_server.store import limits, tables
from exitpoll_server.store.arrivals import Values, Work, ms, smaller
from exitpoll_server.store.bulk import Bulk, BulkQuery
from exitpoll_server.store.instants import as_read

_LIFE = {
    "first_received_at": "bigint",
    "consent": "text",
    "censored_at": "bigint",
    "origin": "text",
    "installed_at": "bigint",
    "installed_instant": "bigint",
    "installed_version": "text",
    "counted_since": "bigint",
    "first_row_instant": "bigint",
}
"""What is known of an installation's life, and the columns' types."""

_FACTS = {**dict.fromkeys(tables.FACTS, "text"), "attributes": "json"}


_MAY_CHANGE = {**_LIFE, **_FACTS}

KNOWN = tuple(_MAY_CHANGE)
"""The columns that a merge reads before it changes them."""

_CHANGE = Bulk(
    f"""
    UPDATE installations SET {", ".join(f"{name} = r.{name}" for name in _MAY_CHANGE)}
    FROM {{rows}}
    WHERE installations.id = r.id
    """,  # noqa: S608 - names of our own columns
    id="bigint",
    **_MAY_CHANGE,
)
_REMEMBER = Bulk(
    f"""
    INSERT INTO history (installation_id, counter_id, seq, received_at, {", ".join(_FACTS)})
    SELECT r.installation_id, r.counter_id, r.seq, r.received_at,
           {", ".join(f"r.{name}" for name in _FACTS)}
    FROM {{rows}}
    """,  # noqa: S608 - names of our own columns
    installation_id="bigint",
    counter_id="bigint",
    seq="bigint",
    received_at="bigint",
    **_FACTS,
)


def read(name: str, table: str) -> str:
    """Return how a fact is read: the engines return the same of text, and not of JSON."""
    return f"CAST({table}.{name} AS text)" if _FACTS.get(name) == "json" else f"{table}.{name}"


def named(names: Iterable[str], row: Sequence[Any]) -> Values:
    """Return by name what was read with `read`."""
    known = dict(zip(names, row, strict=True))
    if known["attributes"] is not None:
        known["attributes"] = orjson.loads(known["attributes"])
    return known


def record(connection: Connection, works: Sequence[Work]) -> None:
    """Bring installations up to date with a group of messages, and keep what was."""
    _look_up_what_was_said(connection, works)
    news: list[tuple[Work, Values]] = []
    changed: list[Sequence[object]] = []
    for work in works:
        known, stated = work.installation, stated_facts(work.message)
        said = known if work.newer else work.said_before
        adds = not stated.items() <= said.items()
        after = {**_life_after(work), **_facts_after(work, stated)}
        changes = not after.items() <= known.items()
        known.update(after)
        if adds:
            news.append((work, stated))
        if changes:
            changed.append((known["id"], *(known[name] for name in _LIFE), *_written(known)))
    _remember(connection, news)
    if changed:
        _CHANGE.run(connection, changed)


def _remember(connection: Connection, news: Sequence[tuple[Work, Values]]) -> None:
    """Keep what messages stated, but of no installation that has changed too often."""
    owners = {work.installation["id"] for work, _ in news}
    full = limits.full(connection, "history", owners, limits.MAX_CHANGES)
    rows = [_remembered(*new) for new in news if new[0].installation["id"] not in full]
    if rows:
        _REMEMBER.run(connection, rows)


def _remembered(work: Work, stated: Values) -> Sequence[object]:
    """Return a row of history: what is known now, or what an older message had to say."""
    receipt = work.counter_id, work.message.seq, work.arrival.received_ms
    facts = work.installation if work.newer else stated
    return (work.installation["id"], *receipt, *_written(facts))


def _written(facts: Values) -> list[object]:
    """Return facts as a statement takes them."""
    *texts, attributes = (facts.get(name) for name in tables.FACTS)
    return [*texts, None if attributes is None else json.dumps(attributes)]


def stated_facts(message: Ping) -> Values:
    """Return the facts that a message states; what it leaves open changes nothing."""
    *texts, attributes = _facts_of(message)
    stated = {name: text for name, text in zip(_TEXTS, texts, strict=True) if text is not None}
    if attributes:
        stated["attributes"] = dict(attributes)
    return stated


_TEXTS = tuple(tables.FACTS)[:-1]
_facts_of = attrgetter(*tables.FACTS)

_SAID_BEFORE = BulkQuery(
    ["r.n", *(read(name, "h") for name in tables.FACTS)],
    """
    FROM {rows}
    LEFT JOIN history h
      ON h.id = (SELECT s.id FROM history s
                 WHERE s.installation_id = r.installation_id
                   AND s.counter_id = r.counter_id AND s.seq <= r.seq
                 ORDER BY s.seq DESC, s.id DESC LIMIT 1)
    """,
    n="integer",
    installation_id="bigint",
    counter_id="bigint",
    seq="bigint",
)


def _look_up_what_was_said(connection: Connection, works: Sequence[Work]) -> None:
    """Find what their counters had stated by older messages' `seq`: repeated, they add nothing."""
    older = [work for work in works if not work.newer]
    if not older:
        return
    rows = _SAID_BEFORE.fetch(
        connection,
        [
            (n, work.installation["id"], work.counter_id, work.message.seq)
            for n, work in enumerate(older)
        ],
    )
    for n, *facts in rows:
        older[n].said_before = named(tables.FACTS, facts)


def _facts_after(work: Work, stated: Values) -> Values:
    """Return the facts that may be others now."""
    if work.newer:
        return stated
    # An older message only fills what nobody has said yet.
    return {name: value for name, value in stated.items() if work.installation[name] is None}


def _life_after(work: Work) -> Values:
    message, now = work.message, work.installation
    first_received = min(now["first_received_at"], work.arrival.first_receipt_ms)
    installed = smaller(now["installed_at"], ms(message.installed_at))
    consent, censored = _consent_after(work)
    return {
        "first_received_at": first_received,
        "consent": consent,
        "censored_at": censored,
        "origin": message.origin if now["origin"] == "unknown" else now["origin"],
        "installed_at": installed,
        "installed_instant": _installed_instant(work, installed, first_received),
        "installed_version": now["installed_version"] or message.installed_version,
        "counted_since": smaller(now["counted_since"], ms(message.counted_since)),
        "first_row_instant": smaller(now["first_row_instant"], work.first_row_at),
    }


def _installed_instant(work: Work, installed: int | None, first_received: int) -> int | None:
    """Return the install as it is read, by the clock of the counter that speaks."""
    if installed is None:
        return None
    now = work.installation
    offset = work.counter["clock_offset"] if work.counter else work.arrival.clock_offset
    if offset is None and installed == now["installed_at"]:
        # Who knows nothing of the clock changes nothing that was corrected by it.
        return smaller(now["installed_instant"], first_received)
    return as_read(installed, offset, first_received)


def _consent_after(work: Work) -> tuple[str | None, int | None]:
    """Return the consent in force, and since when collection is censored by it."""
    now, said = work.installation, work.message.consent
    if not work.newer or work.arrival.channel == "link":
        return now["consent"], now["censored_at"]
    if said == "full":
        return said, None
    if isinstance(work.message, UninstallEvent) or now["censored_at"] is not None:
        return said, now["censored_at"]
    return said, work.arrival.received_ms
