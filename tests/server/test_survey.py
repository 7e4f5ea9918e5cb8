"""The survey, as the browser of somebody who is leaving sees it."""

from __future__ import annotations

import base64
import re
import time
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from tests.server.conftest import Look
from tests.server.databases import Database
from tests.server.messages import INSTALLATION, NOW, after, arrival, leaving, ping, row
from werkzeug.test import TestResponse

from exitpoll_agent import wire
from exitpoll_server import clock, create_app
from exitpoll_server.questions import EXIT
from exitpoll_server.store import Product, Store

DAY = 24 * 60 * 60
assert EXIT.last is not None
LAST = EXIT.last.id


class Page(HTMLParser):
    """What a browser without JavaScript makes of a page."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(answer.get_data(as_text=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, name: str) -> list[str | None]:
        return [attrs[name] for each, attrs in self.tags if each == tag and name in attrs]

    @property
    def reasons(self) -> list[str | None]:
        return [
            attrs.get("value")
            for tag, attrs in self.tags
            if tag == "button" and attrs.get("name") in ("reason", "score")
        ]

    @property
    def foreign_scripts(self) -> list[dict[str, str | None]]:
        """Scripts that are not the page's own file."""
        own = {"src": "/s/static/survey.js", "defer": None}
        return [attrs for tag, attrs in self.tags if tag == "script" and attrs != own]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be NOW, for the server's clock and for the signer's."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(time, "time", NOW.timestamp)


@pytest.fixture
def survey(client: FlaskClient, product: Product) -> str:
    """Return the address of a survey, as the browser was led to it."""
    return led_to(open_event(client, product))


def open_event(client: FlaskClient, product: Product, **fields: Any) -> TestResponse:
    event = wire.encode_event(leaving(**{"version": "1.0", "locale": "en-GB", **fields}))
    return client.get(f"/u/{product.key}/{event}")


def open_link(client: FlaskClient, product: Product, person: str) -> TestResponse:
    return client.get(f"/u/{product.key}?id={person}&v=2.1.0&lang=en")


def led_to(answer: TestResponse) -> str:
    assert answer.status_code == 303
    return answer.headers["Location"]


def said(look: Look) -> list[tuple[str | None, str | None]]:
    rows = look("SELECT reason, comment FROM answers ORDER BY id")
    return [(row["reason"], row["comment"]) for row in rows]


def opened(look: Look) -> bool:
    (showing,) = look("SELECT opened_at FROM showings")
    return showing["opened_at"] is not None


# -- the way in ----------------------------------------------------------------------------


def test_the_agents_address_records_the_uninstall_and_leads_to_the_survey(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """Where a firewall stops the agent, opening the page is enough to be heard."""
    address = led_to(open_event(client, product))
    assert re.fullmatch(r"/s/[\w.-]+", address)
    assert look("SELECT version, locale, asked FROM uninstalls") == [
        {"version": "1.0", "locale": "en-GB", "asked": "no"}
    ]
    assert look("SELECT channel FROM receipts") == [{"channel": "browser"}]


def test_a_plain_link_records_the_uninstall_and_leads_to_the_survey(
    client: FlaskClient, product: Product, look: Look
) -> None:
    """Ten lines of a setup script, without any agent, are enough to be heard."""
    assert re.fullmatch(r"/s/[\w.-]+", led_to(open_link(client, product, "machine-7")))
    assert look("SELECT version, locale, asked FROM uninstalls") == [
        {"version": "2.1.0", "locale": "en", "asked": "page"}
    ]
    assert look("SELECT channel FROM receipts") == [{"channel": "link"}]


@pytest.mark.parametrize(
    "query", ["", "?id=", "?v=" + "9" * 65, "?lang=%00", "?id=%ff%00", "?id=" + "a" * 5000]
)
def test_a_link_takes_what_it_is_given(
    client: FlaskClient, product: Product, look: Look, query: str
) -> None:
    """A setup script's mistakes in what is optional cost no answer."""
    led_to(client.get(f"/u/{product.key}{query}"))
    assert look("SELECT version, locale FROM uninstalls") == [{"version": None, "locale": None}]


def test_the_surveys_address_says_nothing_of_the_copy(
    client: FlaskClient, product: Product
) -> None:
    """What stays in the browser's history tells neither ids nor version, decoded or not."""
    address = led_to(open_event(client, product, version="1.2.3-secret"))
    payload = address.removeprefix("/s/").split(".")[0]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    event = leaving()
    for text in (address, decoded.decode()):
        for secret in (event.installation_id, event.counter, event.uninstall.uninstall_id):
            assert isinstance(secret, UUID)
            assert str(secret) not in text
            assert secret.hex not in text
        assert "1.2.3" not in text
        assert product.key not in text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_only_opening_the_page_is_leaving(
    client: FlaskClient, product: Product, look: Look, method: str
) -> None:
    """What merely asks about an address records no uninstall."""
    event = wire.encode_event(leaving())
    for address in (f"/u/{product.key}/{event}", f"/u/{product.key}?id=7"):
        assert client.open(address, method=method).status_code < 500
    assert look("SELECT * FROM uninstalls") == []


def test_the_page_of_a_copy_that_came_back_still_asks(
    client: FlaskClient, store: Store, product: Product
) -> None:
    """A ping after the uninstall withdraws it, and the page open just then still works."""
    address = led_to(open_event(client, product))
    store.merge(product, [arrival(ping(99, sent_at=after(hours=1)), after(hours=1))])
    assert client.get(address).status_code == 200


# -- the page ------------------------------------------------------------------------------


def test_the_page_needs_no_javascript(client: FlaskClient, survey: str) -> None:
    """The question is a form of buttons; the one script is our own, nothing is from elsewhere."""
    page = Page(client.get(survey))
    assert "Sample" in page.text
    assert page.all("form", "method") == ["post"]
    assert set(page.reasons) == {*(reason.id for reason in EXIT.reasons), LAST}
    assert page.foreign_scripts == []
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    loaded = [*page.all("link", "href"), *page.all("img", "src")]
    assert all(address is not None and address.startswith("/s/") for address in loaded)


def test_the_pages_style_can_be_loaded(client: FlaskClient, survey: str) -> None:
    """What the page links to is there."""
    icon, style = Page(client.get(survey)).all("link", "href")
    for address, kind in ((icon, "image/png"), (style, "text/css")):
        answer = client.get(str(address))
        assert (answer.status_code, answer.mimetype) == (200, kind)
        answer.close()


def test_one_click_is_a_full_answer(client: FlaskClient, survey: str, look: Look) -> None:
    """A click on a reason is saved at once, and the page says so after a redirect."""
    address = led_to(client.post(survey, data={"reason": "too-expensive"}))
    assert said(look) == [("too-expensive", None)]
    page = Page(client.get(address))
    assert "It costs too much" in page.text
    assert page.reasons == []


def test_a_comment_can_follow_the_click(client: FlaskClient, survey: str, look: Look) -> None:
    """After the click the page asks for words; both answers stand side by side."""
    client.post(survey, data={"reason": "switched"})
    assert "comment" in Page(client.get(survey)).all("textarea", "name")
    client.post(survey, data={"comment": "Дорого\r\n(и медленно)"})
    assert said(look) == [("switched", None), (None, "Дорого\n(и медленно)")]
    page = Page(client.get(survey))
    assert "Дорого\n(и медленно)" in page.text
    assert page.all("textarea", "name") == ["follow_up"]


def test_a_comment_needs_no_reason(client: FlaskClient, survey: str, look: Look) -> None:
    """Own words alone are an answer."""
    client.post(survey, data={"comment": "It ate my file"})
    assert said(look) == [(None, "It ate my file")]


def test_reloading_a_sent_form_answers_once(client: FlaskClient, survey: str, look: Look) -> None:
    """The same answer sent twice, by a double click or a reload, is one."""
    for _ in range(2):
        client.post(survey, data={"reason": "other"})
    assert said(look) == [("other", None)]


@pytest.mark.parametrize(
    "form", [{}, {"comment": ""}, {"comment": " \r\n "}, {"comment": "\0"}, {"reason": "invented"}]
)
def test_an_empty_answer_is_none(
    client: FlaskClient, survey: str, look: Look, form: dict[str, str]
) -> None:
    """Sending nothing, or a reason that was never offered, stores no answer and breaks nothing."""
    assert led_to(client.post(survey, data=form)) == survey
    assert said(look) == []


def test_the_longest_comment_is_kept(client: FlaskClient, survey: str, look: Look) -> None:
    """4,000 characters fit, of any script, line breaks counting as one."""
    comment = "語" * 3_998 + "\r\n" + "😀"
    led_to(client.post(survey, data={"comment": comment}))
    assert said(look) == [(None, comment.replace("\r\n", "\n"))]


def test_a_comment_too_long_comes_back(client: FlaskClient, survey: str, look: Look) -> None:
    """Nothing typed is lost: the text stands in the form again, with how long it may be."""
    comment = "x" * 4_000 + "\n<end>"
    answer = client.post(survey, data={"comment": comment})
    page = Page(answer)
    assert answer.status_code == 422
    assert comment in page.text
    assert "4006" in page.text
    assert "4000" in page.text
    assert page.all("textarea", "maxlength") == []
    assert said(look) == []


def test_a_body_beyond_all_reason_is_refused_in_words(client: FlaskClient, survey: str) -> None:
    """Far more than any form is a page with a status, not a crash."""
    answer = client.post(survey, data={"comment": "x" * 100_000})
    assert answer.status_code == 413
    assert is_friendly(answer)


# -- what was shown ------------------------------------------------------------------------


def test_every_showing_is_kept_with_its_order(client: FlaskClient, survey: str, look: Look) -> None:
    """What was shown, in which order, is stored once, answered or not."""
    shown = [Page(client.get(survey)).reasons for _ in range(2)]
    (showing,) = look("SELECT survey, survey_version, locale, reasons FROM showings")
    assert showing.pop("reasons") == str(shown[0]).replace("'", '"')
    assert showing == {"survey": "exit", "survey_version": 1, "locale": "en"}
    assert shown[0] == shown[1]


def test_orders_differ_between_people_and_other_stays_last(
    client: FlaskClient, product: Product
) -> None:
    """Each person has an order of their own, so that no reason is favoured."""
    orders = [
        Page(client.get(led_to(open_link(client, product, f"person-{n}")))).reasons
        for n in range(12)
    ]
    assert {order[-1] for order in orders} == {LAST}
    assert len({str(order) for order in orders}) > 6
    assert len({order[0] for order in orders}) > 2


def test_only_the_pages_own_image_opens_it(client: FlaskClient, survey: str, look: Look) -> None:
    """A page that was fetched is not yet opened; its image, which browsers load, opens it."""
    (image,) = Page(client.get(survey)).all("img", "src")
    assert not opened(look)
    answer = client.get(str(image))
    assert (answer.status_code, answer.mimetype) == (200, "image/gif")
    assert opened(look)


def test_who_only_fetches_opens_nothing(client: FlaskClient, survey: str, look: Look) -> None:
    """A browser that loads ahead, or a scanner that asks for headers, is nobody reading."""
    (image,) = Page(client.get(survey)).all("img", "src")
    client.get(str(image), headers={"Sec-Purpose": "prefetch;prerender"})
    client.head(str(image))
    client.head(survey)
    assert not opened(look)


def test_who_answers_has_opened(client: FlaskClient, survey: str, look: Look) -> None:
    """With images switched off, an answer is proof enough."""
    client.post(survey, data={"reason": "other"})
    assert opened(look)


def test_the_first_opening_counts(
    client: FlaskClient, survey: str, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the page again does not move when it was opened."""
    (image,) = Page(client.get(survey)).all("img", "src")
    client.get(str(image))
    first = look("SELECT opened_at FROM showings")
    monkeypatch.setattr(clock, "now", lambda: after(days=1))
    client.get(str(image))
    assert look("SELECT opened_at FROM showings") == first


# -- the token -----------------------------------------------------------------------------


def test_a_token_cannot_be_altered(client: FlaskClient, survey: str) -> None:
    """No character of a survey's address can be changed to reach another person's."""
    token = survey.removeprefix("/s/")
    reached = [
        position
        for position, character in enumerate(token[:-1])  # the last one's low bits are padding
        if client.get(
            "/s/" + token[:position] + ("A" if character != "A" else "B") + token[position + 1 :]
        ).status_code
        != 410
    ]
    assert reached == []


def test_a_token_of_another_server_is_worthless(
    survey: str, tmp_path: Path, migrated: Path
) -> None:
    """Each server signs with a secret of its own."""
    other = tmp_path / "other.sqlite3"
    other.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{other}")
    product = store.create_product(name="Other", stopped_after_days=40, trial_days=None, now=NOW)
    client = create_app(store).test_client()
    open_event(client, product)
    assert client.get(survey).status_code == 410
    store.close()


@pytest.mark.parametrize(("seconds", "status"), [(30 * DAY - 60, 200), (30 * DAY + 60, 410)])
def test_a_token_expires_after_30_days(
    client: FlaskClient, survey: str, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    """An address found in an old history can be answered for 30 days, and no longer."""
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + seconds)
    assert client.get(survey).status_code == status
    if status == 410:
        assert client.post(survey, data={"reason": "other"}).status_code == 410
        assert client.get(f"{survey}/open").status_code == 410


def test_an_erased_persons_token_leads_to_nobody(
    client: FlaskClient, store: Store, product: Product, survey: str, look: Look
) -> None:
    """The next person to leave gets a token of their own: the erased one's does not open theirs."""
    store.erase(product, INSTALLATION, NOW)
    assert client.get(survey).status_code == 410
    client.post(led_to(open_link(client, product, "next")), data={"comment": "Mine alone"})
    answer = client.get(survey)
    assert answer.status_code == 410
    assert "Mine alone" not in answer.text
    assert client.post(survey, data={"reason": "other"}).status_code == 410
    assert said(look) == [(None, "Mine alone")]


# -- what goes wrong -----------------------------------------------------------------------


def is_friendly(answer: TestResponse) -> bool:
    """Tell whether a page thanks, explains, and shows nothing of the program."""
    page = Page(answer)
    return (
        answer.mimetype == "text/html"
        and "Thank you" in page.text
        and "Traceback" not in answer.text
        and "Error" not in answer.text
    )


def compact(packed: bytes) -> str:
    """Return a compact event of any content, with its checksum: anybody can make one."""
    payload = "1." + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    checksum = base64.urlsafe_b64encode(zlib.crc32(payload.encode()).to_bytes(4, "big"))
    return f"{payload}.{checksum.rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "event",
    [
        "x",
        "1.abc.def",
        "%ff%00",
        "1.cut/",
        "<script>alert(1)</script>",
        compact(b"no JSON"),
        compact(b"\xff\xfe"),
        compact(b"{}"),
        compact(b"[]"),
        compact(b"[NaN, 1e999, {}]"),
        compact(b'[["a"], "b"]'),
        compact(b"[" * 1_100),
        "A" * 5_000,
    ],
)
def test_a_damaged_event_gets_a_page(
    client: FlaskClient, product: Product, look: Look, event: str
) -> None:
    """Whatever became of the address, the person reads a sentence, and nothing is stored."""
    answer = client.get(f"/u/{product.key}/{event}")
    assert answer.status_code == 400
    assert is_friendly(answer)
    assert "<script" not in answer.text
    assert look("SELECT * FROM installations") == []


@pytest.mark.parametrize("path", ["/u/unknown/1.a.b", "/u/unknown?id=1", "/u/%00%ff", "/u/<b>"])
def test_an_unknown_product_gets_a_page(client: FlaskClient, path: str) -> None:
    """An address of no product is a sentence with 404, and echoes nothing."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert is_friendly(answer)
    assert "<b>" not in answer.text


def test_an_erased_copy_gets_a_page(
    client: FlaskClient, store: Store, product: Product, look: Look
) -> None:
    """Who had everything erased and opens the address again is told so, and not recorded."""
    store.erase(product, INSTALLATION, NOW)
    answer = open_event(client, product)
    assert answer.status_code == 410
    assert is_friendly(answer)
    assert look("SELECT * FROM installations") == []


def test_a_fault_of_ours_gets_a_page(
    client: FlaskClient, store: Store, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen failure is a sentence with 500 and no trace of the program."""

    def fail(_number: int) -> None:
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr(store, "asked", fail)
    answer = client.get(survey)
    assert answer.status_code == 500
    assert is_friendly(answer)
    assert "secret" not in answer.text


@pytest.mark.usefixtures("impatient")
def test_a_busy_database_gets_a_page(database: Database, product: Product) -> None:
    """While another process writes, the person is asked to reload, with 503."""
    store = Store(database.url)
    client = create_app(store).test_client()
    with database.held():
        answer = open_event(client, product)
    assert answer.status_code == 503
    assert is_friendly(answer)
    store.close()


# -- safety --------------------------------------------------------------------------------


def test_every_page_is_guarded(client: FlaskClient, product: Product, survey: str) -> None:
    """Redirect, question, answer, image and failure all carry the headers that keep a page safe."""
    answers = [
        open_event(client, product),
        client.get(survey),
        client.post(survey, data={"reason": "other"}),
        client.get(f"{survey}/open"),
        client.post(survey, data={"comment": "x" * 5_000}),
        client.get("/s/forged"),
        client.get("/u/unknown"),
    ]
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_is_echoed_unescaped(client: FlaskClient, store: Store) -> None:
    """A product's name and a comment are text, whatever they look like."""
    evil = "</textarea><script>alert('{product}')</script>"
    product = store.create_product(name=evil, stopped_after_days=40, trial_days=None, now=NOW)
    survey = led_to(open_event(client, product, days=(row("2026-11-20"),)))
    shown = client.get(survey)
    too_long = client.post(survey, data={"comment": evil + "x" * 4_000})
    client.post(survey, data={"comment": evil})
    for answer in (shown, too_long, client.get(survey)):
        assert Page(answer).foreign_scripts == []
        assert evil in Page(answer).text


def test_no_page_leads_elsewhere(client: FlaskClient, product: Product, survey: str) -> None:
    """Redirects stay on this server, whatever host a request names."""
    for answer in (
        client.get(f"/u/{product.key}?id=7", headers={"Host": "evil.example"}),
        client.post(survey, data={"reason": "other"}, headers={"Host": "evil.example"}),
    ):
        assert urlsplit(led_to(answer)).netloc == ""
