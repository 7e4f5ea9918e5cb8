"""A segment's report is the report of a product that has only that segment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.server.messages import NOW, after, arrival, leaving, ping, row

from exitpoll_agent import wire
from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import Counts, Window
from exitpoll_server.store import Arrival, Product, Store


def life(who: int, channel: str, plan: str) -> list[Arrival]:
    """Return a copy that is used; every second one is uninstalled, every fourth with a reason."""
    begun = NOW - timedelta(days=100 - who)
    days = tuple(row(str((begun + timedelta(days=n)).date()), 2) for n in range(0, 50, who))
    same = {
        "installation_id": UUID(int=who),
        "counter": UUID(int=who),
        "channel": channel,
        "attributes": {"plan": plan},
    }
    heard = [arrival(ping(1, installed_at=begun, origin="new", days=days, **same), NOW)]
    if who % 2 == 0:
        answers = (
            wire.Answers(reason="too-slow", comment="Takes a minute") if who % 4 == 0 else None
        )
        how = {"uninstall_id": UUID(int=who), "at": NOW, "asked": "installer", "answers": answers}
        heard.append(arrival(leaving(2, uninstall=how, **same), NOW))
    return heard


EVERYBODY = {
    who: ("beta" if who % 3 == 0 else "stable", "pro" if who % 5 < 2 else "home")
    for who in range(1, 25)
}


def told(store: Store, name: str, channel: str | None = None, plan: str | None = None) -> Product:
    product = store.create_product(name=name, stopped_after_days=40, trial_days=None, now=NOW)
    for who, (of_channel, of_plan) in EVERYBODY.items():
        if channel in (None, of_channel) and plan in (None, of_plan):
            store.merge(product, life(who, of_channel, of_plan))
    return product


def count(store: Store, product: Product, **where: str) -> Counts:
    window = Window(as_of=after(days=1), start=None, end=None)
    named = {name.replace("_", ":"): value for name, value in where.items()}
    return store.counts(product, window, stopped_after_days=40, most_lines=100, where=named)


@pytest.mark.parametrize(
    ("where", "only"),
    [
        ({"channel": "beta"}, {"channel": "beta"}),
        ({"attribute_plan": "pro"}, {"plan": "pro"}),
        ({"channel": "stable", "attribute_plan": "home"}, {"channel": "stable", "plan": "home"}),
        ({"channel": "nightly"}, {"channel": "nightly"}),
    ],
)
def test_a_segment_is_a_product_of_its_own(
    store: Store, where: dict[str, str], only: dict[str, str]
) -> None:
    """Every figure of a segment is that of a product where the others never were."""
    whole, part = told(store, "Whole"), told(store, "Part", **only)
    segment = replace(count(store, whole, **where), product="", where={})
    alone = replace(count(store, part), product="")
    assert segment == alone
    assert json.loads(render.as_json(reports.make(segment)))["product"] == ""


def test_an_attribute_may_be_a_number(store: Store, product: Product) -> None:
    """A number is a value like another, beside copies that have none."""
    for who, attributes in ((1, {"seats": 5}), (2, {"plan": "pro"}), (3, {"seats": 5})):
        same = {"installation_id": UUID(int=who), "counter": UUID(int=who)}
        store.merge(product, [arrival(ping(1, attributes=attributes, **same), NOW)])
    seats = {
        one.value: one.installations
        for one in count(store, product).segments
        if one.dimension == "attribute:seats"
    }
    assert seats == {"5": 2, None: 1}
