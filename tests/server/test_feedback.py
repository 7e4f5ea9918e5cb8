"""Feedback from the product's own menu, as the person's browser sees it."""

from __future__ import annotations

import base64
import time
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, arrival, ms, ping
from tests.server.test_survey import DAY, Page, led_to

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.store import Product, Store


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be NOW, for the server's clock and for the signer's."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


def address(product: Product, query: str = f"&id={INSTALLATION}&v=2.1.0&lang=ru-RU") -> str:
    return f"/u/{product.key}?survey=feedback{query}"


@pytest.fixture
def page(client: FlaskClient, product: Product) -> str:
    """Return the address of a page, as the browser was led to it."""
    return led_to(client.get(address(product)))


def test_opening_the_page_is_no_uninstall(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """The menu's address leads to a page, and no installation or uninstall comes of it."""
    assert led_to(client.get(address(product))).startswith("/s/feedback/")
    assert look("SELECT * FROM installations") == look("SELECT * FROM uninstalls") == []
    assert look(
        "SELECT installation_uuid, version, locale, shown_at, comment, received_at FROM feedback"
    ) == [
        {
            "installation_uuid": INSTALLATION.hex,
            "version": "2.1.0",
            "locale": "ru-RU",
            "shown_at": ms(NOW),
            "comment": None,
            "received_at": None,
        }
    ]


@pytest.mark.parametrize("query", ["", "&id=", "&v=" + "9" * 65, "&lang=%00", "&v=two%0Alines"])
def test_everything_in_the_address_is_optional(
    client: FlaskClient, product: Product, look: Look, query: str
) -> None:
    """Whoever refused consent is heard without an id, and nonsense costs no comment."""
    led_to(client.get(address(product, query)))
    assert look("SELECT installation_uuid, version, locale FROM feedback") == [
        {"installation_uuid": None, "version": None, "locale": None}
    ]


def test_only_opening_the_page_is_noted(client: FlaskClient, product: Product, look: Look) -> None:
    """What merely asks about the address leaves no row."""
    assert client.head(address(product)).status_code == 200
    assert look("SELECT * FROM feedback") == []


def test_a_survey_that_is_not_known_is_no_uninstall(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """A later product's survey gets a friendly page, and nobody is counted as gone."""
    answer = client.get(f"/u/{product.key}?survey=nps&id={INSTALLATION}")
    assert (answer.status_code, "nothing you need to do" in Page(answer).text) == (404, True)
    assert look("SELECT * FROM uninstalls") == []


def test_the_address_says_nothing_of_the_copy(page: str) -> None:
    """What stays in the browser's history tells neither id nor version, decoded or not."""
    payload = page.removeprefix("/s/feedback/").split(".")[0]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    for text in (page, decoded):
        assert INSTALLATION.hex not in text.replace("-", "")
        assert "2.1.0" not in text


def test_the_page_needs_no_javascript(client: FlaskClient, page: str) -> None:
    """It is a form with one box under the product's name; nothing comes from elsewhere."""
    answer = client.get(page)
    shown = Page(answer)
    assert "Sample" in shown.text
    assert shown.all("form", "method") == ["post"]
    assert shown.all("textarea", "name") == ["comment"]
    assert "script" not in {tag for tag, _ in shown.tags}
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_comment_is_kept_and_thanked_for(client: FlaskClient, page: str, look: Look) -> None:
    """What is sent is saved as typed, and the page says so after a redirect."""
    led = led_to(client.post(page, data={"comment": "Más rápido,\r\n<b>please</b>"}))
    shown = Page(client.get(led))
    assert "Thank you." in shown.text
    assert "Más rápido,\n<b>please</b>" in shown.text
    assert shown.all("textarea", "name") == []
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


def test_an_address_of_another_kind_leads_nowhere(client: FlaskClient, page: str) -> None:
    """A token of feedback opens no exit survey, and an altered one opens nothing."""
    token = page.removeprefix("/s/feedback/")
    assert client.get(f"/s/{token}").status_code == 410
    assert client.get(f"/s/feedback/x{token}").status_code == 410


def test_the_address_is_good_for_a_month(
    client: FlaskClient, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After thirty days the page says kindly that it is over."""
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 30 * DAY)
    assert client.get(page).status_code == 200
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 31 * DAY)
    assert client.get(page).status_code == 410


def test_erasure_takes_feedback_along(
    client: FlaskClient, store: Store, product: Product, page: str, look: Look
) -> None:
    """Who erases a copy erases what was written from it; the open page then says so."""
    client.post(page, data={"comment": "Bye"})
    other = led_to(client.get(address(product, f"&id={UUID(int=7)}")))
    store.erase(product, INSTALLATION, NOW)
    assert client.get(page).status_code == 410
    assert client.get(other).status_code == 200
    assert len(look("SELECT * FROM feedback")) == 1


def test_the_id_of_an_erased_copy_is_not_kept_again(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """A page opened with an erased copy's address is answered, and not tied to that copy."""
    store.erase(product, INSTALLATION, NOW)
    led_to(client.get(address(product)))
    assert look("SELECT installation_uuid FROM feedback") == [{"installation_uuid": None}]


def test_feedback_leaves_a_known_copy_as_it_is(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """Neither version nor language of an installation changes by what a menu's link says."""
    store.merge(product, [arrival(ping(version="1.0", locale="en-US"))])
    before = look("SELECT * FROM installations")
    led_to(client.get(address(product)))
    assert look("SELECT * FROM installations") == before
