"""The benchmark's data: written in bulk, and yet what the merge would have left."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any
from uuid import UUID

import pytest
from tests.bench import assumptions as a
from tests.bench import departures, loading, rows
from tests.bench.columns import Tables, listed
from tests.bench.heard import EVENT, PING, REGRET, WAYS, WITHDRAWAL, Hearing
from tests.bench.lives import AGENT, BLOCKED, EXIT, LINK_ONLY, NOBODY, Lives
from tests.bench.simulator import simulate
from tests.server.conftest import BOTH, NewDatabase
from tests.server.databases import Database, Kind, Rows, Sqlite
from tests.server.simulated import Agents, Delivery, at

from exitpoll_server.intake import take_ping, take_uninstall
from exitpoll_server.store import Product, Said, Store
from exitpoll_server.store.instants import CLOCK_TOLERANCE_MS, DAY_MS

SEED = 132
INSTALLATIONS = 300
CHUNK = 200
"""Smaller than all, so that numbers are counted on from part to part."""

AT_ONCE = 200
"""Messages that wait for the disk together."""

NUMBERS = {"id", "installation_id", "counter_id", "uninstall_id", "showing_id", "version_id"}
"""Columns that are another's number: compared by what they stand for."""

READ = {
    "installations": "SELECT i.* FROM installations i",
    # Not when they were first heard of: that of a group, and no report reads it.
    "versions": "SELECT v.product_id, v.name FROM versions v",
    "history": "SELECT i.uuid AS of, c.uuid AS by, h.* FROM history h "
    "JOIN installations i ON i.id = h.installation_id LEFT JOIN counters c ON c.id = h.counter_id",
    "counters": "SELECT i.uuid AS of, c.* FROM counters c "
    "JOIN installations i ON i.id = c.installation_id",
    "launches": "SELECT i.uuid AS of, c.uuid AS by, v.name, l.* FROM launches l "
    "JOIN installations i ON i.id = l.installation_id JOIN counters c ON c.id = l.counter_id "
    "JOIN versions v ON v.id = l.version_id",
    "milestones": "SELECT i.uuid AS of, m.* FROM milestones m "
    "JOIN installations i ON i.id = m.installation_id",
    "uninstalls": "SELECT i.uuid AS of, c.uuid AS by, u.* FROM uninstalls u "
    "JOIN installations i ON i.id = u.installation_id LEFT JOIN counters c ON c.id = u.counter_id",
    "receipts": "SELECT u.uuid AS of, r.* FROM receipts r "
    "JOIN uninstalls u ON u.id = r.uninstall_id",
    "showings": "SELECT u.uuid AS of, w.* FROM showings w "
    "JOIN uninstalls u ON u.id = w.uninstall_id",
    "answers": "SELECT i.uuid AS of, u.uuid AS by, w.shown_at, a.* FROM answers a "
    "JOIN installations i ON i.id = a.installation_id "
    "JOIN uninstalls u ON u.id = a.uninstall_id LEFT JOIN showings w ON w.id = a.showing_id",
    "feedback": "SELECT f.* FROM feedback f",
}
"""Every table that a report reads, with what numbers stand for."""


# -- the same, message by message ----------------------------------------------------------


def send_everything(database: Database, store: Store, product: Product, told: list[Lives]) -> None:
    """Send what agents send, in the order of receipt, and let people use the pages."""
    agents = [Agents(lives) for lives in told]
    sent = [(one, n) for n, some in enumerate(agents) for one in some.all()]
    sent.sort(key=lambda pair: (pair[0].at, pair[1], pair[0].who))
    for start in range(0, len(sent), AT_ONCE):
        taken = [take(store, product, one) for one, _ in sent[start : start + AT_ONCE]]
        for durable in taken:
            durable.result()
    for one, n in sent:
        if one.channel in ("browser", "link"):
            visit(store, product, told[n], one.who, one.at)
    for lives, some in zip(told, agents, strict=True):
        for who, uses in enumerate(some.uses):
            if len(uses) > 1 and lives.in_use.asked[who] and lives.people.reach[who] == AGENT:
                score_in_use(database, store, product, lives, who, uses[1])


def take(store: Store, product: Product, sent: Delivery) -> Future[None]:
    now = at(sent.at)
    if sent.is_event:
        event = take_uninstall(store, product, sent.data, now, channel=sent.channel)
        ignored, durable = event.ignored, event.durable
    else:
        ping = take_ping(store, product, sent.data, now)
        ignored, durable = ping.ignored, ping.durable
    assert ignored == ()
    return durable


def visit(store: Store, product: Product, lives: Lives, who: int, fetched: int) -> None:
    """Do on the exit page what this person does there."""
    leaving = lives.leaving
    installation = UUID(bytes=lives.people.uuid[who].tobytes())
    number = store.uninstall_number(product, installation)
    assert number is not None
    asked = store.asked(number)
    assert asked is not None
    survey = store.survey(product, "exit")
    shown = store.show(
        asked,
        survey,
        locale=list(a.LOCALES)[lives.people.locale[who]],
        reasons=[reason.id for reason in survey.in_order_for(asked.uuid)],
        held_out=bool(leaving.held_out[who]),
        now=at(fetched + departures.SHOWN_MS),
    )
    if not leaving.opened[who]:
        return
    store.opened(shown.id, at(fetched + departures.OPENED_MS))
    late = int(leaving.late_ms[who])
    if (
        leaving.answers[who] >= 1
        or fetched + late + departures.CHOSEN_MS + departures.SAID_MS >= a.END_MS
    ):
        return
    reason, comment, score, email = departures.said_of(lives, who)
    clicked = fetched + late
    store.answer(
        uninstall=number,
        showing=shown.id,
        said=Said(reason=reason),
        now=at(clicked + departures.CHOSEN_MS),
    )
    if reason == departures.DEAR and not leaving.held_out[who]:
        store.offered(shown.id, reason, at(clicked + departures.OFFERED_MS))
        if leaving.takes_offer[who]:
            store.offer_taken(shown.id, at(clicked + departures.TAKEN_MS))
    store.answer(
        uninstall=number,
        showing=shown.id,
        said=Said(comment=comment, score=score, email=email),
        now=at(clicked + departures.SAID_MS),
    )


def score_in_use(
    database: Database,
    store: Store,
    product: Product,
    lives: Lives,
    who: int,
    use: dict[str, int],
) -> None:
    """Ask somebody while the product is in use, after their second row of launches came."""
    installation = UUID(bytes=lives.people.uuid[who].tobytes())
    heard = database.look(
        "SELECT l.first_received_at FROM launches l "
        "JOIN installations i ON i.id = l.installation_id "
        "JOIN counters c ON c.id = l.counter_id JOIN versions v ON v.id = l.version_id "
        "WHERE i.uuid = ? AND l.day = ? AND v.name = ? AND c.uuid = ?",
        installation.hex,
        use["day"],
        a.VERSIONS[use["version"]],
        Agents.counter_id(lives, who, use["counter"]).hex,
    )
    if not heard:
        return
    now = heard[0]["first_received_at"]
    page = store.begin_feedback(
        product,
        store.survey(product, "nps"),
        installation_id=installation,
        version=a.VERSIONS[use["version"]],
        locale=list(a.LOCALES)[lives.people.locale[who]],
        now=at(now + rows.ASKED_IN_USE_MS),
    )
    score = int(lives.in_use.score[who])
    if score != NOBODY:
        store.give_feedback(page, Said(score=score), at(now + rows.SCORED_IN_USE_MS))


def everything(database: Database) -> dict[str, Rows]:
    """Return what is kept, without the numbers of rows, in an order that hangs on none."""
    return {name: sorted(map(compared, database.look(sql)), key=repr) for name, sql in READ.items()}


def compared(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without numbers; JSON, whose text the engines write differently, as a value."""
    kept = {name: value for name, value in row.items() if name not in NUMBERS}
    for name in ("attributes", "reasons"):
        if isinstance(kept.get(name), str):
            kept[name] = json.loads(kept[name])
    if "installation_uuid" in kept:
        del kept["uuid"]  # a page's own, random
    return kept


def filled(database: Database, seed: int = SEED) -> Database:
    """Fill an empty database in bulk."""
    store = Store(database.url)
    loading.create_product(store)
    store.close()
    parts = loading.simulated(seed, INSTALLATIONS, CHUNK)
    if isinstance(database, Sqlite):
        loading.fill_sqlite(database.file, parts)
    else:
        loading.fill_postgresql(database.url, parts)
    return database


@pytest.fixture(scope="module")
def merged(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Return what the merge leaves of the same lives."""
    database = new_database("sqlite", tmp_path_factory.mktemp("merged"))
    store = Store(database.url)
    product = loading.create_product(store)
    send_everything(database, store, product, list(simulate(SEED, INSTALLATIONS, CHUNK)))
    store.close()
    return everything(database)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("table", READ)
def test_bulk_rows_are_those_of_the_merge(
    kind: Kind,
    table: str,
    merged: dict[str, Rows],
    bulk: dict[Kind, dict[str, Rows]],
) -> None:
    """What is written in bulk is what the same lives leave when they are sent as messages."""
    assert len(merged[table]) > 0
    assert bulk[kind][table] == merged[table]


@pytest.fixture(scope="module")
def bulk(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> dict[Kind, dict[str, Rows]]:
    """Return what is written in bulk, on each engine."""
    folder = tmp_path_factory.mktemp("bulk")
    return {kind: everything(filled(new_database(kind, folder))) for kind in BOTH}


def test_the_same_seed_gives_the_same_data() -> None:
    """A seed stands for its data, to the last byte of every row; another one for other data."""
    one, other = ([*map(_bare, loading.simulated(seed, 50))] for seed in (SEED, SEED))
    assert one == other
    assert one != [*map(_bare, loading.simulated(SEED + 1, 50))]


def _bare(tables: Tables) -> dict[str, dict[str, list[object]]]:
    return {
        name: {column: listed(values) for column, values in columns.items()}
        for name, columns in tables.items()
    }


def test_every_assumption_shows() -> None:
    """Among the lives that prove the rows there is one of every sort that the merge tells apart."""
    told = [Hearing(lives) for lives in simulate(SEED, INSTALLATIONS, CHUNK)]
    kinds = {int(kind) for heard in told for kind in heard.kind}
    ways = {int(way) for heard in told for way in heard.way[heard.by_agent]}
    late = sum(
        int((heard.row_receipt - heard.uses.sent > DAY_MS)[heard.kept].sum()) for heard in told
    )
    off = sum(int((abs(heard.people.offset) > CLOCK_TOLERANCE_MS).sum()) for heard in told)
    assert kinds == {PING, REGRET, WITHDRAWAL, EVENT}
    assert {WAYS[way] for way in ways} == set(WAYS) - {"browser"}
    assert {int(reach) for heard in told for reach in heard.people.reach[heard.heard]} == {
        AGENT, BLOCKED, EXIT, LINK_ONLY,
    }  # fmt: skip
    assert late > 0
    assert off > 0
    assert any((heard.uses.counter == 1).any() for heard in told)
    # The second person's last days: the event is the first one's, and does not bring them.
    assert any(
        ((heard.uses.counter == 1) & ~heard.kept & heard.by_agent[heard.uses.owner])[
            heard.people.reach[heard.uses.owner] == AGENT
        ].any()
        for heard in told
    )
    assert any(heard.leaving.hurt.any() for heard in told)
