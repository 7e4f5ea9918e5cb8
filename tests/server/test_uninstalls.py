"""Leaving: one uninstall a lifetime, by whichever channels, until a later ping withdraws it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.conftest import BOTH, Look, NewDatabase
from tests.server.databases import Database
from tests.server.messages import (
    COUNTER,
    INSTALLATION,
    NOW,
    UNINSTALL,
    after,
    arrival,
    leaving,
    ms,
    ping,
    row,
    shown_exit,
)

from exitpoll_agent import wire
from exitpoll_server import intake
from exitpoll_server.store import Channel, Product, Said, Store
from exitpoll_server.store.tables import FACTS

OTHER_COUNTER = UUID(int=0xC2)
OTHER_UNINSTALL = UUID(int=0xE2)


def take(
    store: Store,
    product: Product,
    message: wire.Ping,
    received_at: datetime = NOW,
    channel: Channel = "agent",
) -> None:
    store.merge(product, [arrival(message, received_at, channel)])


def uninstalls(look: Look) -> list[dict[str, Any]]:
    return look("SELECT * FROM uninstalls ORDER BY id")


def stands(look: Look) -> list[bool]:
    return [u["withdrawn_at"] is None for u in uninstalls(look)]


def receipts(look: Look) -> dict[str, int]:
    rows = look("SELECT channel, first_received_at FROM receipts")
    return {row["channel"]: row["first_received_at"] for row in rows}


# -- channels ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("agent", "browser"), ("browser", "agent")])
def test_two_channels_are_one_uninstall(
    store: Store, product: Product, look: Look, order: tuple[Channel, Channel]
) -> None:
    """Heard by agent and browser, an uninstall is one, with the first receipt by each."""
    for n, channel in enumerate((*order, *order)):
        take(store, product, leaving(), after(minutes=n), channel)
    assert len(uninstalls(look)) == 1
    assert receipts(look) == {order[0]: ms(NOW), order[1]: ms(after(minutes=1))}


def test_an_earlier_receipt_told_later_is_the_first(
    store: Store, product: Product, look: Look
) -> None:
    """The first receipt is the earliest, in whatever order messages are merged."""
    take(store, product, leaving(), after(minutes=5))
    take(store, product, leaving(), after(minutes=2))
    assert receipts(look) == {"agent": ms(after(minutes=2))}


def test_another_id_for_a_copy_already_gone_is_the_same_event(
    store: Store, product: Product, look: Look
) -> None:
    """A link beside the agent's own event makes no second uninstall."""
    take(store, product, leaving())
    link = leaving(0, counter=None, uninstall={"uninstall_id": OTHER_UNINSTALL})
    take(store, product, link, after(hours=1), "link")
    assert [u["uuid"] for u in uninstalls(look)] == [UNINSTALL.hex]
    assert set(receipts(look)) == {"agent", "link"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_counters_second_id_tells_that_the_first_was_cancelled(
    store: Store, product: Product, look: Look, order: tuple[int, int]
) -> None:
    """The agent makes a new id only after a launch: though its ping is lost, the last id stands."""
    events = (
        leaving(7),
        leaving(9, uninstall={"uninstall_id": OTHER_UNINSTALL, "at": after(days=3)}),
    )
    for hours, n in enumerate(order):
        take(store, product, events[n], after(days=3, hours=hours))
    standing = [u["uuid"] for u in uninstalls(look) if u["withdrawn_at"] is None]
    assert standing == [OTHER_UNINSTALL.hex]


def test_a_link_is_withdrawn_by_our_clock(store: Store, product: Product, look: Look) -> None:
    """An agent whose clock is a year behind still takes a link's uninstall back."""
    link = leaving(0, counter=None, uninstall={"at": NOW})
    take(store, product, link, NOW, "link")
    take(store, product, ping(1, sent_at=after(days=-365)), after(days=1))
    assert stands(look) == [False]


def test_an_uninstall_under_consent_exit_keeps_nothing_known_before(
    store: Store, product: Product, look: Look
) -> None:
    """Whoever narrowed the consent leaves without customer and edition."""
    take(store, product, ping(1, customer="acme", edition="pro", version="1.0"))
    take(store, product, leaving(2, counter=None, consent="exit", version="1.1"))
    left = uninstalls(look)[0]
    assert (left["version"], left["customer"], left["edition"], left["launches"]) == (
        "1.1",
        None,
        None,
        None,
    )


def test_a_copy_that_came_back_can_leave_again(store: Store, product: Product, look: Look) -> None:
    """After a withdrawn uninstall the next one is a new one, and stands."""
    take(store, product, leaving(2))
    take(store, product, ping(3, sent_at=after(days=1)), after(days=1))
    event = leaving(4, uninstall={"uninstall_id": OTHER_UNINSTALL, "at": after(days=2)})
    take(store, product, event, after(days=2))
    assert stands(look) == [False, True]


def test_link_reloads_count_once(store: Store, product: Product, look: Look) -> None:
    """A plain link with an id, opened again and again, is one uninstall, known from the link."""
    for n in range(3):
        link(store, product, "machine 7", after(minutes=n))
    assert len(uninstalls(look)) == 1
    assert receipts(look) == {"link": ms(NOW)}


def test_links_without_an_id_are_different_people(
    store: Store, product: Product, look: Look
) -> None:
    """Where a setup script tells no id, every opening is somebody else."""
    link(store, product, None)
    link(store, product, None)
    assert len(uninstalls(look)) == 2


def test_a_link_says_nothing_of_consent(store: Store, product: Product, look: Look) -> None:
    """An uninstall that only a link reports is not counted among those of consent `exit`."""
    link(store, product, "machine 7")
    assert [u["consent"] for u in uninstalls(look)] == [None]
    assert look("SELECT consent FROM installations") == [{"consent": None}]


def test_a_link_and_an_agent_are_one(store: Store, product: Product, look: Look) -> None:
    """The setup script's link with the agent's id adds a channel, not an uninstall."""
    take(store, product, leaving())
    link(store, product, str(INSTALLATION), after(minutes=1))
    assert len(uninstalls(look)) == 1
    assert set(receipts(look)) == {"agent", "link"}


def link(store: Store, product: Product, installation: str | None, now: datetime = NOW) -> None:
    taken = intake.take_link(
        store, product, installation=installation, version="1.0", locale="ru", now=now
    )
    taken.durable.result()


# -- coming back ---------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0.001, 1, 400])
def test_a_later_ping_withdraws_at_any_age(
    store: Store, product: Product, look: Look, days: float
) -> None:
    """Cancelled, repaired, upgraded: whenever a later ping comes, it was no uninstall."""
    take(store, product, leaving(9))
    take(store, product, ping(10, sent_at=after(days=days)), after(days=days))
    assert [u["withdrawn_at"] for u in uninstalls(look)] == [ms(after(days=days))]


def test_seq_tells_what_is_later_where_the_clock_was_put_back(
    store: Store, product: Product, look: Look
) -> None:
    """Within a counter no clock decides: a higher seq withdraws, whatever its instant says."""
    take(store, product, leaving(9))
    take(store, product, ping(10, sent_at=after(days=-30)), after(hours=1))
    assert stands(look) == [False]


def test_a_delayed_older_ping_withdraws_nothing(store: Store, product: Product, look: Look) -> None:
    """A ping sent before the uninstall and received after it brings launches, no return."""
    take(store, product, leaving(9))
    take(store, product, ping(8, sent_at=after(hours=-1), days=(row("2026-11-20"),)), after(days=1))
    assert stands(look) == [True]
    assert look("SELECT launches FROM launches") == [{"launches": 1}]


def test_a_ping_received_before_its_older_uninstall_withdraws_it(
    store: Store, product: Product, look: Look
) -> None:
    """An uninstall that was overtaken by the ping after it is withdrawn as it arrives."""
    take(store, product, ping(10, sent_at=after(hours=1)), after(hours=1))
    take(store, product, leaving(9), after(hours=2))
    assert stands(look) == [False]


@pytest.mark.parametrize(("hours", "standing"), [(-1, True), (0, False), (1, False)])
def test_another_counter_is_compared_by_when_it_spoke(
    store: Store, product: Product, look: Look, hours: int, *, standing: bool
) -> None:
    """Another profile has a seq of its own: the instants decide, in one second for the ping.

    An updater that removes, installs and starts takes less than a second where the machine is fast.
    """
    take(store, product, leaving(9))
    take(
        store, product, ping(999, counter=OTHER_COUNTER, sent_at=after(hours=hours)), after(days=1)
    )
    assert stands(look) == [standing]


def test_the_same_event_again_does_not_undo_a_return(
    store: Store, product: Product, look: Look
) -> None:
    """A retried event that a ping has already disproved stays withdrawn."""
    take(store, product, leaving(9))
    take(store, product, ping(10, sent_at=after(hours=1)), after(hours=1))
    take(store, product, leaving(9), after(hours=2))
    assert stands(look) == [False]


@pytest.fixture(scope="module", params=BOTH)
def kept(
    request: pytest.FixtureRequest,
    new_database: NewDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Store, Database]]:
    """Return a store and its database, for a whole property: each example has its own product."""
    database = new_database(request.param, tmp_path_factory.mktemp("kept"))
    store = Store(database.url)
    yield store, database
    store.close()


NAMES = count()
MOMENTS = st.permutations(range(1, 7)).flatmap(
    lambda order: st.lists(
        st.sampled_from(["ping", "leaves", "leaves by another id"]), min_size=6, max_size=6
    ).map(lambda kinds: [(seq, kinds[seq - 1]) for seq in order])
)


@settings(max_examples=60)
@given(moments=MOMENTS)
def test_whether_a_copy_is_gone_does_not_hang_on_the_order_of_arrival(
    kept: tuple[Store, Database], moments: list[tuple[int, str]]
) -> None:
    """A copy is gone exactly when its counter's last word was an uninstall, however it arrives."""
    store, database = kept
    product = store.create_product(
        name=f"story {next(NAMES)}", stopped_after_days=40, trial_days=None, now=NOW
    )
    for seq, kind in moments:
        at = after(minutes=seq)
        uuid = UNINSTALL if kind == "leaves" else OTHER_UNINSTALL
        how = {"uninstall_id": uuid, "at": at}
        message = ping(seq) if kind == "ping" else leaving(seq, uninstall=how)
        take(store, product, replace(message, sent_at=at), after(hours=1))
    standing = database.look(
        "SELECT u.id FROM uninstalls u JOIN installations i ON i.id = u.installation_id "
        "WHERE i.product_id = ? AND u.withdrawn_at IS NULL",
        product.id,
    )
    assert bool(standing) == (max(moments)[1] != "ping")


# -- what is kept of it --------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "standing"), [(-1, True), (1, False)])
def test_an_uninstall_keeps_what_was_known_when_it_happened(
    store: Store, product: Product, look: Look, hours: int, *, standing: bool
) -> None:
    """Version, edition, customer, attributes… of the day it left, whatever is said afterwards."""
    then: dict[str, Any] = {
        **{name: f"{name} then" for name in FACTS if name != "attributes"},
        "attributes": {"plan": "pro"},
    }
    later = {**{name: f"{name} later" for name in then}, "attributes": {"plan": "free"}}
    take(store, product, ping(1, **then))
    take(store, product, leaving(2))
    another = ping(3, counter=OTHER_COUNTER, sent_at=after(hours=hours), **later)
    take(store, product, another, after(days=1))
    assert look("SELECT version FROM installations") == [{"version": "version later"}]
    assert stands(look) == [standing]
    (kept,) = look(f"SELECT {', '.join(FACTS)} FROM uninstalls")  # noqa: S608
    assert kept == {**then, "attributes": '{"plan": "pro"}'}


def test_the_agents_event_completes_the_browsers(
    store: Store, product: Product, look: Look
) -> None:
    """An address tells no customer; the agent's own event, arriving later, does."""
    event = leaving(customer="c-1", attributes={"plan": "pro"})
    take(store, product, replace(event, customer=None, attributes={}), channel="browser")
    take(store, product, event, after(minutes=1))
    assert look("SELECT customer, attributes FROM uninstalls") == [
        {"customer": "c-1", "attributes": '{"plan": "pro"}'}
    ]


def test_everything_about_the_leaving_is_kept(store: Store, product: Product, look: Look) -> None:
    """Context, whether and why not asked, and scope stand on the uninstall."""
    how = {"context": "remove", "asked": "no", "not_asked": "unattended", "scope": "machine"}
    take(store, product, leaving(uninstall=how))
    assert look("SELECT context, asked, not_asked, scope, consent FROM uninstalls") == [
        {**how, "consent": "full"}
    ]


def test_a_wrong_clock_is_corrected_when_read_and_never_rewritten(
    store: Store, product: Product, look: Look
) -> None:
    """The agent's instant stays as it was said; beside it stands the instant as it is read."""
    take(store, product, leaving(sent_at=after(days=-2), uninstall={"at": after(days=-3)}))
    assert look("SELECT occurred_at, instant FROM uninstalls") == [
        {"occurred_at": ms(after(days=-3)), "instant": ms(after(days=-1))}
    ]


def test_consent_exit_keeps_no_history(store: Store, product: Product, look: Look) -> None:
    """Version, language, system and coarse steps are kept; more is not, even if it is sent."""
    told_of_all: dict[str, Any] = {name: f"{name}!" for name in FACTS if name != "attributes"}
    talkative = leaving(
        consent="exit",
        **told_of_all,
        attributes={"plan": "pro"},
        origin="new",
        installed_at=after(days=-10),
        installed_version="0.9",
        counted_since=after(days=-9),
        launches_total=57,
        days=(row("2026-11-20"),),
        milestones={"m": NOW.date()},
        uninstall={"tenure_step": 241, "launches_step": 57},
    )
    taken = intake.take_uninstall(store, product, as_sent(talkative), NOW, channel="agent")
    taken.durable.result()
    told = {"version": "version!", "os": "os!", "locale": "locale!"}
    (kept,) = look(f"SELECT {', '.join(FACTS)} FROM uninstalls")  # noqa: S608
    assert kept == {**dict.fromkeys(FACTS), **told}
    (steps,) = look("SELECT tenure_step, launches_step, counter_id FROM uninstalls")
    assert steps == {"tenure_step": 168, "launches_step": 10, "counter_id": None}
    (life,) = look(
        "SELECT origin, installed_at, installed_version, counted_since FROM installations"
    )
    assert life == {
        "origin": "unknown",
        "installed_at": None,
        "installed_version": None,
        "counted_since": None,
    }
    for table in ("counters", "launches", "milestones"):
        assert look(f"SELECT * FROM {table}") == []  # noqa: S608


def as_sent(message: wire.Ping) -> object:
    return json.loads(wire.to_json(message))


# -- answers -------------------------------------------------------------------------------


def said(look: Look) -> list[str | None]:
    return [row["reason"] for row in look("SELECT reason FROM answers ORDER BY id")]


def answering(reason: str, seq: int = 9) -> wire.UninstallEvent:
    return leaving(seq, uninstall={"answers": wire.Answers(reason=reason)})


def test_a_retried_event_answers_once(store: Store, product: Product, look: Look) -> None:
    """An event sent again because its confirmation was lost does not double its answers."""
    for n in range(3):
        take(store, product, answering("other"), after(minutes=n))
    assert said(look) == ["other"]


def test_answers_are_only_ever_added(store: Store, product: Product, look: Look) -> None:
    """Who changes their mind twice is kept with all three answers, the last one last."""
    for n, reason in enumerate(["switched", "other", "switched"]):
        take(store, product, answering(reason), after(minutes=n))
    assert said(look) == ["switched", "other", "switched"]
    number = store.uninstall_number(product, INSTALLATION)
    assert number is not None
    person = store.asked(number)
    assert person is not None
    assert person.said.reason == "switched"


def test_an_event_without_answers_adds_none(store: Store, product: Product, look: Look) -> None:
    """Answers that are all empty leave no row behind."""
    take(store, product, leaving(uninstall={"answers": wire.Answers()}))
    assert said(look) == []


# -- apart, and gone -----------------------------------------------------------------------


def test_a_rehearsed_uninstall_is_stored_apart(store: Store, product: Product, look: Look) -> None:
    """A test event with the real id leaves the real installation installed."""
    take(store, product, ping(1))
    take(store, product, leaving(2, test=True))
    assert look(
        "SELECT i.test FROM uninstalls u JOIN installations i ON i.id = u.installation_id"
    ) == [{"test": 1}]
    assert store.uninstall_number(product, INSTALLATION) is None
    assert store.uninstall_number(product, INSTALLATION, test=True) is not None


OF_A_PERSON = (
    "installations",
    "history",
    "counters",
    "launches",
    "milestones",
    "uninstalls",
    "receipts",
    "showings",
    "answers",
)


def live_and_leave(store: Store, product: Product) -> None:
    """Put something into every table, rehearsals included."""
    for test in (False, True):
        take(
            store,
            product,
            ping(
                1, test=test, version="1", days=(row("2026-11-20"),), milestones={"m": NOW.date()}
            ),
        )
        take(store, product, replace(answering("other"), test=test))
        number = store.uninstall_number(product, INSTALLATION, test=test)
        assert number is not None
        shown = shown_exit(store, number, NOW)
        store.answer(uninstall=number, showing=shown, said=Said(comment="Bye"), now=NOW)


def test_erasure_leaves_nothing(store: Store, product: Product, look: Look) -> None:
    """Nothing of the installation is left in any table, of its rehearsals neither."""
    live_and_leave(store, product)
    assert all(look(f"SELECT 1 FROM {table}") for table in OF_A_PERSON)  # noqa: S608
    store.erase(product, INSTALLATION, NOW)
    assert not any(look(f"SELECT 1 FROM {table}") for table in OF_A_PERSON)  # noqa: S608


def test_erasure_keeps_late_messages_out(store: Store, product: Product, look: Look) -> None:
    """A ping or event that was under way, and an erasure repeated, bring nothing back."""
    live_and_leave(store, product)
    for _ in range(2):
        store.erase(product, INSTALLATION, NOW)
        take(store, product, ping(2), after(hours=1))
        take(store, product, leaving(3, test=True), after(hours=1), "browser")
    assert not any(look(f"SELECT 1 FROM {table}") for table in OF_A_PERSON)  # noqa: S608


def test_a_rehearsed_erasure_takes_only_the_rehearsal(
    store: Store, product: Product, look: Look
) -> None:
    """An erasure marked test deletes what was marked test; a real copy stays, and stays heard."""
    live_and_leave(store, product)
    store.erase_rehearsals(product, INSTALLATION)
    assert look("SELECT test FROM installations") == [{"test": 0}]
    assert [len(look(f"SELECT 1 FROM {table}")) for table in OF_A_PERSON[5:]] == [1, 1, 1, 2]  # noqa: S608
    take(store, product, ping(20), after(hours=1))
    assert look("SELECT last_received_at FROM counters") == [
        {"last_received_at": ms(after(hours=1))}
    ]


def test_erasure_touches_nobody_else(store: Store, product: Product, look: Look) -> None:
    """Neighbours, and the same id under another product, stay."""
    other = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    take(store, product, ping(1))
    take(store, other, ping(1))
    take(store, product, ping(1, installation_id=UUID(int=2), counter=COUNTER))
    store.erase(product, INSTALLATION, NOW)
    assert look("SELECT COUNT(*) AS n FROM installations") == [{"n": 2}]


def test_an_unknown_id_can_be_erased_in_advance(store: Store, product: Product, look: Look) -> None:
    """Whoever asks before anything arrived is remembered: nothing is taken afterwards."""
    store.erase(product, INSTALLATION, NOW)
    take(store, product, ping(1), after(hours=1))
    assert look("SELECT * FROM installations") == []
