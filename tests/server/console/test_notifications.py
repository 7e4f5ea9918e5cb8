"""Notifications at the console: mail to oneself, webhooks with a secret shown once, and the log."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from tests.server.console.visitors import Visitor, member, said
from tests.server.messages import NOW

from exitpoll_server import create_app
from exitpoll_server.config import load
from exitpoll_server.notify import payloads
from exitpoll_server.store import Product, Store

URL = "https://hooks.example.com/exitpoll"


def page(product: Product, rest: str = "") -> str:
    return f"/{product.id}/notifications{rest}"


def add(visitor: Visitor, product: Product, url: str = URL, *events: str) -> str:
    """Add a webhook; return what the page says then."""
    answer = visitor.post(
        page(product, "/webhooks"), url=url, events=list(events) or ["uninstall", "alarm"]
    )
    assert answer.status_code == 200, said(answer)
    return answer.text


@pytest.mark.parametrize("role", ["analyst", "support", "owner"])
def test_everybody_chooses_their_own_mail(
    app: Flask, store: Store, product: Product, ada: Visitor, role: str
) -> None:
    """Each role for themselves alone; what is not ticked is not sent any more."""
    somebody = member(app, store, product, role)  # type: ignore[arg-type]
    account = store.people.by_email(f"{role}-{product.id}@example.com")
    assert account is not None
    assert somebody.post(page(product), kind=["digest", "alarm", "gossip"]).status_code == 303
    assert store.notices.wishes(account, product) == {"digest", "alarm"}
    assert len(re.findall("checked", somebody.get(page(product)).text)) == 2 + 4 * (role == "owner")
    somebody.post(page(product), kind=["alarm"])
    assert store.notices.wishes(account, product) == {"alarm"}
    first = store.people.by_email("ada@example.com")
    assert first is not None
    assert ada.get(page(product)).status_code == 200
    assert store.notices.wishes(first, product) == set()


def test_the_secret_is_shown_once(ada: Visitor, store: Store, product: Product) -> None:
    """Right after the webhook was added, and on no page after that."""
    text = add(ada, product)
    [webhook] = store.notices.webhooks(product)
    assert webhook.secret in text
    assert webhook.events == ("uninstall", "alarm")
    again = ada.get(page(product))
    assert URL in again.text
    assert "whsec_" not in again.text


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("", ["alarm"]),
        ("http://hooks.example.com", ["alarm"]),
        ("https://me:secret@hooks.example.com", ["alarm"]),
        ("javascript:alert(1)", ["alarm"]),
        (URL, []),
        (URL, ["gossip"]),
    ],
)
def test_what_makes_no_sense_is_refused(
    ada: Visitor, store: Store, product: Product, url: str, events: list[str]
) -> None:
    """Not by https, with a password, or of nothing: said beside the form, nothing is kept."""
    answer = ada.post(page(product, "/webhooks"), url=url, events=events)
    assert answer.status_code == 422
    assert store.notices.webhooks(product) == []


def test_the_operator_may_allow_http(store: Store, product: Product) -> None:
    """Where private addresses are allowed, so is http."""
    settings = load({"EXITPOLL_WEBHOOK_PRIVATE_ADDRESSES": "on"})
    owner = member(create_app(store, settings), store, product, "owner")
    add(owner, product, "http://10.0.0.7/hook")
    assert len(store.notices.webhooks(product)) == 1


def test_a_test_stands_in_the_log_until_it_arrived(
    ada: Visitor, store: Store, product: Product
) -> None:
    """With its attempts, when the next is, what the receiver said, and a way to send it again."""
    add(ada, product)
    [webhook] = store.notices.webhooks(product)
    assert ada.post(page(product, f"/webhooks/{webhook.id}/test")).status_code == 303
    [delivery] = store.notices.log(product)
    assert delivery.event == "test"
    assert "next attempt:" in ada.read(page(product))
    store.notices.failed(delivery, status=500, error="the receiver answered 500", is_last=True)
    assert "the receiver answered 500 given up" in ada.read(page(product))
    store.notices.told(delivery, 204, NOW)
    assert "arrived (204)" in ada.read(page(product))
    assert ada.post(page(product, f"/deliveries/{delivery.id}")).status_code == 303
    [again] = store.notices.log(product)
    assert again.next_at is not None
    assert (again.delivered_at, again.message) == (None, delivery.message)


def test_it_is_switched_off_and_on_and_removed(
    ada: Visitor, store: Store, product: Product
) -> None:
    """Each is a click, and stands in the log of changes; what it was told goes with it."""
    add(ada, product)
    [webhook] = store.notices.webhooks(product)
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    for enabled in (False, True):
        ada.post(page(product, f"/webhooks/{webhook.id}/switch"))
        assert [one.enabled for one in store.notices.webhooks(product)] == [enabled]
    for _ in range(2):
        assert ada.post(page(product, f"/webhooks/{webhook.id}/remove")).status_code == 303
    assert (store.notices.webhooks(product), store.notices.log(product)) == ([], [])
    changes = ada.read(f"/{product.id}/changes")
    for sentence in ("added", "switched off", "switched on", "removed"):
        assert f"A webhook was {sentence}: {URL}" in changes


def test_another_products_are_out_of_reach(
    app: Flask, store: Store, product: Product, ada: Visitor
) -> None:
    """An owner cannot reach a webhook or a message by the number that another product's has."""
    add(ada, product)
    [webhook] = store.notices.webhooks(product)
    store.notices.queue(webhook, payloads.test(product, NOW), NOW)
    [delivery] = store.notices.log(product)
    other = store.create_product(name="Other", stopped_after_days=7, trial_days=None, now=NOW)
    owner = member(app, store, other, "owner")
    for rest in ("test", "switch"):
        assert owner.post(page(other, f"/webhooks/{webhook.id}/{rest}")).status_code == 404
    assert owner.post(page(other, f"/deliveries/{delivery.id}")).status_code == 404
    owner.post(page(other, f"/webhooks/{webhook.id}/remove"))
    assert store.notices.webhooks(product) == [webhook]
    assert len(store.notices.log(product)) == 1


def test_who_does_not_own_sees_no_webhooks(
    app: Flask, store: Store, product: Product, ada: Visitor
) -> None:
    """Addresses and messages are the owners'."""
    add(ada, product)
    assert "hooks.example.com" not in member(app, store, product, "analyst").get(page(product)).text


def test_without_a_mail_server_it_says_so(ada: Visitor, product: Product) -> None:
    """Nobody waits for mail that cannot come."""
    assert "no mail server yet" in ada.read(page(product))
