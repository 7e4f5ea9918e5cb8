"""A real browser on the real server: Debian's Chromium, driven by Playwright.

Where Chromium is missing these tests fail and say how to get it: `apt install chromium`.
"""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.server.databases import Sqlite
from tests.server.processes import Server, new_product

from exitpoll_server.clock import now
from exitpoll_server.questions import EXIT, Offer, Survey
from exitpoll_server.store import Logo, Product, Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(os.environ.get("EXITPOLL_PICTURES", "build/pictures"))
"""Where every screen that a test sees is kept, to be looked at."""

LANGUAGES = ("en", "ru", "ar")
WIDTHS = {360: 740, 1280: 800}
"""A small phone and a laptop: width and height in CSS pixels."""

PATIENCE_MS = 10_000

Rows: TypeAlias = list[dict[str, Any]]
GIFT = "https://shop.example/thanks"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of them: a browser's tests take minutes."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
            item.add_marker("slow")


@dataclass
class Site:
    """A server with one product, and its database to look at."""

    url: str
    product: Product
    database: Sqlite

    def link(self, language: str = "en", **more: str) -> str:
        """Return the address that a setup script opens for somebody new."""
        asked = {"id": str(uuid4()), "v": "2.1.0", "lang": language, **more}
        query = "&".join(f"{name}={text}" for name, text in asked.items())
        return f"{self.url}/u/{self.product.key}?{query}"

    def look(self, sql: str) -> Rows:
        return self.database.look(sql)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("these tests need Chromium: apt install chromium")
    with sync_playwright() as playwright:
        # As root, in a container, Chromium's own sandbox cannot be set up.
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield chromium
        chromium.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a product with a logo, and an offer to those for whom it was too expensive."""
    database = Sqlite(tmp_path / "exitpoll.sqlite3")
    product = new_product(database, "Inkwell")
    store = Store(database.url)
    store.change_survey(product, with_an_offer(), now())
    store.put_logo(product, Logo(content_type="image/png", content=a_png()))
    store.close()
    server = Server(database.url, tmp_path / "log")
    try:
        yield Site(f"http://127.0.0.1:{server.port}", product, database)
    finally:
        server.end()


def with_an_offer() -> Survey:
    """Return the ready-made survey, with something in return for one reason."""
    offer = Offer(
        text={"en": "Half the price for a year?", "ru": "За полцены на год?", "ar": "نصف السعر؟"},
        link=GIFT,
        label={"en": "Yes, please", "ru": "Да, спасибо", "ar": "نعم"},
    )
    reasons = tuple(
        replace(reason, offer=offer) if reason.id == "too-expensive" else reason
        for reason in EXIT.reasons
    )
    return replace(EXIT, reasons=reasons)


def a_png() -> bytes:
    """Return a small blue square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = 48
    rows = (b"\0" + b"\x1f\x5f\xbf" * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


Opener: TypeAlias = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Give what opens an address in a window of its own; nothing may reach another host."""
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    faults: list[str] = []

    def open_(address: str, *, width: int = 1280, script: bool = True, **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, java_script_enabled=script, **more
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        host = address.split("/")[2]
        page.on(
            "request",
            lambda asked: None if asked.url.split("/")[2] == host else strangers.append(asked.url),
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if said.type == "error" else None,
        )
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [one for one in strangers if not one.startswith(GIFT)] == []
    assert [one for one in faults if "422" not in one] == []


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
