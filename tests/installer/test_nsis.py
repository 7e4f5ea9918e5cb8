"""The NSIS kit: setups are built, run, and removed again, on a Windows desktop under Wine."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.installer.conftest import Vendor
from tests.installer.desktop import Desktop, until
from tests.installer.nsis import (
    BOX,
    CANCEL,
    COMMENT,
    IN_BROWSER,
    SEND,
    SKIP,
    THIRD_REASON,
    TITLE,
    UNINSTALL,
    asked,
    closes,
    setup,
)

pytestmark = [pytest.mark.slow, pytest.mark.windows_setup]


# -- a person --------------------------------------------------------------------------------


def test_a_life(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """Installed with the box ticked, launched, removed with a reason: all of it arrives."""
    inkwell = setup(desktop, shop)
    desktop.start(inkwell.program, language="de_DE")
    desktop.goes_on(TITLE)
    desktop.photograph(TITLE, "nsis-consent-de")
    desktop.clicks(TITLE, BOX)
    desktop.photograph(TITLE, "nsis-consent-de-ticked")
    desktop.goes_on(TITLE, "alt+i")
    closes(desktop)
    assert "person full" in desktop.said(inkwell.agent, "consent")
    desktop.run("cmd", "/c", inkwell.folder / "inkwell.cmd")
    until(lambda: shop.launches() == 1)
    asked(inkwell, "ru_RU")
    desktop.clicks(TITLE, THIRD_REASON)
    desktop.clicks(TITLE, COMMENT)
    desktop.types("Schon gut: viel zu langsam!")
    desktop.photograph(TITLE, "nsis-question-ru")
    desktop.clicks(TITLE, SEND)
    closes(desktop)
    assert inkwell.is_gone()
    [told] = since(1)
    assert told["reason"] == "did-not-work"
    assert told["comment"] == "Schon gut: viel zu langsam!"
    assert (told["asked"], told["context"], told["version"]) == ("installer", "remove", "1.0.0")
    assert desktop.opened == []


@pytest.mark.parametrize(("button", "way"), [(SKIP, "installer"), (IN_BROWSER, "page")])
def test_other_ways_out(
    desktop: Desktop, shop: Vendor, since: Any, button: tuple[int, int], way: str
) -> None:
    """Who skips has been asked, and said nothing; who wants the browser gets the survey's page."""
    inkwell = setup(desktop, shop)
    inkwell.install()
    asked(inkwell, "en_US")
    desktop.photograph(TITLE, "nsis-question-en")
    desktop.clicks(TITLE, button)
    closes(desktop)
    assert inkwell.is_gone()
    [told] = since(1)
    assert (told["asked"], told["reason"], told["context"]) == (way, None, "remove")
    if way == "page":
        [page] = until(lambda: desktop.opened)
        assert urlsplit(page)[:2] == urlsplit(shop.server.url)[:2]
        assert urlsplit(page).path.startswith("/u/")
    assert len(desktop.opened) == (way == "page")


@pytest.mark.parametrize("language", ["ar_EG", "ja_JP"])
def test_cancelled(desktop: Desktop, shop: Vendor, since: Any, language: str) -> None:
    """Who cancels at the question keeps the product, and nobody hears of it."""
    inkwell = setup(desktop, shop)
    inkwell.install()
    asked(inkwell, language)
    desktop.photograph(TITLE, f"nsis-question-{language[:2]}")
    desktop.clicks(TITLE, CANCEL)
    until(lambda: not desktop.windows())
    assert inkwell.agent.exists()
    assert desktop.has_key(rf"HKCU\{UNINSTALL}\inkwell")
    assert since() == []


def test_the_page_opens_where_the_vendor_says_so(
    desktop: Desktop, shop: Vendor, since: Any
) -> None:
    """With --survey open there is no question before the page; silent opens none."""
    inkwell = setup(desktop, shop, "--survey", "open", "--consent", "full")
    inkwell.install()
    desktop.start(inkwell.folder / "uninstall.exe")
    desktop.goes_on(TITLE)
    closes(desktop)
    assert inkwell.is_gone()
    until(lambda: desktop.opened)
    desktop.tidy()
    inkwell.install()
    inkwell.uninstall()
    assert [(one["asked"], one["not_asked"]) for one in since(2)] == [
        ("page", None),
        ("no", "unattended"),
    ]
    assert desktop.opened == []


# -- nobody ----------------------------------------------------------------------------------


def test_unattended(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A silent uninstall shows nothing, is counted as such, and leaves nothing."""
    inkwell = setup(desktop, shop)
    inkwell.install()
    desktop.start(inkwell.folder / "uninstall.exe", "/S")  # as a person's script: it copies itself
    until(lambda: not inkwell.folder.exists())
    assert desktop.windows() == []
    [told] = since(1)
    assert (told["asked"], told["not_asked"]) == ("no", "unattended")
    assert told["context"] == "unknown"
    assert desktop.opened == []


def test_an_update_over_the_old_one(desktop: Desktop, shop: Vendor, since: Any) -> None:
    """A setup over the version before it goes on with the same copy and the same consent."""
    setup(desktop, shop).install()
    inkwell = setup(desktop, shop, version="2.0.0")
    desktop.run(inkwell.agent, "consent", "full")
    before = desktop.said(inkwell.agent, "status", "--json")
    inkwell.install()
    after = desktop.said(inkwell.agent, "status", "--json")
    assert _id(before) == _id(after)
    assert '"consent": "full"' in after
    inkwell.launch()
    assert since() == []
    versions = "SELECT version FROM installations ORDER BY id DESC LIMIT 1"
    assert shop.stored(versions) == [("2.0.0",)]


@pytest.mark.parametrize("said", ["/EXITPOLL_UPGRADE", None])
def test_an_update_that_uninstalls_first(
    desktop: Desktop, shop: Vendor, since: Any, said: str | None
) -> None:
    """Told of it, the old uninstaller says nothing; else the new version takes its word back."""
    options = ("--consent", "full")
    inkwell = setup(desktop, shop, *options)
    inkwell.install()
    inkwell.launch()
    before = _id(desktop.said(inkwell.agent, "status", "--json"))
    inkwell.uninstall(*filter(None, [said]))
    assert inkwell.is_gone()
    assert len(since(0 if said else 1)) == (0 if said else 1)
    inkwell = setup(desktop, shop, *options, version="2.0.0")
    inkwell.install()
    assert _id(desktop.said(inkwell.agent, "status", "--json")) == before
    inkwell.launch()
    assert [one["withdrawn"] for one in since()] == ([] if said else [1])


def _id(status: str) -> str:
    return str(json.loads(status)["installation_id"])


def test_it_was_there_before_the_agent(desktop: Desktop, shop: Vendor) -> None:
    """Where a version without the agent is updated, nobody takes it for a new copy."""
    inkwell = setup(desktop, shop, "--consent", "full")
    inkwell.folder.mkdir(parents=True)
    (inkwell.folder / "inkwell.cmd").write_text("@rem the version before")
    inkwell.install()
    inkwell.launch()
    [(origin,)] = shop.stored("SELECT origin FROM installations ORDER BY id DESC LIMIT 1")
    assert origin == "upgrade"
