"""Somebody is leaving: every path through the survey, in a real browser."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.browser.conftest import GIFT, LANGUAGES, WIDTHS, Opener, Site, picture
from tests.server.messages import leaving
from tests.server.processes import wait_until

from exitpoll_agent import wire

NUMBER = "0b5e8c1d-7d6f-4c8e-9a52-3f1f0f8a7b11"
"""Of a copy, by chance as agents make them."""

in_every_way = pytest.mark.parametrize(
    ("language", "width", "script"),
    [
        (language, width, script)
        for language in LANGUAGES
        for width in WIDTHS
        for script in (True, False)
    ],
)


def reason(page: Page, name: str) -> None:
    page.click(f'button[name="reason"][value="{name}"]')


def assert_accessible(page: Page) -> None:
    """No rule of axe-core is broken, and nothing stands outside of the window."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@in_every_way
def test_one_click_and_all_that_may_follow(
    site: Site, open_page: Opener, language: str, width: int, script: bool
) -> None:
    """The click is saved at once; follow-up, comment and address follow on the same page."""
    name = f"{language}-{width}-{'script' if script else 'plain'}"
    page = open_page(site.link(language), width=width, script=script)
    assert page.get_attribute("html", "lang") == language
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    picture(page, f"exit-1-question-{name}")
    if script:
        assert_accessible(page)
    reason(page, "missing-feature")
    expect(page.locator('[name="follow_up"]')).to_be_visible()
    assert site.look("SELECT reason, comment FROM answers") == [
        {"reason": "missing-feature", "comment": None}
    ]
    picture(page, f"exit-2-follow-up-{name}")
    if script:
        assert_accessible(page)
    page.fill('[name="follow_up"]', "SVG export")
    page.fill('[name="comment"]', "Прощай — 再見\nوداعا")
    page.fill('[name="email"]', "ada@example.com")
    page.check('[name="may_write"]')
    page.click("form button.send")
    expect(page.locator('[name="comment"]')).to_have_count(0)
    expect(page.locator("main")).to_contain_text("SVG export")
    picture(page, f"exit-3-thanks-{name}")
    if script:
        assert_accessible(page)
    [_, said] = site.look("SELECT follow_up, comment, email FROM answers ORDER BY id")
    assert said == {
        "follow_up": "SVG export",
        "comment": "Прощай — 再見\nوداعا",
        "email": "ada@example.com",
    }
    assert site.look("SELECT locale, opened_at > 0 AS opened FROM showings") == [
        {"locale": language, "opened": 1}
    ]


@in_every_way
def test_only_updating_is_no_leaving(
    site: Site, open_page: Opener, language: str, width: int, script: bool
) -> None:
    """One click takes the uninstall back, and nothing more is asked, on a reload neither."""
    address = site.link(language)
    page = open_page(address, width=width, script=script)
    page.click('button[name="updating"]')
    expect(page.locator('button[name="reason"]')).to_have_count(0)
    picture(page, f"exit-updating-{language}-{width}-{'script' if script else 'plain'}")
    page.goto(address)
    expect(page.locator('button[name="reason"]')).to_have_count(0)
    assert site.look("SELECT withdrawn_at > 0 AS withdrawn FROM uninstalls") == [{"withdrawn": 1}]


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_offer_is_shown_and_can_be_had(
    site: Site, open_page: Opener, language: str, script: bool
) -> None:
    """Who left for the price sees the offer; following its link is noted."""
    page = open_page(site.link(language), script=script, width=360)
    reason(page, "too-expensive")
    link = page.locator(".offer a")
    expect(link).to_be_visible()
    picture(page, f"exit-offer-{language}-{'script' if script else 'plain'}")
    page.route(f"{GIFT}**", lambda route: route.fulfill(body="A gift"))
    link.click()
    page.wait_for_url(GIFT)
    [showing] = site.look(
        "SELECT offer, offered_at > 0 AS seen, offer_taken_at > 0 AS taken FROM showings"
    )
    assert showing == {"offer": "too-expensive", "seen": 1, "taken": 1}


def test_the_keyboard_is_enough(site: Site, open_page: Opener) -> None:
    """Tab, Space and Enter lead through all of it, and it is always seen where one is."""
    page = open_page(site.link())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("form button.send")).to_be_visible()
    assert len(site.look("SELECT reason FROM answers")) == 1
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "comment":
            break
    page.keyboard.type("By hand")
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('send')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page.locator("blockquote")).to_contain_text("By hand")


def test_what_was_typed_survives_the_closing_of_the_window(site: Site, open_page: Opener) -> None:
    """Nobody has to click Send: what stands in the box when the page is left is kept."""
    page = open_page(site.link())
    reason(page, "missing-feature")
    page.fill('[name="comment"]', "I was about to say")
    page.close(run_before_unload=True)
    kept = "SELECT 1 FROM answers WHERE comment = 'I was about to say'"
    wait_until(lambda: bool(site.look(kept)), 10, "the comment is lost")


@pytest.mark.parametrize("script", [True, False])
def test_a_comment_too_long_is_told_and_not_cut(
    site: Site, open_page: Opener, script: bool
) -> None:
    """All that was typed stays in the box, with a sentence that says how much too much it is."""
    page = open_page(site.link(), script=script)
    reason(page, "other")
    page.fill('[name="comment"]', "x" * 4_001)
    page.click("form button.send")
    expect(page.locator('[role="alert"]')).to_be_visible()
    assert len(page.input_value('[name="comment"]')) == 4_001
    assert site.look("SELECT comment FROM answers WHERE comment IS NOT NULL") == []
    page.fill('[name="comment"]', "x" * 4_000)
    page.click("form button.send")
    expect(page.locator("blockquote")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_seen_and_deleted(
    site: Site, open_page: Opener, language: str, script: bool
) -> None:
    """What is known is shown on request; deleting it takes a confirmation, and gives a receipt."""
    page = open_page(site.link(language), width=360, script=script)
    page.click('a[href$="/known"]')
    picture(page, f"known-1-{language}-{'script' if script else 'plain'}")
    if script:
        assert_accessible(page)
    page.click('button[name="erase"]')
    assert site.look("SELECT 1 FROM installations") != []
    picture(page, f"known-2-confirm-{language}-{'script' if script else 'plain'}")
    page.click('button[name="erase"]')
    expect(page.locator(".receipt")).to_be_visible()
    picture(page, f"known-3-receipt-{language}-{'script' if script else 'plain'}")
    if script:
        assert_accessible(page)
    assert site.look("SELECT 1 FROM installations") == []


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_copys_number_is_enough(
    site: Site, open_page: Opener, language: str, script: bool
) -> None:
    """Long after the survey's address has expired, everything can be seen and deleted by it."""
    open_page(site.link(language, id=NUMBER))
    page = open_page(f"{site.url}/s/copy/{site.product.key}", script=script, locale=language)
    name = f"{language}-{'script' if script else 'plain'}"
    picture(page, f"copy-1-{name}")
    if script:
        assert_accessible(page)
    page.fill('[name="id"]', NUMBER)
    page.click("form button.send")
    expect(page.locator("main")).to_contain_text(NUMBER)
    assert NUMBER not in page.url
    for _ in range(2):
        page.click('button[name="erase"]')
    expect(page.locator(".receipt")).to_contain_text(NUMBER)
    assert site.look("SELECT 1 FROM installations") == []


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_damaged_address_still_asks(
    site: Site, open_page: Opener, language: str, script: bool
) -> None:
    """Cut off on its way, the agent's address leads to the question all the same."""
    event = wire.encode_event(leaving(version="2.1.0", locale=language))
    page = open_page(
        f"{site.url}/u/{site.product.key}/{event[:-9]}", script=script, locale=language
    )
    reason(page, "switched")
    expect(page.locator('[name="follow_up"]')).to_be_visible()
    assert site.look("SELECT reason FROM answers") == [{"reason": "switched"}]
    assert site.look("SELECT channel FROM receipts") == [{"channel": "link"}]


@in_every_way
@pytest.mark.parametrize("kind", ["nps", "checkin", "feedback"])
def test_what_is_asked_while_in_use(
    site: Site, open_page: Opener, kind: str, language: str, width: int, script: bool
) -> None:
    """Each kind has a page that is understood by everybody, by day and by night."""
    scheme = "dark" if width < 1280 else "light"
    page = open_page(
        site.link(language, survey=kind), width=width, script=script, color_scheme=scheme
    )
    name = f"{language}-{width}-{'script' if script else 'plain'}"
    picture(page, f"{kind}-1-{name}")
    if script:
        assert_accessible(page)
    if kind == "nps":
        page.click('button[name="score"][value="9"]')
    elif kind == "checkin":
        reason(page, "well")
    page.fill('[name="comment"]', "Fine")
    page.click("form button.send")
    expect(page.locator("main")).to_contain_text("Fine")
    picture(page, f"{kind}-2-{name}")
    if script:
        assert_accessible(page)
    [said] = site.look("SELECT survey, comment FROM feedback")
    assert said == {"survey": kind, "comment": "Fine"}
    assert site.look("SELECT 1 FROM uninstalls") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_by_night_too(site: Site, open_page: Opener, scheme: str) -> None:
    """Colours have contrast enough in both schemes."""
    page = open_page(site.link(), color_scheme=scheme)
    picture(page, f"exit-{scheme}")
    assert_accessible(page)
