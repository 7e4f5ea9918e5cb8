"""The surveys put while the product is in use, as the person's browser sees them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.messages import INSTALLATION, NOW, after, ms
from tests.server.test_survey import DAY, Page, led_to

from exitpoll_agent import wire
from exitpoll_server import clock
from exitpoll_server.questions import CHECKIN, NPS, Kind, Reason
from exitpoll_server.store import Logo, Product, Store
from exitpoll_server.survey.forms import MAX_FOLLOW_UP_CHARS

KINDS: tuple[Kind, ...] = ("nps", "checkin", "feedback")
FIRST: dict[Kind, dict[str, str]] = {
    "nps": {"score": "7"},
    "checkin": {"reason": "with-trouble"},
    "feedback": {"comment": "Faster, please"},
}
"""A full answer of each kind."""

Open: TypeAlias = Callable[..., str]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be NOW, for the server's clock and for the signer's."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


def address(product: Product, kind: str, query: str = f"&id={INSTALLATION}&v=2.1.0&lang=en") -> str:
    return f"/u/{product.key}?survey={kind}{query}"


@pytest.fixture
def opening(client: FlaskClient, product: Product) -> Open:
    """Return how to open a page, as a link leads there."""

    def open_(kind: Kind, *query: str) -> str:
        return led_to(client.get(address(product, kind, *query)))

    return open_


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def page(opening: Open, kind: Kind) -> str:
    """Return the address of a page of each kind."""
    return opening(kind)


def one(look: Look, columns: str) -> dict[str, Any]:
    (row,) = look(f"SELECT {columns} FROM feedback")  # noqa: S608 - names of our own columns
    return row


# -- the way in ----------------------------------------------------------------------------


def test_opening_one_is_no_uninstall(page: str, kind: Kind, look: Look) -> None:
    """The link leads to a page that is noted with its question, and nobody is counted as gone."""
    assert page.startswith(f"/s/{kind}/")
    assert look("SELECT * FROM installations") == look("SELECT * FROM uninstalls") == []
    noted = one(look, "survey, survey_version, installation_uuid, version, locale, shown_at")
    assert noted == {
        "survey": kind,
        "survey_version": 1,
        "installation_uuid": INSTALLATION.hex,
        "version": "2.1.0",
        "locale": "en",
        "shown_at": ms(NOW),
    }
    assert look("SELECT kind, version FROM surveys") == [{"kind": kind, "version": 1}]


@pytest.mark.parametrize("query", ["", "&id=", "&v=" + "9" * 65, "&lang=%00", "&v=two%0Alines"])
def test_everything_in_the_address_is_optional(
    opening: Open, kind: Kind, look: Look, query: str
) -> None:
    """Whoever refused consent is heard without an id, and nonsense costs no answer."""
    opening(kind, query)
    assert one(look, "installation_uuid, version, locale") == {
        "installation_uuid": None,
        "version": None,
        "locale": None,
    }


def test_only_opening_the_page_is_noted(
    client: FlaskClient, product: Product, kind: Kind, look: Look
) -> None:
    """What merely asks about the address leaves no row."""
    assert client.head(address(product, kind)).status_code == 200
    assert look("SELECT * FROM feedback") == []


def test_a_survey_that_is_not_known_is_no_uninstall(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """A later product's survey gets a friendly page, and nobody is counted as gone."""
    answer = client.get(address(product, "csat"))
    assert (answer.status_code, "nothing you need to do" in Page(answer).text) == (404, True)
    assert look("SELECT * FROM uninstalls") == look("SELECT * FROM feedback") == []


def test_the_address_says_nothing_of_the_copy(page: str) -> None:
    """What stays in the browser's history tells neither id nor version, decoded or not."""
    payload = page.rpartition("/")[2].split(".")[0]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    for text in (page, decoded):
        assert INSTALLATION.hex not in text.replace("-", "")
        assert "2.1.0" not in text


def test_an_address_of_another_kind_leads_nowhere(
    client: FlaskClient, page: str, kind: Kind
) -> None:
    """A token opens no exit survey and no page of another kind; an altered one opens nothing."""
    token = page.rpartition("/")[2]
    others = [f"/s/{other}/{token}" for other in KINDS if other != kind]
    for wrong in (f"/s/{token}", *others, f"/s/{kind}/x{token}"):
        assert client.get(wrong).status_code == 410
        assert client.post(wrong, data=FIRST[kind]).status_code == 410


def test_the_address_is_good_for_a_month(
    client: FlaskClient, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After thirty days the page says kindly that it is over."""
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 30 * DAY)
    assert client.get(page).status_code == 200
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 31 * DAY)
    assert client.get(page).status_code == 410


# -- never asked twice ---------------------------------------------------------------------


def test_the_same_link_within_a_day_is_the_same_page(
    opening: Open, kind: Kind, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is loaded again leads back; a day later it is another occasion."""
    opening(kind)
    monkeypatch.setattr(clock, "now", lambda: after(hours=23))
    opening(kind)
    assert len(look("SELECT * FROM feedback")) == 1
    monkeypatch.setattr(clock, "now", lambda: after(hours=24))
    opening(kind)
    assert len(look("SELECT * FROM feedback")) == 2


def test_only_the_same_copy_has_the_same_page(opening: Open, kind: Kind, look: Look) -> None:
    """Other copies, other products' kinds and whoever gives no id have pages of their own."""
    for query in (f"&id={INSTALLATION}", f"&id={UUID(int=7)}", "", ""):
        opening(kind, query)
    opening("nps" if kind != "nps" else "checkin")
    assert len(look("SELECT * FROM feedback")) == 5


@pytest.mark.parametrize("asked", ["nps", "checkin"])
def test_who_answered_is_not_asked_again(client: FlaskClient, opening: Open, asked: Kind) -> None:
    """The same link leads to the answer that was given, and shows no question."""
    client.post(opening(asked), data=FIRST[asked])
    shown = Page(client.get(opening(asked)))
    assert "Your answer is saved:" in shown.text
    assert shown.reasons == []


def test_the_page_keeps_its_version(
    client: FlaskClient, store: Store, product: Product, opening: Open
) -> None:
    """Who has the page open answers what it asked, though the vendor asks something else now."""
    page = opening("checkin")
    new = replace(CHECKIN, question="New?", reasons=(Reason(id="new", label="New"),), last=None)
    store.change_survey(product, new, NOW)
    assert "How is it going with Sample?" in Page(client.get(page)).text
    client.post(page, data={"reason": "new"})
    assert "How is it going with Sample?" in Page(client.get(page)).text
    other = Page(client.get(opening("checkin", f"&id={UUID(int=7)}")))
    assert ("New?" in other.text, other.reasons) == (True, ["new"])


# -- one click -----------------------------------------------------------------------------


def test_a_number_takes_one_click(client: FlaskClient, opening: Open, look: Look) -> None:
    """Eleven buttons stand in their order, and the one that is clicked is saved at once."""
    page = opening("nps")
    shown = Page(client.get(page))
    assert "How likely are you to recommend Sample" in shown.text
    assert shown.reasons == [str(score) for score in range(11)]
    saved = Page(client.get(led_to(client.post(page, data={"score": "10"}))))
    assert "Your answer is saved: 10" in saved.text
    assert one(look, "score, received_at, opened_at") == {
        "score": 10,
        "received_at": ms(NOW),
        "opened_at": ms(NOW),
    }


def test_how_it_goes_takes_one_click(client: FlaskClient, opening: Open, look: Look) -> None:
    """The reasons are buttons in the order that was noted, the last one last."""
    page = opening("checkin")
    shown = Page(client.get(page)).reasons
    assert set(shown) == {"well", "with-trouble", "not-yet", "other"}
    assert shown[-1] == "other"
    (noted,) = look("SELECT reasons FROM feedback")
    assert ", ".join(f'"{reason}"' for reason in shown) in str(noted["reasons"]).replace("'", '"')
    saved = Page(client.get(led_to(client.post(page, data={"reason": "well"}))))
    assert "Your answer is saved: Well: it does what I need" in saved.text
    assert "What do you like?" in saved.text
    assert one(look, "reason") == {"reason": "well"}


@pytest.mark.parametrize(
    ("asked", "field", "nonsense"),
    [
        *(("nps", "score", typed) for typed in ("11", "-1", "7.5", " 7", "\u0667", "", "NaN")),
        *(("checkin", "reason", typed) for typed in ("missing-feature", "", "x" * 5000)),
    ],
)
def test_what_no_button_says_is_no_answer(
    client: FlaskClient, opening: Open, look: Look, asked: Kind, field: str, nonsense: str
) -> None:
    """A form that was made by hand leads back to the question, and nothing is kept."""
    led = led_to(client.post(opening(asked), data={field: nonsense}))
    assert len(Page(client.get(led)).reasons) > 1
    assert one(look, "score, reason, received_at") == {
        "score": None,
        "reason": None,
        "received_at": None,
    }


# -- what may be added ---------------------------------------------------------------------


def test_more_is_asked_on_the_same_page(client: FlaskClient, opening: Open, look: Look) -> None:
    """Why, anything else, and where to answer: all of it optional, and thanked for as kept."""
    page = opening("nps")
    more = Page(client.get(led_to(client.post(page, data={"score": "3"}))))
    assert "Why this number?" in more.text
    assert more.all("textarea", "name") == ["follow_up", "comment"]
    typed = {
        "follow_up": "Slow",
        "comment": "<b>Bye</b>",
        "email": " a@example.org ",
        "may_write": "on",
    }
    thanks = Page(client.get(led_to(client.post(page, data=typed))))
    for kept in ("3", "Slow", "<b>Bye</b>", "a@example.org", "That is all."):
        assert kept in thanks.text
    assert thanks.all("form", "method") == []
    assert one(look, "score, follow_up, comment, email") == {
        "score": 3,
        "follow_up": "Slow",
        "comment": "<b>Bye</b>",
        "email": "a@example.org",
    }


def test_who_adds_nothing_is_thanked(client: FlaskClient, page: str, kind: Kind) -> None:
    """Sending the empty form is an end too: the page does not ask again."""
    client.post(page, data=FIRST[kind])
    thanks = Page(client.get(led_to(client.post(page, data={"follow_up": "", "email": ""}))))
    assert ("That is all." in thanks.text, thanks.all("form", "method")) == (True, [])


def test_clicking_twice_skips_nothing(client: FlaskClient, page: str, kind: Kind) -> None:
    """A double click is one answer, and what may be added is still asked."""
    client.post(page, data=FIRST[kind])
    again = Page(client.get(led_to(client.post(page, data=FIRST[kind]))))
    assert again.all("form", "method") == ["post"]


def test_a_form_sent_again_changes_nothing(
    client: FlaskClient, page: str, kind: Kind, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each field is written once, and the time is that of the first answer."""
    more = {"follow_up": "First", "email": "a@example.org", "may_write": "on"}
    client.post(page, data=FIRST[kind])
    client.post(page, data=more)
    before = look("SELECT * FROM feedback")
    monkeypatch.setattr(clock, "now", lambda: after(hours=1))
    other = {"score": "1", "reason": "well", "comment": "Second", "follow_up": "Second"}
    if kind != "feedback":
        client.post(page, data={"comment": "First"})
        before[0]["comment"] = "First"
    client.post(page, data={**other, "email": "b@example.org", "may_write": "on"})
    assert look("SELECT * FROM feedback") == before


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ({"comment": "é" * (wire.MAX_COMMENT_CHARS + 1)}, "comment"),
        ({"follow_up": "é" * (MAX_FOLLOW_UP_CHARS + 1)}, "follow_up"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.org", "may_write": ""}, "may_write"),
    ],
)
def test_what_cannot_be_kept_comes_back(
    client: FlaskClient, opening: Open, look: Look, typed: dict[str, str], marked: str
) -> None:
    """One sentence says why beside the field, nothing typed is lost, and the click is safe."""
    page = opening("nps")
    client.post(page, data={"score": "0"})
    if not typed.get("may_write", "on"):
        typed = {"email": typed["email"]}
    answer = client.post(page, data={"follow_up": "Kept on the page", **typed})
    assert answer.status_code == 422
    shown = Page(answer)
    (wrong,) = [attrs for _, attrs in shown.tags if "aria-invalid" in attrs]
    assert wrong["name"] == marked
    assert shown.all("p", "role").count("alert") == 1
    back = [*shown.text.split("\n"), *shown.all("input", "value")]
    assert all(text in back for text in typed.values())
    assert one(look, "score, follow_up, comment, email") == {
        "score": 0,
        "follow_up": None,
        "comment": None,
        "email": None,
    }


# -- the page ------------------------------------------------------------------------------


def test_a_page_is_opened_by_its_own_word(
    client: FlaskClient, page: str, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fetches addresses, or loads them ahead, opens nothing; the image does, once."""
    (pixel,) = Page(client.get(page)).all("img", "src")
    assert pixel is not None
    client.head(page)
    client.head(pixel)
    for header in ("Sec-Purpose", "Purpose", "X-Moz"):
        client.get(pixel, headers={header: "prefetch"})
    assert one(look, "opened_at") == {"opened_at": None}
    assert client.get(pixel).mimetype == "image/gif"
    monkeypatch.setattr(clock, "now", lambda: after(hours=1))
    client.get(pixel)
    assert one(look, "opened_at") == {"opened_at": ms(NOW)}


def test_the_page_needs_nobody_else(client: FlaskClient, page: str) -> None:
    """It is one form; nothing comes from elsewhere, and the browser is told so."""
    answer = client.get(page)
    shown = Page(answer)
    assert shown.all("form", "method") == ["post"]
    loaded = [*shown.all("script", "src"), *shown.all("img", "src"), *shown.all("link", "href")]
    assert all(address and address.startswith("/s/") for address in loaded)
    assert "style" not in {name for _, attrs in shown.tags for name in attrs}
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_products_logo_is_shown(
    client: FlaskClient, store: Store, product: Product, page: str
) -> None:
    """It comes from this server, and a product without one has none."""
    assert Page(client.get(page)).all("img", "class") == []
    store.put_logo(product, Logo(content_type="image/png", content=b"PNG"))
    (logo,) = [
        attrs["src"]
        for _, attrs in Page(client.get(page)).tags
        if "class" in attrs and attrs["class"] == "logo"
    ]
    assert client.get(str(logo)).data == b"PNG"


def test_the_vendors_own_texts_are_shown_as_text(
    client: FlaskClient, store: Store, product: Product, opening: Open
) -> None:
    """Markup and braces in a vendor's question are what they are; each language has its own."""
    question = {"en": "<i>How</i> {likely} is {product}?", "de": "Wie {product}?"}
    store.change_survey(product, replace(NPS, question=question, follow_up=None), NOW)
    assert "<i>How</i> {likely} is Sample?" in Page(client.get(opening("nps", "&lang=en"))).text
    assert "Wie Sample?" in Page(client.get(opening("nps", "&lang=de-AT"))).text


# -- erasure -------------------------------------------------------------------------------


def test_erasure_takes_everything_along(
    client: FlaskClient, store: Store, product: Product, opening: Open, look: Look
) -> None:
    """Who erases a copy erases what was said from it on every page; open ones then say so."""
    pages = {kind: opening(kind) for kind in KINDS}
    for kind, page in pages.items():
        client.post(page, data=FIRST[kind])
    other = opening("nps", f"&id={UUID(int=7)}")
    store.erase(product, INSTALLATION, NOW)
    assert [client.get(page).status_code for page in pages.values()] == [410, 410, 410]
    assert client.get(other).status_code == 200
    assert len(look("SELECT * FROM feedback")) == 1


def test_the_id_of_an_erased_copy_is_not_kept_again(
    store: Store, product: Product, opening: Open, kind: Kind, look: Look
) -> None:
    """A page opened with an erased copy's address is answered, and not tied to that copy."""
    store.erase(product, INSTALLATION, NOW)
    opening(kind)
    assert one(look, "installation_uuid") == {"installation_uuid": None}
