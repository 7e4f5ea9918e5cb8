"""What chance, second thoughts and languages make of a survey's page."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import NOW, after, arrival, leaving
from tests.server.test_survey import Page, led_to, open_event

from exitpoll_server import clock
from exitpoll_server.questions import EXIT, Offer, Survey
from exitpoll_server.store import Product, Store

GIFT = "https://shop.example/thanks"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


def at_link(client: FlaskClient, product: Product, person: str) -> str:
    """Return the survey's address for whoever comes by a plain link."""
    return led_to(client.get(f"/u/{product.key}?id={person}&lang=en"))


def with_offer(**more: Any) -> Survey:
    offer = Offer(text="Half the price?", link=GIFT, label="Yes")
    reasons = tuple(
        replace(one, offer=offer) if one.id == "too-expensive" else one for one in EXIT.reasons
    )
    return replace(EXIT, reasons=reasons, **more)


def test_chance_holds_some_people_out(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """About the share that was asked for sees no offer, for good; the others do."""
    store.change_survey(product, with_offer(held_out=0.5), NOW)
    for who in range(40):
        address = at_link(client, product, f"person {who}")
        client.post(address, data={"reason": "too-expensive"})
        sees = ["Half the price?" in Page(client.get(address)).text for _ in range(2)]
        assert sees[0] == sees[1]
        assert client.get(f"{address}/offer").status_code == (303 if sees[0] else 404)
    rows = look("SELECT held_out, offer FROM showings")
    assert all((row["offer"] is None) == bool(row["held_out"]) for row in rows)
    assert 4 < sum(bool(row["held_out"]) for row in rows) < 36


def test_no_message_undoes_what_the_person_said(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """An agent that sends its event once more does not let the uninstall stand again."""
    address = led_to(open_event(client, product))
    client.post(address, data={"updating": "1"})
    store.merge(product, [arrival(leaving(99), after(hours=1))])
    assert look("SELECT COUNT(*) AS n FROM uninstalls WHERE withdrawn_at IS NULL") == [{"n": 0}]


@pytest.mark.parametrize(
    ("locale", "browser", "language", "direction"),
    [
        ("ru-RU", "de", "ru", "ltr"),
        ("ar", "en", "ar", "rtl"),
        ("tlh", "fr-CH, de;q=0.5", "fr", "ltr"),
        (None, "ja;q=0, pt-BR;q=0.3", "pt", "ltr"),
        (None, "", "en", "ltr"),
    ],
)
def test_the_copys_language_comes_first(
    client: FlaskClient,
    product: Product,
    locale: str | None,
    browser: str,
    language: str,
    direction: str,
) -> None:
    """Then the browser's, in its order; then English."""
    address = led_to(open_event(client, product, locale=locale))
    page = Page(client.get(address, headers={"Accept-Language": browser}))
    [html] = [attrs for tag, attrs in page.tags if tag == "html"]
    assert html == {"lang": language, "dir": direction}


def test_a_vendors_own_language_is_read(
    client: FlaskClient, store: Store, product: Product
) -> None:
    """A vendor may write in a language that our own texts are not in."""
    question = {"en": "Why?", "he": "למה?"}
    store.change_survey(product, replace(EXIT, question=question), NOW)
    address = led_to(open_event(client, product, locale="he-IL"))
    assert "למה?" in Page(client.get(address)).text
