"""What came in a time of abuse is set aside, and put back as it was."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.messages import NOW, after, arrival, leaving, ping, row

from exitpoll_agent import wire
from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Window
from exitpoll_server.store import Arrival, Channel, Excluded, Product, Store

START, END = after(hours=10), after(hours=20)
"""The time of abuse, in hours after `NOW`."""
LAST = 40
"""The hour of the last message; reports are made later."""

_names = count()


def a_product(store: Store) -> Product:
    return store.create_product(
        name=f"Product {next(_names)}", stopped_after_days=1, trial_days=30, now=NOW
    )


def report(store: Store, product: Product, hours: int = 100) -> str:
    """Return the report as JSON; the products of this test have one name in it."""
    counts = store.counts(
        product,
        Window(as_of=after(hours=hours), start=None, end=None),
        stopped_after_days=1,
        most_lines=200,
    )
    return render.as_json(reports.make(dataclasses.replace(counts, product="Sample")))


def without_the_count(text: str) -> tuple[str, int]:
    """Return a report without what it says of those set aside, and how many that are."""
    data = json.loads(text)
    set_aside = data["iceberg"].pop("set_aside")
    return json.dumps(data), set_aside["numerator"]


# -- any messages at all ---------------------------------------------------------------------

HOURS_OUTSIDE = [*range(10), *range(20, LAST)]
HOURS_INSIDE = range(10, 20)


@st.composite
def told(draw: st.DrawFn, *, number: int, first_heard: Sequence[int]) -> list[Arrival]:
    """Return what is told of one installation, by any channel, from an hour on."""
    first = draw(st.sampled_from(first_heard))
    hours = [first, *sorted(draw(st.lists(st.integers(first, LAST), max_size=4)))]
    who: dict[str, Any] = {
        "installation_id": UUID(int=number),
        "counter": UUID(int=number),
        "customer": draw(st.sampled_from([None, "a", "b"])),
        "os": "linux",
        "origin": "new",
        "installed_at": after(hours=first),
    }
    return [draw(a_message(who, seq, hour)) for seq, hour in enumerate(hours, 1)]


@st.composite
def a_message(draw: st.DrawFn, who: dict[str, Any], seq: int, hour: int) -> Arrival:
    at = after(hours=hour)
    who = {**who, "seq": seq, "sent_at": at, "version": draw(st.sampled_from(["1.0", "2.0"]))}
    days = [row("2026-11-20", draw(st.integers(0, 9_999))), row("2026-11-21", 1, "2.0")]
    if draw(st.booleans()):
        return arrival(ping(**who, days=tuple(days), launches_total=draw(st.integers(0, 99))), at)
    answers = wire.Answers(
        reason=draw(st.sampled_from([None, "other", "switched"])),
        comment=draw(st.sampled_from([None, "It is too slow."])),
    )
    how = {"uninstall_id": UUID(int=1_000 * who["counter"].int + seq), "at": at, "answers": answers}
    channel: Channel = draw(st.sampled_from(["agent", "browser", "link"]))
    return arrival(leaving(**who, uninstall=how), at, channel)


@st.composite
def people(draw: st.DrawFn, first_number: int, first_heard: Sequence[int]) -> list[Arrival]:
    numbers = range(first_number, first_number + draw(st.integers(1, 4)))
    return [one for n in numbers for one in draw(told(number=n, first_heard=first_heard))]


def in_order(arrivals: Sequence[Arrival]) -> list[Arrival]:
    return sorted(arrivals, key=lambda one: one.received_at)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(genuine=people(1, HOURS_OUTSIDE), abuse=people(101, HOURS_INSIDE))
def test_a_quarantine_restores_what_would_have_been(
    store: Store, genuine: list[Arrival], abuse: list[Arrival]
) -> None:
    """Set aside, abuse leaves the report of a world without it; put back, that of before.

    People known before go on through the time of abuse, and abusers after it.
    """
    untouched, abused = a_product(store), a_product(store)
    store.merge(untouched, in_order(genuine))
    store.merge(abused, in_order([*genuine, *abuse]))
    before = report(store, abused)
    made = store.quarantine(abused, start=START, end=END, note=None, now=NOW)
    during, set_aside = without_the_count(report(store, abused))
    assert during == without_the_count(report(store, untouched))[0]
    assert set_aside == made.installations == len({one.key for one in abuse})
    assert store.lift(made.id, NOW) is not None
    assert report(store, abused) == before


# -- one by one ------------------------------------------------------------------------------


def seen_at(*hours: float) -> list[Arrival]:
    """Return a ping of an installation each, first heard of in these hours."""
    return [
        arrival(ping(installation_id=UUID(int=n), days=(row("2026-11-20"),)), after(hours=hour))
        for n, hour in enumerate(hours, 1)
    ]


def levels(store: Store, product: Product, hours: int = 100) -> tuple[int, int]:
    """Return how many installations a report has seen, and how many were set aside."""
    iceberg = json.loads(report(store, product, hours))["iceberg"]
    return iceberg["seen"]["numerator"], iceberg["set_aside"]["numerator"]


def test_the_time_holds_its_beginning_and_not_its_end(store: Store, product: Product) -> None:
    """Two quarantines side by side leave nothing between them, and share nothing."""
    moment = timedelta(milliseconds=1) / timedelta(hours=1)
    store.merge(product, seen_at(10 - moment, 10, 20 - moment, 20))
    store.quarantine(product, start=START, end=END, note=None, now=NOW)
    assert levels(store, product) == (2, 2)


def test_who_is_in_two_quarantines_is_put_back_by_both(store: Store, product: Product) -> None:
    """Each is a mark of its own, and nobody is counted twice."""
    store.merge(product, seen_at(1, 12, 18))
    first = store.quarantine(product, start=START, end=END, note=None, now=NOW)
    second = store.quarantine(product, start=after(hours=15), end=END, note=None, now=NOW)
    assert levels(store, product) == (1, 2)
    store.lift(first.id, NOW)
    assert levels(store, product) == (2, 1)
    store.lift(second.id, NOW)
    assert levels(store, product) == (3, 0)


def test_a_quarantine_is_one_products(store: Store, product: Product) -> None:
    """Another product's installations of that time stay."""
    other = a_product(store)
    store.merge(other, seen_at(12))
    store.quarantine(product, start=START, end=END, note=None, now=NOW)
    assert levels(store, other) == (1, 0)


def test_who_comes_while_it_stands_is_set_aside_too(store: Store, product: Product) -> None:
    """A quarantine may be declared while the abuse goes on; messages are taken as ever."""
    store.quarantine(product, start=START, end=END, note=None, now=NOW)
    store.merge(product, seen_at(12))
    assert levels(store, product) == (0, 1)
    [one] = store.exclusions()
    assert one.installations == 1


def test_a_report_of_an_earlier_day_counts_whom_it_knew(store: Store, product: Product) -> None:
    """Of those set aside only the ones that had been heard of by then are said."""
    store.merge(product, seen_at(12, 18))
    store.quarantine(product, start=START, end=END, note=None, now=NOW)
    assert levels(store, product, hours=15) == (0, 1)


def test_rehearsals_are_not_counted(store: Store, product: Product) -> None:
    """They were in no report before, so none was set aside."""
    store.merge(product, [arrival(ping(test=True), after(hours=12))])
    made = store.quarantine(product, start=START, end=END, note=None, now=NOW)
    assert made.installations == 0
    assert levels(store, product) == (0, 0)


def test_an_erasure_goes_through_a_quarantine(store: Store, product: Product) -> None:
    """Whoever is set aside is erased like anybody, and does not come back with the lifting."""
    store.merge(product, seen_at(12, 13))
    made = store.quarantine(product, start=START, end=END, note=None, now=NOW)
    store.erase(product, UUID(int=1), NOW)
    store.lift(made.id, NOW)
    assert levels(store, product) == (1, 0)


# -- by id, and by version -------------------------------------------------------------------


def told_of_versions(*versions: str) -> list[Arrival]:
    """Return a ping of an installation each, of these versions."""
    days = (row("2026-11-20"),)
    return [
        arrival(ping(installation_id=UUID(int=n), version=version, days=days), after(hours=1))
        for n, version in enumerate(versions, 1)
    ]


BY = {
    "id": Excluded(installation_id=UUID(int=1)),
    "version": Excluded(version="0-dev"),
    "time": Excluded(start=START, end=END),
}


@pytest.mark.parametrize("by", BY)
def test_every_kind_leaves_the_world_without_it(store: Store, product: Product, by: str) -> None:
    """Reports are what they were without those left out, comments too; and back afterwards."""
    rest = told_of_versions("1.0", "2.0", "1.0")[1:]
    # Of the customer whose own machine comes next: that is no return.
    theirs: dict[str, Any] = {"customer": "c", "os": "linux"}
    left = leaving(2, installation_id=UUID(int=2), version="2.0", uninstall={"at": NOW}, **theirs)
    rest.append(arrival(left, after(hours=2)))
    untouched = a_product(store)
    store.merge(untouched, rest)
    who: dict[str, Any] = {"installation_id": UUID(int=1), "version": "0-dev", **theirs}
    begun: dict[str, Any] = {"origin": "new", "installed_at": after(hours=5)}
    said = {"answers": wire.Answers(reason="other", comment="Only a test."), "at": after(hours=13)}
    own = [
        arrival(ping(**who, **begun, days=(row("2026-11-20", 5),)), after(hours=12)),
        arrival(leaving(2, **who, uninstall=said), after(hours=13)),
    ]
    store.merge(product, [*rest, *own])
    before = report(store, product)
    made = store.keeping.leave_out(product, BY[by], note="ours", now=NOW)
    during, set_aside = without_the_count(report(store, product))
    assert during == without_the_count(report(store, untouched))[0]
    assert set_aside == made.installations == 1
    assert (made.kind == "quarantine") is (by == "time")
    assert store.lift(made.id, NOW) is not None
    assert report(store, product) == before


def test_a_version_is_the_last_that_is_known(store: Store, product: Product) -> None:
    """Who updates to another version counts again; who comes to it does not any more."""
    store.keeping.leave_out(product, Excluded(version="1.0"), note=None, now=NOW)
    store.merge(product, told_of_versions("1.0", "2.0"))
    assert levels(store, product) == (1, 1)
    updated = ping(2, installation_id=UUID(int=1), version="2.0")
    store.merge(product, [arrival(updated, after(hours=2))])
    assert levels(store, product) == (2, 0)
    left = leaving(2, installation_id=UUID(int=2), version="1.0", counter=None)
    store.merge(product, [arrival(left, after(hours=3), "browser")])
    assert levels(store, product) == (1, 1)


def test_a_copy_may_be_left_out_before_it_is_heard_of(store: Store, product: Product) -> None:
    """A developer names the own machine once, and it never counts; another product's does."""
    made = store.keeping.leave_out(
        product, Excluded(installation_id=UUID(int=1)), note="mine", now=NOW
    )
    assert made.installations == 0
    store.merge(product, seen_at(1, 2))
    other = a_product(store)
    store.merge(other, seen_at(1))
    assert (levels(store, product), levels(store, other)) == ((1, 1), (1, 0))


def test_the_mark_of_a_copy_is_erased_with_it(store: Store, product: Product) -> None:
    """A note about somebody's copy is theirs to see and to erase; other marks stay."""
    store.merge(product, seen_at(1))
    for who in (1, 2):
        which = Excluded(installation_id=UUID(int=who))
        store.keeping.leave_out(product, which, note="Anna's", now=NOW)
    [mark] = (one for one in store.known_of(product, UUID(int=1)) if one.title == "exclusions")
    assert ("note", "Anna's") in [(entry.name, entry.value) for entry in mark.records[0]]
    store.erase(product, UUID(int=1), NOW)
    assert [one.installation_id for one in store.exclusions()] == [UUID(int=2)]
