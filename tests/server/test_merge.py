"""The merge: lost, repeated, reordered, split over two servers — the launches are the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import TypeAlias
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.conftest import BOTH, Look, NewDatabase
from tests.server.databases import Database
from tests.server.messages import (
    INSTALLATION,
    NOW,
    after,
    arrival,
    day_number,
    leaving,
    ms,
    ping,
    row,
)

from exitpoll_agent import wire
from exitpoll_server.intake import take_ping
from exitpoll_server.store import Product, Store

Key: TypeAlias = tuple[UUID, int, str]

TODAY = NOW.date()
OTHER = UUID(int=0xC2)
EVERYTHING = (
    "installations",
    "history",
    "counters",
    "launches",
    "milestones",
    "uninstalls",
    "receipts",
    "answers",
)


def take(store: Store, product: Product, *messages: wire.Ping) -> None:
    """Merge messages one by one, each a minute after the one before."""
    for n, message in enumerate(messages):
        store.merge(product, [arrival(message, after(minutes=n))])


def everything(look: Look) -> dict[str, list[dict[str, object]]]:
    return {name: sorted(look(f"SELECT * FROM {name}"), key=repr) for name in EVERYTHING}  # noqa: S608


# -- launches, whatever happens to the messages --------------------------------------------


@dataclass
class Server:
    """One store, with a product of its own for every story."""

    store: Store
    database: Database

    def story(self, name: str) -> Product:
        return self.store.create_product(name=name, stopped_after_days=40, trial_days=None, now=NOW)

    def launches(self, product: Product) -> dict[Key, int]:
        rows = self.database.look(
            "SELECT c.uuid, l.day, v.name, l.launches FROM launches l "
            "JOIN counters c ON c.id = l.counter_id JOIN versions v ON v.id = l.version_id "
            "WHERE v.product_id = ?",
            product.id,
        )
        return {(UUID(row["uuid"]), row["day"], row["name"]): row["launches"] for row in rows}


@pytest.fixture(scope="module", params=BOTH)
def servers(
    request: pytest.FixtureRequest,
    new_database: NewDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Server, Server]]:
    """Return two servers, kept for a whole property: each example has products of its own."""
    databases = [new_database(request.param, tmp_path_factory.mktemp("server")) for _ in range(2)]
    one, other = (Server(Store(database.url), database) for database in databases)
    yield one, other
    for server in (one, other):
        server.store.close()


STORIES = count()

LAUNCHES = st.lists(
    st.tuples(
        st.sampled_from([UUID(int=n) for n in (1, 2, 3)]),
        st.integers(0, 3).map(lambda n: TODAY - timedelta(days=n)),
        st.sampled_from(["1.0", "2.0"]),
    ),
    min_size=1,
    max_size=12,
)


@dataclass(frozen=True)
class Story:
    """What happened, the pings that told of it, and where they ended up, in this order."""

    truth: dict[Key, int]
    deliveries: tuple[tuple[wire.Ping, int], ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Tell of launches: every ping may be lost, but each counter's last is complete and arrives."""
    counted: dict[UUID, Counter[tuple[date, str]]] = {}
    pings: list[wire.Ping] = []
    last: dict[UUID, wire.Ping] = {}
    for seq, (counter, day, version) in enumerate(draw(LAUNCHES), start=1):
        counted.setdefault(counter, Counter())[day, version] += 1
        days = tuple(
            wire.DayCount(day=day, version=version, launches=n)
            for (day, version), n in counted[counter].items()
        )
        last[counter] = ping(seq, counter=counter, days=days)
        pings.append(last[counter])
    arrived = draw(st.lists(st.sampled_from(pings), max_size=12)) + list(last.values())
    order = draw(st.permutations(arrived))
    truth = {
        (counter, day_number(day), version): n
        for counter, rows in counted.items()
        for (day, version), n in rows.items()
    }
    return Story(truth, tuple((message, draw(st.integers(0, 1))) for message in order))


@given(story=stories(), at_once=st.booleans())
def test_launches_survive_loss_repetition_and_disorder(
    servers: tuple[Server, Server], story: Story, *, at_once: bool
) -> None:
    """Pings lost, repeated, reordered, split over two servers: every launch counts once."""
    name = f"story {next(STORIES)}"
    products = [server.story(name) for server in servers]
    for n, server in enumerate(servers):
        here = [arrival(message) for message, to in story.deliveries if to == n]
        for group in [here] if at_once else [[one] for one in here]:
            server.store.merge(products[n], group)
    merged: dict[Key, int] = {}
    for server, product in zip(servers, products, strict=True):
        for key, launches in server.launches(product).items():
            merged[key] = max(merged.get(key, 0), launches)
    assert merged == story.truth


# -- twice is once -------------------------------------------------------------------------


@pytest.mark.parametrize("repeated", [0, 1, 2, 3])
def test_a_message_received_twice_changes_nothing(
    store: Store, product: Product, look: Look, repeated: int
) -> None:
    """Any message of a life, received again after the last, leaves every row as it was."""
    messages = [
        ping(1, version="1.0", edition="trial", days=(row("2026-11-18", 2),)),
        ping(2, version="1.0", days=(row("2026-11-18", 4),), milestones={"m": date(2026, 11, 19)}),
        ping(3, version="2.0", days=(row("2026-11-19", 1, "2.0"),), attributes={"plan": "pro"}),
        leaving(4, version="2.0", uninstall={"answers": wire.Answers(reason="other")}),
    ]
    for message in messages:
        store.merge(product, [arrival(message)])
    before = everything(look)
    store.merge(product, [arrival(messages[repeated])])
    assert everything(look) == before


# -- what changes --------------------------------------------------------------------------


@settings(max_examples=30)
@given(order=st.permutations(range(5)))
def test_within_a_counter_seq_orders_what_changes(
    servers: tuple[Server, Server], order: list[int]
) -> None:
    """In whatever order a counter's pings arrive, its last one says what is true now."""
    server, product = servers[0], servers[0].story(f"order {next(STORIES)}")
    for seq in order:
        server.store.merge(
            product, [arrival(ping(seq, version=f"{seq}.0", attributes={"seq": seq}))]
        )
    known = server.database.look(
        "SELECT version, attributes FROM installations WHERE product_id = ?", product.id
    )
    assert known == [{"version": "4.0", "attributes": '{"seq": 4}'}]


def test_between_counters_receipt_orders_what_changes(
    store: Store, product: Product, look: Look
) -> None:
    """Two people's profiles know nothing of each other's seq: who was heard last is right."""
    take(store, product, ping(500, version="1.0"), ping(2, counter=OTHER, version="2.0"))
    assert look("SELECT version FROM installations") == [{"version": "2.0"}]


def test_what_is_not_said_changes_nothing(store: Store, product: Product, look: Look) -> None:
    """A field that a later message leaves open keeps what was known."""
    take(store, product, ping(1, edition="paid", customer="c-1"), ping(2, version="2.0"))
    assert look("SELECT edition, customer, version FROM installations") == [
        {"edition": "paid", "customer": "c-1", "version": "2.0"}
    ]


def test_an_older_message_fills_what_nobody_has_said(
    store: Store, product: Product, look: Look
) -> None:
    """A delayed ping cannot take back what is newer, but may complete it."""
    take(store, product, ping(2, version="2.0"), ping(1, version="1.0", source="shop"))
    assert look("SELECT version, source FROM installations") == [
        {"version": "2.0", "source": "shop"}
    ]


def test_history_keeps_what_was(store: Store, product: Product, look: Look) -> None:
    """Each change is a row with its seq and receipt; what changes nothing adds none."""
    take(
        store,
        product,
        ping(1, version="1.0", edition="trial"),
        ping(2, version="1.0"),
        ping(3, version="2.0"),
    )
    assert look("SELECT seq, received_at, version, edition FROM history ORDER BY seq") == [
        {"seq": 1, "received_at": ms(NOW), "version": "1.0", "edition": "trial"},
        {"seq": 3, "received_at": ms(after(minutes=2)), "version": "2.0", "edition": "trial"},
    ]


def test_a_delayed_change_has_its_place_in_history(
    store: Store, product: Product, look: Look
) -> None:
    """A ping that was overtaken is history with its own seq, once, however often it comes."""
    take(store, product, ping(1, version="1.0"), ping(3, version="3.0"))
    take(store, product, *[ping(2, version="2.0")] * 3)
    assert [r["version"] for r in look("SELECT version FROM history ORDER BY seq")] == [
        "1.0",
        "2.0",
        "3.0",
    ]


# -- receipts, days and clocks -------------------------------------------------------------


def test_first_receipts_are_kept(store: Store, product: Product, look: Look) -> None:
    """When an installation, a row, a milestone was first heard of stays, whatever comes again."""
    heard = ping(1, days=(row("2026-11-18", 2),), milestones={"m": date(2026, 11, 18)})
    again = replace(heard, seq=2, days=(row("2026-11-18", 5),))
    store.merge(product, [arrival(heard, after(hours=1))])
    store.merge(product, [arrival(again, after(hours=2))])
    for table in ("installations", "counters", "launches", "milestones"):
        (first,) = look(f"SELECT first_received_at FROM {table}")  # noqa: S608
        assert first == {"first_received_at": ms(after(hours=1))}
    assert look("SELECT last_received_at FROM counters") == [
        {"last_received_at": ms(after(hours=2))}
    ]


@pytest.mark.parametrize(
    ("day", "dated"),
    [
        ("1999-12-31", 0),
        ("2000-01-01", 1),
        ("2026-11-20", 1),
        ("2026-11-21", 1),
        ("2026-11-22", 0),
        ("9999-12-31", 0),
    ],
)
def test_impossible_days_count_as_launches_but_not_as_days(
    store: Store, product: Product, look: Look, day: str, dated: int
) -> None:
    """A day before 2000 or after tomorrow keeps its label and its launches, and is undated."""
    take(store, product, ping(days=(row(day, 3),)))
    assert look("SELECT day, launches, dated FROM launches") == [
        {"day": day_number(date.fromisoformat(day)), "launches": 3, "dated": dated}
    ]


def test_an_impossible_day_begins_no_life(store: Store, product: Product, look: Look) -> None:
    """A clock without a battery does not make an installation decades old."""
    take(store, product, ping(days=(row("1980-01-01"), row("2026-11-19"))))
    noon = datetime.combine(date(2026, 11, 19), NOW.timetz())
    assert look("SELECT first_row_instant FROM installations") == [{"first_row_instant": ms(noon)}]


def test_a_day_becomes_dated_once_it_can_be(store: Store, product: Product, look: Look) -> None:
    """A label from a clock ahead of ours is dated when it is told again after that day."""
    days = (row("2026-11-25"),)
    store.merge(product, [arrival(ping(1, days=days))])
    store.merge(product, [arrival(ping(2, days=days), after(days=6))])
    assert look("SELECT dated FROM launches") == [{"dated": 1}]


def test_a_day_without_launches_is_kept(store: Store, product: Product, look: Look) -> None:
    """A tray program's row of 0 says that it ran that day."""
    take(store, product, ping(days=(row("2026-11-20", 0),)))
    assert look("SELECT launches, dated FROM launches") == [{"launches": 0, "dated": 1}]


def test_versions_of_a_day_are_counted_apart(store: Store, product: Product, look: Look) -> None:
    """On the day of an update each version keeps its own launches."""
    days = (row("2026-11-20", 2, "1.0"), row("2026-11-20", 3, "2.0"))
    take(store, product, ping(days=days))
    assert look("SELECT launches FROM launches ORDER BY launches") == [
        {"launches": 2},
        {"launches": 3},
    ]


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(days=-400), timedelta(days=300)])
def test_the_clock_offset_stands_beside_what_the_agent_said(
    store: Store, product: Product, look: Look, offset: timedelta
) -> None:
    """A wrong clock is noted; the labels that it wrote are never rewritten."""
    sent_at, installed_at = NOW - offset, NOW - offset - timedelta(days=10)
    take(
        store, product, ping(sent_at=sent_at, installed_at=installed_at, days=(row("2026-11-01"),))
    )
    assert look(
        "SELECT c.clock_offset, i.installed_at, l.day FROM counters c, installations i, launches l"
    ) == [
        {
            "clock_offset": offset // timedelta(milliseconds=1),
            "installed_at": ms(installed_at),
            "day": day_number(date(2026, 11, 1)),
        }
    ]
    assert look("SELECT installed_instant FROM installations") == [
        {"installed_instant": ms(after(days=-10))}
    ]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_are_no_wrong_clock(
    store: Store, product: Product, look: Look, minutes: int
) -> None:
    """An offset that the way itself may take corrects nothing."""
    installed_at = after(days=-10)
    take(store, product, ping(sent_at=after(minutes=minutes), installed_at=installed_at))
    assert look("SELECT installed_instant FROM installations") == [
        {"installed_instant": ms(installed_at)}
    ]


@settings(max_examples=30)
@given(
    installed=st.lists(st.timedeltas(timedelta(days=-700), timedelta(days=700)), min_size=1),
    offset=st.timedeltas(timedelta(days=-700), timedelta(days=700)),
)
def test_an_install_is_never_later_than_its_receipt(
    servers: tuple[Server, Server], installed: list[timedelta], offset: timedelta
) -> None:
    """Whatever the clocks say: what we have heard of has happened."""
    server, product = servers[0], servers[0].story(f"install {next(STORIES)}")
    for seq, instant in enumerate(installed):
        message = ping(seq, sent_at=NOW + offset, installed_at=NOW + instant)
        server.store.merge(product, [arrival(message, after(minutes=seq))])
    late = server.database.look(
        "SELECT id FROM installations "
        "WHERE product_id = ? AND installed_instant > first_received_at",
        product.id,
    )
    assert late == []


FAR = [datetime(1, 1, 1, tzinfo=wire.UTC), datetime(9999, 12, 31, tzinfo=wire.UTC)]


@pytest.mark.parametrize("sent_at", FAR)
@pytest.mark.parametrize("at", FAR)
def test_no_clock_makes_an_instant_that_cannot_be_written(
    store: Store, product: Product, look: Look, sent_at: datetime, at: datetime
) -> None:
    """However far off two clocks are, what is read lies between 1970 and its receipt."""
    take(store, product, leaving(sent_at=sent_at, installed_at=at, uninstall={"at": at}))
    (installed,) = look("SELECT installed_instant AS instant FROM installations")
    (left,) = look("SELECT instant FROM uninstalls")
    assert 0 <= installed["instant"] <= ms(NOW)
    assert 0 <= left["instant"] <= ms(NOW)


# -- apart ---------------------------------------------------------------------------------


def test_a_rehearsal_is_another_installation(store: Store, product: Product, look: Look) -> None:
    """A test message with the real id is stored apart and changes nothing of the real one."""
    take(store, product, ping(1, version="1.0"), ping(2, version="9.9", test=True))
    assert look("SELECT test, version FROM installations ORDER BY test") == [
        {"test": 0, "version": "1.0"},
        {"test": 1, "version": "9.9"},
    ]


def test_products_share_nothing(store: Store, product: Product, look: Look) -> None:
    """The same id under another product's key is another installation."""
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    take(store, product, ping(1, version="1.0"))
    take(store, other, ping(2, version="2.0"))
    assert look("SELECT version FROM installations ORDER BY version") == [
        {"version": "1.0"},
        {"version": "2.0"},
    ]


def test_withdrawn_consent_is_dated_and_given_again(
    store: Store, product: Product, look: Look
) -> None:
    """Collection is censored from the first message that says so, until consent is full again."""
    withdrawn = replace(ping(2, consent="none"), counter=None)
    take(store, product, ping(1), withdrawn, withdrawn)
    assert look("SELECT consent, censored_at FROM installations") == [
        {"consent": "none", "censored_at": ms(after(minutes=1))}
    ]
    take(store, product, ping(3))
    assert look("SELECT consent, censored_at FROM installations") == [
        {"consent": "full", "censored_at": None}
    ]


def test_an_empty_group_is_nothing(store: Store, product: Product, look: Look) -> None:
    """Merging no messages changes nothing."""
    store.merge(product, [])
    assert look("SELECT * FROM installations WHERE uuid = ?", INSTALLATION.hex) == []


def test_a_delayed_ping_does_not_undo_withdrawn_consent(
    store: Store, product: Product, look: Look
) -> None:
    """The withdrawing message is in order with the counter's others, and the last word stands."""
    said: list[tuple[int, wire.Consent, int]] = [(1, "full", 0), (3, "none", 2), (2, "full", 3)]
    for seq, consent, hours in said:
        data = json.loads(wire.to_json(ping(seq, sent_at=after(hours=hours), consent=consent)))
        take_ping(store, product, data, after(hours=hours)).durable.result()
    [row] = look("SELECT consent, censored_at FROM installations")
    assert (row["consent"], row["censored_at"]) == ("none", ms(after(hours=2)))
