"""Several writers on one database: what they leave is what one writer would have left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from tests.server.conftest import Look
from tests.server.databases import Database
from tests.server.messages import NOW, after, arrival, leaving, ping, row, shown_exit

from exitpoll_agent import wire
from exitpoll_server.store import Arrival, Product, ProductExistsError, Said, Store

WRITERS = 3
INSTALLATIONS = 4
PINGS = 6

STATE = {
    "launches": """
        SELECT i.uuid, c.uuid AS counter, l.day, v.name, l.launches, l.dated, l.first_received_at
        FROM launches l JOIN installations i ON i.id = l.installation_id
        JOIN counters c ON c.id = l.counter_id JOIN versions v ON v.id = l.version_id""",
    "counters": """
        SELECT i.uuid, c.seq, c.ping_seq, c.ping_sent_at, c.launches_total, c.last_launch_day,
        c.first_received_at, c.last_received_at
        FROM counters c JOIN installations i ON i.id = c.installation_id""",
    "installations": """
        SELECT i.uuid, i.version, i.edition, i.attributes, i.consent, i.first_row_instant,
        i.first_received_at FROM installations i""",
    "milestones": """
        SELECT i.uuid, m.name, m.day
        FROM milestones m JOIN installations i ON i.id = m.installation_id""",
    "uninstalls": """
        SELECT i.uuid, u.uuid AS event, u.seq, u.occurred_at, r.channel, r.first_received_at
        FROM uninstalls u JOIN installations i ON i.id = u.installation_id
        JOIN receipts r ON r.uninstall_id = u.id WHERE u.withdrawn_at IS NULL""",
    "answers": """
        SELECT i.uuid, a.reason, a.comment
        FROM answers a JOIN installations i ON i.id = a.installation_id""",
}
"""Everything that no order of arrival may change, without the numbers that the store gives."""


@pytest.fixture
def stores(store: Store, database: Database) -> Iterator[tuple[Store, Store]]:
    """Return two servers' stores on one database."""
    other = Store(database.url)
    yield store, other
    other.close()


def life(who: int) -> list[Arrival]:
    """Return what one copy says: pings that grow, and an event with an answer at the end."""
    same: dict[str, Any] = {"installation_id": UUID(int=who), "counter": UUID(int=who + 1000)}
    days: dict[tuple[date, str], int] = {}
    said = []
    for seq in range(1, PINGS + 1):
        version = f"{seq // 3}.0"
        day = (NOW - timedelta(days=PINGS - seq // 2)).date()
        days[day, version] = days.get((day, version), 0) + seq
        rows = tuple(row(f"{day}", n, version) for (day, version), n in days.items())
        at = after(minutes=seq)
        fields: dict[str, Any] = {
            **same,
            "sent_at": at,
            "days": rows,
            "version": version,
            "launches_total": sum(days.values()),
            "milestones": {f"m{seq % 3}": day},
            "attributes": {"seq": seq},
        }
        said.append(arrival(ping(seq, **fields), at))
    end = after(hours=1)
    how = {"uninstall_id": UUID(int=who + 2000), "at": end}
    event = leaving(
        PINGS + 1,
        sent_at=end,
        version="last",
        attributes={"seq": PINGS + 1},
        uninstall={**how, "answers": wire.Answers(reason="other", comment=f"of {who}")},
        **same,
    )
    return [*said, arrival(event, end)]


def at_once(*tasks: Callable[[], object]) -> list[object]:
    """Run tasks in threads that begin together; return what they return, or raise what they do."""
    ready = Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        ready.wait(timeout=30)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [ended.result() for ended in [pool.submit(run, task) for task in tasks]]


def state(database: Database, product: Product) -> dict[str, list[str]]:
    """Return a product's state, each part in an order of its own."""
    of_product = f"(SELECT * FROM installations WHERE product_id = {product.id}) i"  # noqa: S608
    return {
        name: sorted(map(repr, database.look(sql.replace("installations i", of_product))))
        for name, sql in STATE.items()
    }


def test_writers_at_once_leave_what_one_leaves(
    database: Database, stores: tuple[Store, Store], product: Product
) -> None:
    """Messages again and again, in any order, in groups, by four writers: the state is the same.

    Nor does one of them fail: writers wait for each other in one order.
    """
    lives = [life(who) for who in range(1, INSTALLATIONS + 1)]
    for story in lives:
        for message in story:
            stores[0].merge(product, [message])
    chance = random.Random(1)
    again = stores[0].create_product(name="Again", stopped_after_days=40, trial_days=30, now=NOW)
    messages = 2 * [message for story in lives for message in story]

    def write(store: Store, groups: list[list[Arrival]]) -> None:
        for group in groups:
            store.merge(again, group)

    portions = [chance.sample(messages, len(messages)) for _ in range(WRITERS)]
    groups = [
        [portion[start : start + 5] for start in range(0, len(portion), 5)] for portion in portions
    ]
    at_once(*(partial(write, stores[n % 2], groups[n]) for n in range(WRITERS)))
    assert state(database, again) == state(database, product)


@pytest.mark.parametrize("known", [True, False])
def test_no_message_brings_back_what_is_being_erased(
    stores: tuple[Store, Store], product: Product, look: Look, *, known: bool
) -> None:
    """Whichever comes first, the erasure or the ping: afterwards nothing is there."""
    one, other = stores
    for who in range(1, 31):
        message = arrival(ping(installation_id=UUID(int=who), days=(row("2026-11-20"),)))
        if known:
            one.merge(product, [message])
        at_once(
            partial(one.merge, product, [message]),
            partial(other.merge, product, [message]),
            partial(other.erase, product, UUID(int=who), NOW),
        )
    assert look("SELECT * FROM installations") == look("SELECT * FROM launches") == []
    assert len(look("SELECT * FROM tombstones")) == 30


def test_the_same_answer_at_once_is_one(
    stores: tuple[Store, Store], product: Product, look: Look
) -> None:
    """A form that is sent twice, to two servers, is one answer."""
    for who in range(1, 21):
        stores[0].merge(product, [arrival(leaving(installation_id=UUID(int=who)))])
        uninstall = stores[0].uninstall_number(product, UUID(int=who))
        assert uninstall is not None
        showing = shown_exit(stores[0], uninstall, NOW)
        stores[0].opened(showing, NOW)
        form: dict[str, Any] = {"uninstall": uninstall, "showing": showing, "now": NOW}
        said = Said(reason="other")
        at_once(*(partial(store.answer, said=said, **form) for store in stores))
    assert look("SELECT COUNT(*) AS n FROM answers") == [{"n": 20}]


def test_imported_answers_wait_in_line(stores: tuple[Store, Store], product: Product) -> None:
    """Answers of many copies and messages of the same, in opposite orders, block nobody."""
    ids = [UUID(int=who) for who in range(1, 200)]
    said = [(uuid, NOW, wire.Answers(score=7)) for uuid in reversed(ids)]
    messages = [arrival(ping(installation_id=uuid)) for uuid in ids]
    for n in range(5):
        at_once(
            partial(stores[0].import_answers, product, said),
            partial(stores[1].merge, product, messages[n:]),
        )


def test_a_name_is_taken_once_at_once(stores: tuple[Store, Store]) -> None:
    """Two servers that create a product of one name create one."""

    def create(store: Store, name: str) -> bool:
        try:
            store.create_product(name=name, stopped_after_days=40, trial_days=None, now=NOW)
        except ProductExistsError:
            return False
        return True

    for name in "abcdefgh":
        created = at_once(*(partial(create, store, name) for store in stores))
        assert sorted(map(bool, created)) == [False, True]
