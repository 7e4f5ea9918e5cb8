"""A vendor at the console: every page, in both languages, on a phone and on a laptop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import WIDTHS, Opener, Site, picture
from tests.browser.test_survey import assert_accessible
from tests.server.databases import Sqlite
from tests.server.messages import arrival, leaving, ping, row, shown_exit
from tests.server.processes import Server, new_product

from exitpoll_agent import wire
from exitpoll_server.clock import now
from exitpoll_server.console.passwords import hashed
from exitpoll_server.counts.themes import ThemeWords
from exitpoll_server.store import Agent, Invitation, Product, Said, Store

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"

LOCALES = {"en": "en-GB", "ru": "ru-RU"}

in_every_way = pytest.mark.parametrize(
    ("language", "width"), [(language, width) for language in LOCALES for width in WIDTHS]
)

OF_A_PRODUCT = (
    *("report", "report?days=28", "report?days=28&than=before"),
    *("comments", "comments?search=slow", "themes", "rows"),
    *("inbox", "inbox?shelf=answered", "inbox/uninstall/1", "prepared", "start"),
    *("survey/exit", "survey/nps?language=ru", "kits", "kits/inno", "kits/link"),
    *("settings", "calendar", "exclusions", "names", "people", "changes"),
    *("notifications", "privacy", "themes/1/tell"),
)
OF_THE_SERVER = ("", "new", "server", "changes", "account")


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Site]:
    """Serve a product that a few dozen people left, and an account to look at it."""
    database = Sqlite(tmp_path / "exitpoll.sqlite3")
    product = new_product(database, "Inkwell")
    store = Store(database.url)
    _live(store, product)
    link = store.people.invite(Invitation(purpose="set-up"), now())
    store.people.accept(link, email=EMAIL, name="Ada", password=hashed(PASSWORD), now=now())
    store.create_product(name="Paint Box", stopped_after_days=40, trial_days=None, now=now())
    store.close()
    server = Server(database.url, tmp_path / "log")
    try:
        yield Site(f"http://127.0.0.1:{server.port}", product, database)
    finally:
        server.end()


def _live(store: Store, product: Product) -> None:
    said = (
        "It is too slow with large files.",
        "So slow that I gave up.",
        "I need SVG export.",
        "Не нашёл экспорт в SVG.",
    )
    for who in range(48):
        begun = now() - timedelta(days=90 - who)
        same: dict[str, Any] = {
            "installation_id": UUID(int=who + 1),
            "counter": UUID(int=who + 1_000),
            "version": "2.0" if who % 3 else "1.9",
            "customer": f"c{who % 10}",
        }
        days = tuple(
            row(f"{(begun + timedelta(days=n)).date()}", 2, same["version"])
            for n in range(0, 40, 3)
        )
        first = ping(1, days=days, installed_at=begun, origin="new", os="windows-11", **same)
        store.merge(product, [arrival(first, begun + timedelta(days=41))])
        if who % 2:
            continue
        at = begun + timedelta(days=42)
        how: dict[str, Any] = {
            "uninstall_id": UUID(int=who + 2_000),
            "at": at,
            "asked": "installer",
        }
        if who % 4 == 0:
            comment = said[who // 4 % len(said)]
            how["answers"] = wire.Answers(reason="did-not-work", comment=comment)
        store.merge(product, [arrival(leaving(2, sent_at=at, uninstall=how, **same), at)])
    for who in (0, 2, 4):
        number = store.uninstall_number(product, UUID(int=who + 1))
        assert number is not None
        asked_at = now() - timedelta(days=who)
        showing = shown_exit(store, number, asked_at)
        told = Said(comment="Please tell me when it is faster.", email=f"user{who}@example.com")
        store.answer(uninstall=number, showing=showing, said=told, now=asked_at)
    words = [ThemeWords(language="en", stems=("slow",))]
    theme = store.keep_theme(product, name="Speed", words=words)
    store.decide_theme(product, theme.id, decision="planned", note="in 3.0", now=now())
    agent = Agent(platform="linux-x86_64", version="1.0.0", sha256="0" * 64, added_at=now())
    store.hand_out(agent, b"")


def sign_in(open_page: Opener, site: Site, language: str, width: int, **more: Any) -> Page:
    page = open_page(f"{site.url}/console/", width=width, locale=LOCALES[language], **more)
    page.fill('[name="email"]', EMAIL)
    page.fill('[name="password"]', PASSWORD)
    page.click("main button")
    expect(page.locator(".mine")).to_be_visible()
    return page


@in_every_way
def test_every_page_can_be_read_by_everybody(
    console: Site, open_page: Opener, language: str, width: int
) -> None:
    """No page breaks a rule of axe-core, is wider than the window, or speaks another language."""
    page = open_page(f"{console.url}/console/", width=width, locale=LOCALES[language])
    assert_accessible(page)
    picture(page, f"console-sign-in-{language}-{width}")
    page = sign_in(open_page, console, language, width)
    paths = [f"{console.product.id}/{path}" for path in OF_A_PRODUCT]
    for path in (*paths, *OF_THE_SERVER):
        answer = page.goto(f"{console.url}/console/{path}")
        assert answer is not None
        assert answer.status == 200
        assert page.get_attribute("html", "lang") == language
        assert_accessible(page)
        name = re.sub(r"\W+", "-", path).strip("-") or "home"
        picture(page, f"console-{name}-{language}-{width}")


@in_every_way
def test_from_nothing_to_a_comment_on_the_screen(
    tmp_path: Path, open_page: Opener, language: str, width: int
) -> None:
    """A link, three screens, lines on the clipboard; somebody leaves, and it is seen at once."""
    database = Sqlite(tmp_path / "exitpoll.sqlite3")
    Store(database.url).close()
    server = Server(database.url, tmp_path / "log", EXITPOLL_PUBLIC_URL="http://127.0.0.1:8000")
    store = Store(database.url)
    link = store.people.invite(Invitation(purpose="set-up"), now())
    try:
        url = f"http://127.0.0.1:{server.port}"
        page = open_page(
            f"{url}/console/join/{link}",
            width=width,
            locale=LOCALES[language],
            permissions=["clipboard-read", "clipboard-write"],
        )
        assert_accessible(page)
        picture(page, f"console-1-join-{language}-{width}")
        page.fill('[name="name"]', "Ada")
        page.fill('[name="email"]', EMAIL)
        page.fill('[name="password"]', PASSWORD)
        page.click("main button")
        picture(page, f"console-2-new-{language}-{width}")
        page.fill('[name="name"]', "Inkwell")
        page.click("main button")
        page.click("[data-copies]")
        expect(page.locator("[data-copies]").first).to_have_text(
            {"en": "Copied", "ru": "Скопировано"}[language]
        )
        copied = page.evaluate("navigator.clipboard.readText()")
        [product] = store.products()
        assert f"/u/{product.key}?id=" in copied
        picture(page, f"console-3-start-{language}-{width}")
        leaver = open_page(f"{url}/u/{product.key}?id={UUID(int=7)}&v=1.0&lang=en")
        leaver.click('button[value="too-expensive"]')
        leaver.fill('[name="comment"]', "Too expensive for twice a year.")
        leaver.click("button.send")
        said = {"en": "Uninstalled so far: 1", "ru": "Удалено: 1"}[language]
        expect(page.locator("[data-waits]")).to_contain_text(said)
        picture(page, f"console-4-arrived-{language}-{width}")
        page.click(f'a[href="/console/{product.id}/report"] >> nth=-1')
        expect(page.locator(".report")).to_contain_text("Too expensive for twice a year.")
        picture(page, f"console-5-report-{language}-{width}")
        assert_accessible(page)
    finally:
        store.close()
        server.end()


def to(page: Page, is_there: Callable[[], bool], key: str = "Tab", most: int = 80) -> None:
    """Press a key until the focus is where it is wanted."""
    for _ in range(most):
        if is_there():
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} leads nowhere near")


def test_by_keyboard_alone(console: Site, open_page: Opener) -> None:
    """Signing in, opening a figure, answering a letter: Tab, Enter and letters are enough."""
    page = open_page(f"{console.url}/console/")

    def focused(selector: str) -> Callable[[], bool]:
        return lambda: bool(page.evaluate(f"document.activeElement.matches({selector!r})"))

    page.keyboard.press("Tab")
    assert focused('a[href="#main"]')(), "the first Tab offers the way past the head"
    to(page, focused('[name="email"]'))
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".mine")).to_be_visible()
    to(page, focused(f'main a[href="/console/{console.product.id}/report"]'))
    page.keyboard.press("Enter")
    expect(page.locator(".report h1")).to_be_visible()
    to(page, focused(".report details.numbers > summary"))
    page.keyboard.press("Enter")
    to(page, focused(".report details.figure > summary"))
    page.keyboard.press("Enter")
    expect(page.locator(".report details.figure[open]").first).to_be_visible()
    page.goto(f"{console.url}/console/{console.product.id}/inbox")
    to(page, focused('main a[href*="/inbox/uninstall/"]'))
    page.keyboard.press("Enter")
    expect(page.locator('[name="text"]')).to_be_visible()
    to(page, focused('[name="text"]'))
    page.keyboard.type("It is faster now.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_contain_text("It is faster now.")


def test_a_picture_as_png(console: Site, open_page: Opener, tmp_path: Path) -> None:
    """One click, and the browser keeps the funnel as a PNG of twice its size."""
    page = sign_in(open_page, console, "en", 1280)
    page.goto(f"{console.url}/console/{console.product.id}/report")
    with page.expect_download() as coming:
        page.click('[data-png="funnel"]')
    assert coming.value.suggested_filename == "funnel.png"
    coming.value.save_as(tmp_path / "funnel.png")
    content = (tmp_path / "funnel.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") > 1_000


def test_without_scripts(console: Site, open_page: Opener) -> None:
    """Everything is there to be read and sent; only copying is by hand."""
    page = sign_in(open_page, console, "en", 1280, script=False)
    page.goto(f"{console.url}/console/{console.product.id}/start")
    expect(page.locator("textarea").first).to_be_visible()
    expect(page.locator("[data-copies]").first).to_be_hidden()
    page.goto(f"{console.url}/console/{console.product.id}/report")
    expect(page.locator(".report h1")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_in_the_dark(console: Site, open_page: Opener, width: int) -> None:
    """Where the browser is dark, page and report are: nothing is light on light."""
    page = sign_in(open_page, console, "en", width, color_scheme="dark")
    for path in ("report", "inbox", "inbox/uninstall/1", "survey/exit", "settings"):
        page.goto(f"{console.url}/console/{console.product.id}/{path}")
        assert_accessible(page)
        picture(page, f"console-dark-{re.sub(r'/', '-', path)}-{width}")


def test_on_paper(console: Site, open_page: Opener) -> None:
    """What is printed is the report: no head, no controls, and light whatever the screen was."""
    page = sign_in(open_page, console, "en", 1280, color_scheme="dark")
    page.goto(f"{console.url}/console/{console.product.id}/report")
    page.emulate_media(media="print")
    for part in (".top", ".controls"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    picture(page, "console-on-paper")
