"""What follows the click: questions, addresses, offers, second thoughts, drafts, languages."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, after, arrival, leaving
from tests.server.test_survey import Page, led_to, open_event, said

from exitpoll_agent import wire
from exitpoll_server import clock, survey
from exitpoll_server.questions import EXIT, Offer, Survey
from exitpoll_server.store import Logo, Product, Store
from exitpoll_server.survey import salvage

GIFT = "https://shop.example/thanks"
PNG = b"\x89PNG\r\n\x1a\n and so on"

MOST_BYTES = 18 * 1024
"""Of page, style and script; a logo may have 12 KB more, and all of it stays under 30."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


@pytest.fixture
def address(client: FlaskClient, product: Product) -> str:
    return led_to(open_event(client, product))


def at_link(client: FlaskClient, product: Product, person: str) -> str:
    """Return the survey's address for whoever comes by a plain link."""
    return led_to(client.get(f"/u/{product.key}?id={person}&lang=en"))


def with_offer(**more: Any) -> Survey:
    offer = Offer(text="Half the price?", link=GIFT, label="Yes")
    reasons = tuple(
        replace(one, offer=offer) if one.id == "too-expensive" else one for one in EXIT.reasons
    )
    return replace(EXIT, reasons=reasons, **more)


# -- after the click -----------------------------------------------------------------------


def test_what_is_asked_next_depends_on_the_reason(
    client: FlaskClient, address: str, look: Look
) -> None:
    """The follow-up is the reason's own, and its answer stands beside it."""
    client.post(address, data={"reason": "switched"})
    assert "What did you switch to?" in Page(client.get(address)).text
    client.post(address, data={"follow_up": "OtherTool", "comment": ""})
    assert look("SELECT reason, follow_up FROM answers ORDER BY id") == [
        {"reason": "switched", "follow_up": None},
        {"reason": None, "follow_up": "OtherTool"},
    ]
    assert "follow_up" not in Page(client.get(address)).all("textarea", "name")


def test_an_address_is_kept_with_consent_only(
    client: FlaskClient, address: str, look: Look
) -> None:
    """Without the tick, or where it is none, it comes back with all that was typed, unsaved."""
    client.post(address, data={"reason": "other"})
    typed = {"comment": "Call me", "email": "ada@example.com"}
    for form in (typed, {**typed, "email": "ada", "may_write": "on"}):
        answer = client.post(address, data=form)
        assert answer.status_code == 422
        page = Page(answer)
        assert "Call me" in page.text
        assert page.all("input", "value")[0] == form["email"]
    assert look("SELECT 1 FROM answers WHERE email IS NOT NULL OR comment IS NOT NULL") == []
    client.post(address, data={**typed, "may_write": "on"})
    assert look("SELECT comment, email FROM answers WHERE email IS NOT NULL") == [typed]


def test_after_sending_there_are_thanks_and_no_questions(client: FlaskClient, address: str) -> None:
    """Send ends it, whatever was left empty."""
    client.post(address, data={"reason": "other"})
    thanked = led_to(client.post(address, data={"comment": "", "follow_up": ""}))
    page = Page(client.get(thanked))
    assert "Thank you." in page.text
    assert page.all("form", "method") == []


def test_who_answered_in_the_uninstaller_is_asked_nothing(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """The page thanks, and no showing counts as one."""
    answers = wire.Answers(reason="switched")
    event = leaving(uninstall={"asked": "installer", "answers": answers}, locale="en")
    store.merge(product, [arrival(event)])
    page = Page(client.get(led_to(open_event(client, product))))
    assert page.reasons == []
    assert "I switched to something else" in page.text
    assert look("SELECT 1 FROM showings") == []


def test_a_draft_is_an_answer(client: FlaskClient, address: str, look: Look) -> None:
    """What was typed and not sent is kept, field by field; an address only with its tick."""
    client.post(address, data={"reason": "other"})
    typed = {"comment": "I was about to say", "follow_up": "x" * 501, "email": "ada@example.com"}
    assert client.post(f"{address}/draft", data=typed).status_code == 204
    assert said(look) == [("other", None), (None, "I was about to say")]
    assert look("SELECT 1 FROM answers WHERE email IS NOT NULL OR follow_up IS NOT NULL") == []


# -- offers --------------------------------------------------------------------------------


def test_the_offer_is_for_its_reason(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """It is seen by who left for that reason, and its link leads where the vendor says."""
    store.change_survey(product, with_offer(), NOW)
    other, dear = (at_link(client, product, who) for who in "ab")
    client.post(other, data={"reason": "switched"})
    assert "Half the price?" not in Page(client.get(other)).text
    assert client.get(f"{other}/offer").status_code == 404
    client.post(dear, data={"reason": "too-expensive"})
    assert "Half the price?" in Page(client.get(dear)).text
    assert led_to(client.get(f"{dear}/offer")) == GIFT
    shown = look("SELECT offer, offered_at, offer_taken_at FROM showings ORDER BY id")
    now = round(NOW.timestamp() * 1000)
    assert shown == [
        {"offer": None, "offered_at": None, "offer_taken_at": None},
        {"offer": "too-expensive", "offered_at": now, "offer_taken_at": now},
    ]


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


# -- second thoughts -----------------------------------------------------------------------


def test_only_updating_takes_the_uninstall_back(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """It is withdrawn, asks nothing more, and a reload a moment later makes no other."""
    address = at_link(client, product, "machine-7")
    client.post(address, data={"updating": "1"})
    assert look("SELECT COUNT(*) AS n FROM uninstalls WHERE withdrawn_at IS NOT NULL") == [{"n": 1}]
    again = Page(client.get(at_link(client, product, "machine-7")))
    assert "not counted as leaving" in again.text
    assert again.reasons == []
    assert look("SELECT COUNT(*) AS n FROM uninstalls") == [{"n": 1}]


def test_no_message_undoes_what_the_person_said(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """An agent that sends its event once more does not let the uninstall stand again."""
    address = led_to(open_event(client, product))
    client.post(address, data={"updating": "1"})
    store.merge(product, [arrival(leaving(99), after(hours=1))])
    assert look("SELECT COUNT(*) AS n FROM uninstalls WHERE withdrawn_at IS NULL") == [{"n": 0}]


def test_a_person_keeps_the_version_that_they_were_shown(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """What the vendor changes meanwhile is for the next people; each answer has its version."""
    first = at_link(client, product, "a")
    client.get(first)
    store.change_survey(product, replace(EXIT, question="Why, {product}?"), NOW)
    second = at_link(client, product, "b")
    assert "What made you uninstall Sample?" in Page(client.get(first)).text
    assert "Why, Sample?" in Page(client.get(second)).text
    versions = look("SELECT survey_version FROM showings ORDER BY uninstall_id")
    assert [row["survey_version"] for row in versions] == [1, 2]


# -- how it is read ------------------------------------------------------------------------


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


def test_the_logo_is_served_for_a_year(client: FlaskClient, store: Store, product: Product) -> None:
    """It has an address of its own content, so that another logo has another."""
    store.put_logo(product, Logo(content_type="image/png", content=PNG))
    address = led_to(open_event(client, product))
    logo = Page(client.get(address)).all("img", "src")[0]
    answer = client.get(str(logo))
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", PNG)
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(re.sub("[0-9a-f]{6}$", "000000", str(logo))).status_code == 404


def test_the_page_is_small(client: FlaskClient, product: Product) -> None:
    """Page, style and script together, uncompressed, in the longest language."""
    address = led_to(open_event(client, product, locale="ru"))
    client.post(address, data={"reason": "other"})
    static = Path(survey.__file__).parent / "static"
    files = sum((static / name).stat().st_size for name in ("survey.css", "survey.js"))
    assert files + len(client.get(address).data) < MOST_BYTES


# -- a damaged address ---------------------------------------------------------------------

EVENT = wire.encode_event(leaving(version="2.1.0", locale="ru-RU"))


@given(st.integers(0, len(EVENT) - 1))
def test_a_cut_event_says_what_it_says(end: int) -> None:
    """Nothing of it is made up: what is read is what was written, or is not there."""
    left = salvage.what_is_left(EVENT[:end])
    if left is not None:
        assert left.installation in (str(INSTALLATION), EVENT[:end])
        assert left.version in (None, "2.1.0")
        assert left.locale in (None, "ru-RU")


@given(st.integers(0, len(EVENT) - 1), st.sampled_from("AZaz09-_.~"))
def test_an_altered_event_names_nobody(at: int, sign: str) -> None:
    """Where it was altered cannot be seen, so that nothing of it is believed."""
    altered = EVENT[:at] + sign + EVENT[at + 1 :]
    left = salvage.what_is_left(altered)
    if left is not None and altered != EVENT and "." not in sign:
        assert left.installation == altered
        assert (left.version, left.locale) == (None, None)


def test_where_the_values_stand_is_where_the_wire_puts_them() -> None:
    """The list's order is the wire's: an event read here is what was encoded there."""
    payload = EVENT.split(".")[1]
    assert b"ru-RU" in base64.urlsafe_b64decode(payload + "==")
    left = salvage.what_is_left(EVENT.rpartition(".")[0])
    assert left is not None
    assert UUID(left.installation) == INSTALLATION
    assert (left.version, left.locale) == ("2.1.0", "ru-RU")


def test_a_cut_address_still_asks(client: FlaskClient, product: Product, look: Look) -> None:
    """Whoever comes by it is heard, once however often they reload, as by a plain link."""
    for _ in range(2):
        address = led_to(client.get(f"/u/{product.key}/{EVENT[:-9]}"))
    client.post(address, data={"reason": "other"})
    assert said(look) == [("other", None)]
    assert look("SELECT channel FROM receipts") == [{"channel": "link"}]
    assert look("SELECT version FROM uninstalls") == [{"version": "2.1.0"}]
