"""What follows the one click: a question, words, an address, an offer; and what it all weighs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, arrival, leaving
from tests.server.test_survey import Page, _now, led_to, open_event, open_link, said

from exitpoll_agent import wire
from exitpoll_server import survey as survey_room
from exitpoll_server.questions import EXIT, Offer, Reason, Survey
from exitpoll_server.store import Logo, Product, Store

__all__ = ["_now"]

MOST_BYTES = 18_000
"""Of page, style and script together; a logo may add 12 KB and stay within 30."""

LINK = "https://vendor.example/half?code=ü1"
EXPENSIVE = Reason(
    id="too-expensive",
    label={"en": "It costs too much", "ru": "Слишком дорого"},
    follow_up={"en": "What would be fair?", "ru": "Сколько бы вы дали за {product}?"},
    offer=Offer(text="Half price for {product}", link=LINK, label="Take it"),
)
OFFERING = replace(EXIT, reasons=(EXPENSIVE, *EXIT.reasons[:2]))


@pytest.fixture
def survey(client: FlaskClient, product: Product) -> str:
    return led_to(open_event(client, product, locale="en"))


def ask(store: Store, product: Product, survey: Survey) -> None:
    store.change_survey(product, survey, NOW)


def shown(client: FlaskClient, address: str) -> Page:
    answer = client.get(address)
    assert answer.status_code == 200
    return Page(answer)


def fields(page: Page) -> list[str | None]:
    return [
        name
        for name in (*page.all("textarea", "name"), *page.all("input", "name"))
        if name is not None
    ]


# -- what follows the click ----------------------------------------------------------------


def test_the_reasons_own_question_follows(client: FlaskClient, survey: str, look: Look) -> None:
    """After the click the page asks on, and one Send keeps everything, with thanks."""
    page = shown(client, led_to(client.post(survey, data={"reason": "switched"})))
    assert "What did you switch to?" in page.text
    assert fields(page) == ["follow_up", "comment", "email", "may_write"]
    form = {"follow_up": "Quill", "comment": "Bye", "email": " me@b.example ", "may_write": "on"}
    page = shown(client, led_to(client.post(survey, data=form)))
    assert fields(page) == []
    for words in ("Quill", "Bye", "me@b.example", "You can close this page."):
        assert words in page.text
    assert look("SELECT reason, follow_up, comment, email FROM answers ORDER BY id") == [
        {"reason": "switched", "follow_up": None, "comment": None, "email": None},
        {"reason": None, "follow_up": "Quill", "comment": "Bye", "email": "me@b.example"},
    ]


def test_nothing_is_asked_twice(client: FlaskClient, survey: str) -> None:
    """What was answered is shown in place of its question, and the rest may still be added."""
    client.post(survey, data={"reason": "switched", "comment": "Bye"})
    page = shown(client, survey)
    assert "Bye" in page.text
    assert fields(page) == ["follow_up", "email", "may_write"]
    client.post(survey, data={"follow_up": "Quill"})
    assert fields(shown(client, survey)) == []


def test_sending_nothing_more_is_an_end(client: FlaskClient, survey: str, look: Look) -> None:
    """Who sends the second form empty is thanked, not asked again."""
    client.post(survey, data={"reason": "switched"})
    page = shown(client, led_to(client.post(survey, data={"comment": " ", "follow_up": ""})))
    assert fields(page) == []
    assert "You can close this page." in page.text
    assert said(look) == [("switched", None)]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"follow_up": "x" * 501}, "follow_up"),
        ({"comment": "x" * 4_001}, "comment"),
        ({"email": "nobody", "may_write": "on"}, "email"),
        ({"email": "me@b.example"}, "may_write"),
    ],
)
def test_what_cannot_be_kept_comes_back_with_the_rest(
    client: FlaskClient, survey: str, look: Look, wrong: dict[str, str], name: str
) -> None:
    """One sentence at the field says why, and everything typed is still there."""
    client.post(survey, data={"reason": "switched"})
    form = {"follow_up": "Quill", "comment": "Bye", "email": "", **wrong}
    answer = client.post(survey, data=form)
    assert answer.status_code == 422
    page = Page(answer)
    assert page.all("p", "role").count("alert") == 1
    (at_fault,) = [attrs for _, attrs in page.tags if "aria-invalid" in attrs]
    assert at_fault["name"] == name
    assert "wrong" in str(at_fault["aria-describedby"]).split()
    assert form["follow_up"] in page.text
    assert form["comment"] in page.text
    values = {a["name"]: a.get("value") for tag, a in page.tags if tag == "input"}
    assert values["email"] == form["email"]
    assert said(look) == [("switched", None)]


def test_a_click_is_kept_whatever_else_is_wrong(
    client: FlaskClient, survey: str, look: Look
) -> None:
    """A reason sent along with a comment too long is saved, and the comment comes back."""
    answer = client.post(survey, data={"reason": "switched", "comment": "x" * 4_001})
    assert answer.status_code == 422
    assert said(look) == [("switched", None)]
    assert "x" * 4_001 in Page(answer).text


def test_who_answered_in_the_uninstaller_is_asked_nothing(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """The answer given there is thanked for; no question, and no showing of one."""
    answers = wire.Answers(reason="switched", comment="Bye")
    event = leaving(uninstall={"asked": "installer", "answers": answers})
    store.merge(product, [arrival(event)])
    survey = led_to(open_event(client, product, locale="en"))
    for _ in range(2):
        page = shown(client, survey)
        assert page.all("form", "action") == []
        assert "I switched to something else" in page.text
    assert look("SELECT * FROM showings") == []


# -- only updating -------------------------------------------------------------------------


def test_only_updating_is_no_leaving(client: FlaskClient, survey: str, look: Look) -> None:
    """The button takes the uninstall back; the page says so and asks nothing more."""
    page = shown(client, survey)
    assert "updating" in page.all("button", "name")
    form = {"updating": "1", "comment": "Back soon"}
    page = shown(client, led_to(client.post(survey, data=form)))
    assert "not counted as leaving" in page.text
    assert page.all("form", "action") == []
    (uninstall,) = look("SELECT withdrawn_at FROM uninstalls")
    assert uninstall["withdrawn_at"] is not None
    assert said(look) == [(None, "Back soon")]


def test_a_link_reloaded_after_only_updating_stays_taken_back(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """Opening the same plain link again is still the same person, who is still only updating."""
    client.post(led_to(open_link(client, product, "seven")), data={"updating": "1"})
    page = shown(client, led_to(open_link(client, product, "seven")))
    assert page.all("form", "action") == []
    assert look("SELECT COUNT(*) AS n FROM uninstalls") == [{"n": 1}]


# -- typed, and not sent -------------------------------------------------------------------


def test_what_was_typed_and_not_sent_is_kept(client: FlaskClient, survey: str, look: Look) -> None:
    """A draft is an answer; an address is none without the tick."""
    form = {"follow_up": "Quill", "comment": "It was sl", "email": "me@b.example"}
    answer = client.post(f"{survey}/draft", data=form)
    assert (answer.status_code, answer.data) == (204, b"")
    assert look("SELECT follow_up, comment, email FROM answers") == [
        {"follow_up": "Quill", "comment": "It was sl", "email": None}
    ]


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({}, []),
        ({"comment": " "}, []),
        ({"comment": "x" * 4_001, "follow_up": "Quill"}, [("Quill", None, None)]),
        ({"comment": "Bye", "follow_up": "x" * 501}, [(None, "Bye", None)]),
        ({"comment": "Bye", "email": "nobody", "may_write": "on"}, [(None, "Bye", None)]),
        ({"email": "me@b.example", "may_write": "on"}, [(None, None, "me@b.example")]),
    ],
)
def test_of_a_draft_what_can_be_kept_is_kept(
    client: FlaskClient, survey: str, look: Look, form: dict[str, str], kept: list[Any]
) -> None:
    """Nobody reads what is wrong with a page that they closed: each field stands by itself."""
    assert client.post(f"{survey}/draft", data=form).status_code == 204
    rows = look("SELECT follow_up, comment, email FROM answers")
    assert [tuple(row.values()) for row in rows] == kept


# -- what the vendor offers ----------------------------------------------------------------


def test_an_offer_follows_its_reason(
    client: FlaskClient, store: Store, product: Product, survey: str, look: Look
) -> None:
    """It is shown after the answer, never before, and following its link is known."""
    ask(store, product, OFFERING)
    assert "Half price" not in shown(client, survey).text
    assert client.get(f"{survey}/offer").status_code == 404
    client.post(survey, data={"reason": "too-expensive"})
    page = shown(client, survey)
    assert "Half price for Sample" in page.text
    assert f"{survey}/offer" in page.all("a", "href")
    assert look("SELECT offer, offer_taken_at FROM showings") == [
        {"offer": "too-expensive", "offer_taken_at": None}
    ]
    client.head(f"{survey}/offer")
    client.get(f"{survey}/offer", headers={"Sec-Purpose": "prefetch"})
    assert look("SELECT offer_taken_at FROM showings") == [{"offer_taken_at": None}]
    assert led_to(client.get(f"{survey}/offer")) == "https://vendor.example/half?code=%C3%BC1"
    (showing,) = look("SELECT offered_at, offer_taken_at FROM showings")
    assert None not in showing.values()


def test_who_is_held_out_sees_no_offer(
    client: FlaskClient, store: Store, product: Product, survey: str, look: Look
) -> None:
    """Chance decides once, so that those who saw it can be compared with those who did not."""
    ask(store, product, replace(OFFERING, held_out=1.0))
    client.get(survey)
    ask(store, product, OFFERING)
    client.post(survey, data={"reason": "too-expensive"})
    assert "Half price" not in shown(client, survey).text
    assert client.get(f"{survey}/offer").status_code == 404
    (showing,) = look("SELECT held_out, offered_at FROM showings")
    assert (bool(showing["held_out"]), showing["offered_at"]) == (True, None)


@pytest.mark.parametrize("link", ["http://vendor.example", "javascript:alert(1)", None])
def test_an_offer_leads_by_https_or_nowhere(
    client: FlaskClient, store: Store, product: Product, survey: str, link: str | None
) -> None:
    """Whatever got into a definition, no other address is ever led to."""
    reason = replace(EXPENSIVE, offer=Offer(text="Half price", link=link))
    ask(store, product, replace(OFFERING, reasons=(reason,)))
    client.post(survey, data={"reason": "too-expensive"})
    page = shown(client, survey)
    assert "Half price" in page.text
    assert f"{survey}/offer" not in page.all("a", "href")
    assert client.get(f"{survey}/offer").status_code == 404


# -- what is asked, and in which language --------------------------------------------------


def test_a_person_keeps_the_version_that_they_were_shown(
    client: FlaskClient, store: Store, product: Product, survey: str
) -> None:
    """A vendor who asks something else meanwhile confuses nobody."""
    before = shown(client, survey).reasons
    ask(store, product, OFFERING)
    assert shown(client, survey).reasons == before
    other = led_to(open_link(client, product, "another"))
    assert set(shown(client, other).reasons) == {*(r.id for r in OFFERING.reasons), "other"}


def test_a_vendors_texts_are_said_in_the_copys_language(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """The copy's language goes before the browser's, and the showing says which it was."""
    ask(store, product, OFFERING)
    survey = led_to(client.get(f"/u/{product.key}?lang=ru"))
    page = Page(client.get(survey, headers={"Accept-Language": "de"}))
    assert page.all("html", "lang") == ["ru"]
    assert "Слишком дорого" in page.text
    client.post(survey, data={"reason": "too-expensive"})
    assert "Сколько бы вы дали за Sample?" in shown(client, survey).text
    assert look("SELECT locale FROM showings") == [{"locale": "ru"}]


@pytest.mark.parametrize(
    ("locale", "accepts", "lang", "direction"),
    [("ar-EG", "de", "ar", "rtl"), (None, "de-AT, en", "de", "ltr"), ("xx", "xx", "en", "ltr")],
)
def test_a_page_says_its_language_and_direction(
    client: FlaskClient,
    product: Product,
    locale: str | None,
    accepts: str,
    lang: str,
    direction: str,
) -> None:
    """The copy's, else the browser's, else English."""
    survey = led_to(open_event(client, product, locale=locale))
    page = Page(client.get(survey, headers={"Accept-Language": accepts}))
    assert page.all("html", "lang") == [lang]
    assert page.all("html", "dir") == [direction]


# -- the logo ------------------------------------------------------------------------------


def test_the_logo_is_the_products_own(client: FlaskClient, store: Store, product: Product) -> None:
    """It is kept by browsers for a year, at an address that changes when it does."""
    survey = led_to(open_event(client, product))
    addresses = []
    for content in (b"first", b"second"):
        store.put_logo(product, Logo(content_type="image/png", content=content))
        (address, _pixel) = shown(client, survey).all("img", "src")
        answer = client.get(str(address))
        assert (answer.content_type, answer.data) == ("image/png", content)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        addresses.append(address)
    first, second = addresses
    assert first != second
    assert client.get(str(first)).status_code == 404
    assert client.get("/s/logo/unknown/0").status_code == 404


# -- what it weighs, and how it looks ------------------------------------------------------

STATIC = Path(survey_room.__file__).parent / "static"
STYLE = (STATIC / "survey.css").read_text()


def test_the_page_is_light(client: FlaskClient, store: Store, product: Product) -> None:
    """Page, style and script are under 18 KB, whatever the page shows."""
    ask(store, product, OFFERING)
    store.put_logo(product, Logo(content_type="image/png", content=b"x"))
    survey = led_to(open_event(client, product))
    fixed = sum(file.stat().st_size for file in STATIC.iterdir())
    question = client.get(survey).data
    client.post(survey, data={"reason": "too-expensive"})
    assert fixed + max(len(question), len(client.get(survey).data)) < MOST_BYTES


@pytest.mark.parametrize(("ink", "paper", "least"), [
    ("ink", "paper", 4.5), ("ink", "card", 4.5), ("quiet", "paper", 4.5), ("quiet", "card", 4.5),
    ("wrong", "paper", 4.5), ("accent", "paper", 4.5), ("accent", "card", 4.5),
    ("accent-ink", "accent", 4.5), ("line", "paper", 3), ("line", "card", 3),
])  # fmt: skip
@pytest.mark.parametrize("mode", [0, 1])
def test_everything_can_be_read(mode: int, ink: str, paper: str, least: float) -> None:
    """Contrast is at least WCAG's AA, by day and by night: 4.5 for words, 3 for what has edges."""
    block = re.findall(r":root \{([^}]*)\}", STYLE)[mode]
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", block))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance of a colour in hexadecimal."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_style_knows_no_left_and_right() -> None:
    """Everything turns round with the language's direction."""
    assert not re.findall(
        r"\b(?:left|right|(?<!-)width|(?<!line-)height): |: (?:left|right)", STYLE
    )


def test_nothing_is_cut_silently(client: FlaskClient, survey: str) -> None:
    """No box stops taking what is typed."""
    for address in (survey, led_to(client.post(survey, data={"reason": "switched"}))):
        assert not [attrs for _, attrs in shown(client, address).tags if "maxlength" in attrs]


def test_the_copys_id_opens_no_page(client: FlaskClient) -> None:
    """What is not signed here is no token, for whatever belongs to one."""
    for path in ("", "/offer", "/open"):
        assert client.get(f"/s/{INSTALLATION}{path}").status_code == 410
    assert client.post(f"/s/{INSTALLATION}/draft").status_code == 410
