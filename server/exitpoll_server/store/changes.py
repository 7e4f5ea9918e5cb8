"""What changes while an installation lives: facts, consent, install; with their history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from exitpoll_agent.wire import Ping, UninstallEvent
from exitpoll_server.store import tables
from exitpoll_server.store.arrivals import Values, Work, ms, smallest
from exitpoll_server.store.bulk import Bulk
from exitpoll_server.store.instants import as_read, noon

_LIFE = {
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

_HEARD = {"first_received_at": "bigint", "last_received_at": "bigint", "clock_offset": "bigint"}
"""What every message changes."""

_FACTS = {**dict.fromkeys(tables.FACTS, "text"), "attributes": "json"}


def _update(columns: Mapping[str, str]) -> Bulk:
    setting = ", ".join(f"{name} = r.{name}" for name in columns)
    return Bulk(
        f"UPDATE installations SET {setting} FROM {{rows}} WHERE installations.id = r.id",  # noqa: S608 - names of our own columns
        id="bigint",
        **columns,
    )


_MAY_STAY = (*_LIFE, *tables.FACTS)

KNOWN = (*_HEARD, *_MAY_STAY)
"""The columns that a merge reads before it changes them."""

_HEAR = _update(_HEARD)
_CHANGE = _update({**_HEARD, **_LIFE, **_FACTS})
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


def record(connection: Connection, works: Sequence[Work]) -> None:
    """Bring installations up to date with a group of messages, and keep what was."""
    history = [_remembered(work) for work in works if _says_something_new(connection, work)]
    if history:
        _REMEMBER.run(connection, history)
    heard: list[Sequence[object]] = []
    changed: list[Sequence[object]] = []
    for work in works:
        known = work.installation
        hearing = _heard_after(work)
        after = {**hearing, **_life_after(work, hearing), **_facts_after(work)}
        stays = all(known[name] == after[name] for name in _MAY_STAY)
        known.update(after)
        if stays:
            heard.append((known["id"], *(after[name] for name in _HEARD)))
        else:
            changed.append(
                (known["id"], *(after[name] for name in (*_HEARD, *_LIFE)), *_written(after))
            )
    if heard:
        _HEAR.run(connection, heard)
    if changed:
        _CHANGE.run(connection, changed)


def _says_something_new(connection: Connection, work: Work) -> bool:
    known = work.installation if work.newer else _known_at(connection, work)
    return any(known[name] != value for name, value in stated_facts(work.message).items())


def _remembered(work: Work) -> Sequence[object]:
    """Return a row of history: what is known now, or what an older message had to say."""
    stated = stated_facts(work.message)
    facts = _facts_after(work) if work.newer else {n: stated.get(n) for n in tables.FACTS}
    receipt = work.counter_id, work.message.seq, work.arrival.received_ms
    return (work.installation["id"], *receipt, *_written(facts))


def _written(facts: Values) -> list[object]:
    """Return facts as a statement takes them."""
    *texts, attributes = (facts[name] for name in tables.FACTS)
    return [*texts, None if attributes is None else json.dumps(attributes)]


def stated_facts(message: Ping) -> Values:
    """Return the facts that a message states; what it leaves open changes nothing."""
    stated = {name: getattr(message, name) for name in tables.FACTS if name != "attributes"}
    stated["attributes"] = dict(message.attributes) or None
    return {name: value for name, value in stated.items() if value is not None}


def _known_at(connection: Connection, work: Work) -> Mapping[str, Any]:
    """Return what a counter had last stated by a message's `seq`: repeated, it adds nothing."""
    table = tables.history
    rows = connection.execute(
        select(table)
        .where(table.c.installation_id == work.installation["id"])
        .where(table.c.counter_id == work.counter_id, table.c.seq <= work.message.seq)
        .order_by(table.c.seq.desc(), table.c.id.desc())
        .limit(1)
    )
    last = rows.mappings().first()
    return dict.fromkeys(tables.FACTS) if last is None else dict(last)


def _facts_after(work: Work) -> Values:
    now = {name: work.installation[name] for name in tables.FACTS}
    stated = stated_facts(work.message)
    if work.newer:
        return {**now, **stated}
    # An older message only fills what nobody has said yet.
    return {name: stated.get(name) if value is None else value for name, value in now.items()}


def _heard_after(work: Work) -> Values:
    now = work.installation
    offset = work.counter["clock_offset"] if work.counter else work.arrival.clock_offset
    return {
        "first_received_at": min(now["first_received_at"], work.arrival.first_receipt_ms),
        "last_received_at": max(now["last_received_at"], work.arrival.received_ms),
        "clock_offset": now["clock_offset"] if offset is None else offset,
    }


def _life_after(work: Work, heard: Values) -> Values:
    message, now = work.message, work.installation
    installed = smallest(now["installed_at"], ms(message.installed_at))
    rows = [min(noon(r["day"]), r["first_received_at"]) for r in work.rows if r["dated"]]
    return {
        **_consent_after(work),
        "origin": message.origin if now["origin"] == "unknown" else now["origin"],
        "installed_at": installed,
        "installed_instant": None
        if installed is None
        else as_read(installed, heard["clock_offset"], heard["first_received_at"]),
        "installed_version": now["installed_version"] or message.installed_version,
        "counted_since": smallest(now["counted_since"], ms(message.counted_since)),
        "first_row_instant": smallest(now["first_row_instant"], *rows),
    }


def _consent_after(work: Work) -> Values:
    """Return the consent in force, and since when collection is censored by it."""
    now, said = work.installation, work.message.consent
    if not work.newer or work.arrival.channel == "link":
        return {"consent": now["consent"], "censored_at": now["censored_at"]}
    if said == "full" or isinstance(work.message, UninstallEvent):
        return {"consent": said, "censored_at": None if said == "full" else now["censored_at"]}
    censored_at = now["censored_at"]
    return {
        "consent": said,
        "censored_at": work.arrival.received_ms if censored_at is None else censored_at,
    }
