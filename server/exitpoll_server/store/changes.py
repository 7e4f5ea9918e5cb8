"""What changes while an installation lives: facts, consent, install; with their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from exitpoll_agent.wire import Ping, UninstallEvent
from exitpoll_server.store import limits, tables
from exitpoll_server.store.arrivals import Values, Work, ms, smallest, update_by_id
from exitpoll_server.store.instants import as_read, noon

_LIFE = (
    "consent",
    "censored_at",
    "origin",
    "installed_at",
    "installed_instant",
    "installed_version",
    "counted_since",
    "first_row_instant",
    "clock_offset",
)


def record(connection: Connection, works: Sequence[Work]) -> None:
    """Bring installations up to date with a group of messages, and keep what was."""
    changed: list[Values] = []
    history: list[Values] = []
    for work in works:
        facts, life = _facts_after(work), _life_after(work)
        stated = stated_facts(work.message)
        known = work.installation if work.newer else _known_at(connection, work)
        if any(known[name] != value for name, value in stated.items()):
            history.append(
                {
                    "installation_id": work.installation["id"],
                    "counter_id": work.counter_id,
                    "seq": work.message.seq,
                    "received_at": work.arrival.received_ms,
                    **(facts if work.newer else {name: stated.get(name) for name in tables.FACTS}),
                }
            )
        after = {**life, **facts}
        if any(work.installation[name] != value for name, value in after.items()):
            work.installation.update(after)
            changed.append({"_id": work.installation["id"], **after})
    owner = tables.history.c.installation_id
    full = limits.full(
        connection, owner, {row["installation_id"] for row in history}, limits.MAX_CHANGES
    )
    history = [row for row in history if row["installation_id"] not in full]
    if history:
        connection.execute(tables.history.insert(), history)
    if changed:
        update_by_id(connection, tables.installations, changed, (*_LIFE, *tables.FACTS))


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


def _life_after(work: Work) -> Values:
    message, now = work.message, work.installation
    offset = work.counter["clock_offset"] if work.counter else work.arrival.clock_offset
    offset = now["clock_offset"] if offset is None else offset
    installed = smallest(now["installed_at"], ms(message.installed_at))
    rows = [min(noon(r["day"]), r["first_received_at"]) for r in work.rows if r["dated"]]
    return {
        **_consent_after(work),
        "origin": message.origin if now["origin"] == "unknown" else now["origin"],
        "installed_at": installed,
        "installed_instant": None
        if installed is None
        else as_read(installed, offset, now["first_received_at"]),
        "installed_version": now["installed_version"] or message.installed_version,
        "counted_since": smallest(now["counted_since"], ms(message.counted_since)),
        "first_row_instant": smallest(now["first_row_instant"], *rows),
        "clock_offset": offset,
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
