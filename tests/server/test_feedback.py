"""Feedback from the product's own menu, as the person's browser sees it: a box for words.

What it shares with the other surveys put while in use stands in `test_in_use.py`.
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, arrival, ms, ping
from tests.server.test_survey import Page, led_to

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.questions import FEEDBACK
from exitpoll_server.store import Product, Store


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be NOW, for the server's clock and for the signer's."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


def address(product: Product, query: str = f"&id={INSTALLATION}&v=2.1.0&lang=en-GB") -> str:
    return f"/u/{product.key}?survey=feedback{query}"


@pytest.fixture
def page(client: FlaskClient, product: Product) -> str:
    """Return the address of a page, as the browser was led to it."""
    return led_to(client.get(address(product)))


def test_the_page_needs_no_javascript(client: FlaskClient, page: str) -> None:
    """It is a form with one box under the product's name; nothing comes from elsewhere."""
    answer = client.get(page)
    shown = Page(answer)
    assert "Sample" in shown.text
    assert shown.all("form", "method") == ["post"]
    assert shown.all("textarea", "name") == ["comment"]
    assert all(src and src.startswith("/s/static/") for src in shown.all("script", "src"))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_comment_is_kept_and_thanked_for(client: FlaskClient, page: str, look: Look) -> None:
    """What is sent is saved as typed, at once; whoever wants an answer may then say where to."""
    led = led_to(client.post(page, data={"comment": "Más rápido,\r\n<b>please</b>"}))
    shown = Page(client.get(led))
    assert "Thank you." in shown.text
    assert "Más rápido,\n<b>please</b>" in shown.text
    assert shown.all("textarea", "name") == []
    assert shown.all("input", "name") == ["email", "may_write"]
    assert look("SELECT comment, received_at FROM feedback") == [
        {"comment": "Más rápido,\n<b>please</b>", "received_at": ms(NOW)}
    ]


def test_a_form_sent_again_changes_nothing(client: FlaskClient, page: str, look: Look) -> None:
    """The first comment on a page stays: a second one is another page's."""
    for comment in ("first", "second"):
        led_to(client.post(page, data={"comment": comment}))
    assert look("SELECT comment FROM feedback") == [{"comment": "first"}]


@pytest.mark.parametrize("typed", ["", " \n ", "é" * (wire.MAX_COMMENT_CHARS + 1)])
def test_what_cannot_be_kept_comes_back(
    client: FlaskClient, page: str, look: Look, typed: str
) -> None:
    """An empty comment, or one too long, is answered with a word why, and nothing is lost."""
    answer = client.post(page, data={"comment": typed})
    assert answer.status_code == 422
    shown = Page(answer)
    assert ("alert" in str(shown.tags), typed.strip() in shown.text) == (True, True)
    assert look("SELECT comment FROM feedback") == [{"comment": None}]


def test_whoever_wrote_may_write_again(
    client: FlaskClient, product: Product, page: str, look: Look
) -> None:
    """The menu leads back to a page where nothing was written, and then to a new one."""
    led_to(client.get(address(product)))
    assert len(look("SELECT * FROM feedback")) == 1
    client.post(page, data={"comment": "One thing"})
    again = led_to(client.get(address(product)))
    assert Page(client.get(again)).all("textarea", "name") == ["comment"]
    assert len(look("SELECT * FROM feedback")) == 2


def test_what_the_vendor_asks_next_comes_after_the_box(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """A follow-up is asked once words are saved, and kept beside them."""
    store.change_survey(product, replace(FEEDBACK, follow_up="Which version, {product}?"), NOW)
    page = led_to(client.get(address(product)))
    assert Page(client.get(page)).all("textarea", "name") == ["comment"]
    shown = Page(client.get(led_to(client.post(page, data={"comment": "Slow"}))))
    assert ("Which version, Sample?" in shown.text) is True
    assert shown.all("textarea", "name") == ["follow_up"]
    client.post(page, data={"follow_up": "2.1"})
    assert look("SELECT comment, follow_up FROM feedback") == [
        {"comment": "Slow", "follow_up": "2.1"}
    ]


def test_feedback_leaves_a_known_copy_as_it_is(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """Neither version nor language of an installation changes by what a menu's link says."""
    store.merge(product, [arrival(ping(version="1.0", locale="en-US"))])
    before = look("SELECT * FROM installations")
    led_to(client.get(address(product)))
    assert look("SELECT * FROM installations") == before
