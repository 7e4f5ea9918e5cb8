"""Leaving and coming back: uninstalls, and the ways they were heard."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, or_, select, true, update

from exitpoll_agent.wire import UninstallEvent, plain
from exitpoll_server.store import limits, tables
from exitpoll_server.store.answers import add_answers
from exitpoll_server.store.arrivals import Values, Work, insert, larger, least
from exitpoll_server.store.changes import stated_facts
from exitpoll_server.store.instants import DAY_MS, as_read, to_ms


def record(connection: Connection, works: Sequence[Work]) -> None:
    """Record who left and who came back, after everything else of the group is merged."""
    works = [work for work in works if work.has_left or isinstance(work.message, UninstallEvent)]
    by_installation: dict[int, list[Values]] = {work.installation["id"]: [] for work in works}
    if not works:
        return
    table = tables.uninstalls
    rows = connection.execute(
        select(table).where(table.c.installation_id.in_(by_installation)).order_by(table.c.id)
    )
    for row in rows.mappings():
        by_installation[row["installation_id"]].append(dict(row))
    for work in works:
        known = by_installation[work.installation["id"]]
        if isinstance(work.message, UninstallEvent):
            _leave(connection, work, work.message, known)
        elif work.arrival.channel != "import":
            _come_back(connection, work, known)
        _fill_snapshots(connection, work, known)
    _withdraw_imported(connection, works)


def _leave(connection: Connection, work: Work, event: UninstallEvent, known: list[Values]) -> None:
    """Record an uninstall, or one more way by which a known one was heard."""
    uninstall = next(
        (u for u in known if u["uuid"] == event.uninstall.uninstall_id),
        None,
    ) or _already_gone(work, known)
    if uninstall is None and work.arrival.channel != "import":
        uninstall = _one_too_many(known)
    if uninstall is None:
        uninstall = _new_uninstall(connection, work, event)
        _settle(connection, work, [*known, uninstall])
        known.append(uninstall)
    elif _is_by_the_counter(work, uninstall):
        _say_again(connection, work, uninstall)
    receipt = insert(connection, tables.receipts)
    received = work.arrival.received_ms
    connection.execute(
        receipt.on_conflict_do_update(
            index_elements=["uninstall_id", "channel"],
            set_={
                "first_received_at": least(tables.receipts.c.first_received_at, receipt.excluded)
            },
        ),
        {
            "uninstall_id": uninstall["id"],
            "channel": work.arrival.channel,
            "first_received_at": received,
        },
    )
    if event.uninstall.answers is not None:
        channel = "import" if work.arrival.channel == "import" else "installer"
        add_answers(
            connection,
            installation_id=work.installation["id"],
            uninstall_id=uninstall["id"],
            channel=channel,
            received_at=received,
            answers=plain(event.uninstall.answers),
        )


def _already_gone(work: Work, known: list[Values]) -> Values | None:
    """Return the uninstall that another id for a copy already gone must mean.

    One counter makes a new id only after another launch, so its ids are uninstalls of their own.
    An import tells of the past, in any order: there the report picks the first that stands.
    """
    if work.arrival.channel == "import":
        return None
    standing = (u for u in known if u["withdrawn_at"] is None)
    return next((u for u in standing if not _is_by_the_counter(work, u)), None)


def _one_too_many(known: list[Values]) -> Values | None:
    """Return the last uninstall where there are so many that another id must mean that one."""
    return known[-1] if len(known) >= limits.MAX_UNINSTALLS else None


def _is_by_the_counter(work: Work, uninstall: Values) -> bool:
    return work.counter_id is not None and work.counter_id == uninstall["counter_id"]


def _settle(connection: Connection, work: Work, known: list[Values]) -> None:
    """Withdraw all but the last of a counter's uninstalls: each id tells of a launch between."""
    if work.arrival.channel == "import":
        return
    standing = [u for u in known if u["withdrawn_at"] is None and _is_by_the_counter(work, u)]
    for uninstall in sorted(standing, key=lambda u: u["seq"])[:-1]:
        _withdraw(connection, uninstall, work.arrival.received_ms)


def _withdraw(connection: Connection, uninstall: Values, at: int) -> None:
    uninstall["withdrawn_at"] = at
    connection.execute(
        update(tables.uninstalls)
        .where(tables.uninstalls.c.id == uninstall["id"])
        .values(withdrawn_at=at)
    )


def _new_uninstall(connection: Connection, work: Work, event: UninstallEvent) -> Values:
    leaving, received = event.uninstall, work.arrival.received_ms
    occurred, offset = to_ms(leaving.at), work.arrival.clock_offset
    uninstall: Values = {
        "installation_id": work.installation["id"],
        "uuid": leaving.uninstall_id,
        "first_received_at": received,
        "withdrawn_at": None,
        "only_updating_at": None,
        "occurred_at": occurred,
        "instant": as_read(occurred, offset, received),
        "clock_offset": offset,
        "counter_id": work.counter_id,
        "seq": None if work.counter is None else event.seq,
        # A link says nothing of consent: it is no agent's.
        "consent": None if work.arrival.channel == "link" else event.consent,
        "context": leaving.context,
        "asked": leaving.asked,
        "not_asked": leaving.not_asked,
        "scope": leaving.scope,
        "tenure_step": leaving.tenure_step,
        "launches_step": leaving.launches_step,
        "launches": _launches_known(connection, work),
        **_snapshot(work),
    }
    uninstall["withdrawn_at"] = _disproved_at(connection, work, uninstall)
    statement = tables.uninstalls.insert().returning(tables.uninstalls.c.id)
    uninstall["id"] = connection.execute(statement, uninstall).scalar_one()
    return uninstall


def _snapshot(work: Work) -> Values:
    """Return the facts as known now; under consent `exit` only what the event itself states."""
    if work.message.consent == "exit" and work.arrival.channel != "link":
        return {**dict.fromkeys(tables.FACTS), **stated_facts(work.message)}
    return {name: work.installation[name] for name in tables.FACTS}


def _launches_known(connection: Connection, work: Work) -> int | None:
    """Return the launches of an installation by now; None where nobody counted any.

    Nor are those of an import known: its launches may come in a later file.
    """
    if work.arrival.channel == "import" or work.message.consent == "exit":
        return None
    c, rows = tables.counters.c, tables.launches.c
    mine = work.installation["id"]
    said = connection.execute(select(c.id, c.launches_total).where(c.installation_id == mine))
    # In one pass: counters, times the rows of each looked up, would be the square of them.
    counted_rows = connection.execute(
        select(rows.counter_id, func.sum(rows.launches))
        .where(rows.installation_id == mine)
        .group_by(rows.counter_id)
    )
    of_rows = {counter: int(launches) for counter, launches in counted_rows}
    known = [larger(total, of_rows.get(counter)) for counter, total in said]
    counted = [launches for launches in known if launches is not None]
    return sum(counted) if counted else None


def _say_again(connection: Connection, work: Work, uninstall: Values) -> None:
    """Let an uninstall stand as of its counter's last event: an earlier ping disproves it not."""
    if work.message.seq <= uninstall["seq"]:
        return
    uninstall["seq"] = work.message.seq
    if uninstall["withdrawn_at"] is not None and uninstall["only_updating_at"] is None:
        uninstall["withdrawn_at"] = _disproved_at(connection, work, uninstall)
    connection.execute(
        update(tables.uninstalls)
        .where(tables.uninstalls.c.id == uninstall["id"])
        .values(seq=uninstall["seq"], withdrawn_at=uninstall["withdrawn_at"])
    )


def _disproved_at(connection: Connection, work: Work, uninstall: Values) -> int | None:
    """Return when a ping later than this uninstall had come, and the event too; None if none did.

    Imported launches are days, and are compared as such once the whole group is merged.
    """
    c = tables.counters.c
    pings = connection.execute(
        select(c.id, c.ping_seq, c.ping_sent_at, c.first_received_at, c.last_received_at)
        .where(c.installation_id == work.installation["id"], c.ping_seq.is_not(None))
        .where(c.id != work.counter_id if work.arrival.channel == "import" else true())
    )
    later = [
        ping.first_received_at
        for ping in pings
        if _is_later(uninstall, ping.id, ping.ping_seq, ping.ping_sent_at, ping.last_received_at)
    ]
    return max(min(later), work.arrival.received_ms) if later else None


def _is_later(
    uninstall: Values, counter_id: int | None, seq: int, sent_at: int, received_at: int
) -> bool:
    """Tell whether a ping was sent after an uninstall.

    By seq where one counter sent both, by the machine's clock where two of its counters did (in
    one second the ping is the later: an updater removes, installs and starts within it); and by
    ours where the uninstall came without a counter, from a clock that nobody knows.
    """
    if uninstall["counter_id"] is None:
        return bool(received_at > uninstall["first_received_at"])
    if counter_id == uninstall["counter_id"]:
        return bool(seq > uninstall["seq"])
    return bool(sent_at >= uninstall["occurred_at"])


def _come_back(connection: Connection, work: Work, known: list[Values]) -> None:
    """Withdraw what a later ping disproves: cancelled, repaired, upgraded without saying so."""
    sent_at, received_at = work.arrival.sent_ms, work.arrival.received_ms
    for uninstall in known:
        stands = uninstall["withdrawn_at"] is None
        if stands and _is_later(uninstall, work.counter_id, work.message.seq, sent_at, received_at):
            _withdraw(connection, uninstall, received_at)


def _withdraw_imported(connection: Connection, works: Sequence[Work]) -> None:
    """Withdraw imported uninstalls by the first imported day of use after theirs.

    A file holds whole days: within one day nobody knows what came first. Asked anew whenever
    launches or uninstalls come in, so that the order of files does not matter.
    """
    counters = [work.counter_id for work in works if work.arrival.channel == "import"]
    if not counters:
        return
    u, rows = tables.uninstalls.c, tables.launches.c
    used_again = (
        select(func.min(rows.first_received_at))
        .where(rows.installation_id == u.installation_id, rows.counter_id == u.counter_id)
        .where(rows.day > u.instant // DAY_MS)
        .scalar_subquery()
    )
    connection.execute(
        update(tables.uninstalls)
        .where(u.counter_id.in_(counters), used_again.is_not(None))
        .where(or_(u.withdrawn_at.is_(None), u.withdrawn_at > used_again))
        .values(withdrawn_at=used_again)
    )


def _fill_snapshots(connection: Connection, work: Work, known: list[Values]) -> None:
    """Complete what an uninstall's snapshot left open: the browser's event has no customer."""
    for uninstall in known:
        missing = {
            name: work.installation[name]
            for name in tables.FACTS
            if uninstall[name] is None and work.installation[name] is not None
        }
        if missing and uninstall["withdrawn_at"] is None and uninstall["consent"] != "exit":
            connection.execute(
                update(tables.uninstalls)
                .where(tables.uninstalls.c.id == uninstall["id"])
                .values(missing)
            )
