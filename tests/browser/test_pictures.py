"""The report's pictures in a real browser: what is written is read, in light, dark and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route
from tests.browser.conftest import PICTURES
from tests.server.drawn import EXAMPLES, Example

from exitpoll_server.render.pictures import NARROW, STYLE, WIDE, Look

HOST = "http://pictures.test"
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'"
PAGE = f"""<!doctype html><html lang="en" dir="{{dir}}"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="color-scheme" content="light dark">
<title>Pictures</title><link rel="stylesheet" href="/page.css"><main>{{content}}</main>"""
PAGE_STYLE = f"html{{background:Canvas}} body{{margin:0}} main{{width:max-content}}\n{STYLE}"

LINE_AIR = 3.5
"""Pixels of a line's box above its capitals and below its letters' feet: nothing is drawn there."""

FAULTS = """air => {
  const faults = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].map(text => {
      const box = text.getBoundingClientRect();
      return {said: text.textContent, left: box.left, right: box.right,
              top: box.top + air, bottom: box.bottom - air};
    });
    boxes.forEach((a, i) => {
      if (a.left < frame.left - .6 || a.right > frame.right + .6 ||
          a.top < frame.top || a.bottom > frame.bottom) faults.push(["outside", a.said]);
      for (const b of boxes.slice(i + 1))
        if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
          faults.push(["over", a.said, b.said]);
    });
    for (const mark of svg.querySelectorAll("rect, path, circle, line, polyline, polygon")) {
      const box = mark.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
          box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        faults.push(["mark outside", mark.outerHTML.slice(0, 80)]);
    }
    for (const text of svg.querySelectorAll("text"))
      if (parseFloat(getComputedStyle(text).fontSize) < 12) faults.push(["small", text.id]);
  }
  return faults;
}"""


@pytest.fixture
def show(browser: Browser) -> Iterator[Any]:
    """Give what shows a page under a strict policy; a breach of it is a fault."""
    contexts = []
    faults: list[str] = []

    def show_(content: str, *, width: int, scheme: str = "light", direction: str = "ltr") -> Page:
        def answer(route: Route) -> None:
            if route.request.url.endswith(".css"):
                route.fulfill(body=PAGE_STYLE, content_type="text/css")
            else:
                body = PAGE.format(content=content, dir=direction)
                route.fulfill(body=body, content_type="text/html; charset=utf-8")

        size = {"width": width, "height": 600}
        context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.route(f"{HOST}/**", answer)
        page.on("console", lambda said: faults.append(said.text))
        page.goto(f"{HOST}/")
        return page

    yield show_
    for context in contexts:
        context.close()
    assert faults == []


def inlined(examples: tuple[Example, ...], width: int) -> str:
    """Return pictures as a page has them: each with a name of its own."""
    drawn = [one.draw(Look(name=one.name, width=width)) for one in examples]
    return "".join(f"<figure>{picture}</figure>" for picture in drawn)


def shoot(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.locator("svg, img").first.screenshot(path=PICTURES / f"{name}.png")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, NARROW, WIDE, 760])
def test_no_text_covers_another_or_is_cut_off(show: Any, width: int, direction: str) -> None:
    """Under a strict policy, in pages of both directions: every text is in its place, and 12 px."""
    page = show(inlined(EXAMPLES, width), width=width, direction=direction)
    assert page.evaluate(FAULTS, LINE_AIR) == []
    assert page.locator("svg[role=img]").count() == len(EXAMPLES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_downloaded_picture_stands_alone(browser: Browser, width: int, scheme: str) -> None:
    """Opened as a file of its own, each has its heading, its style and the scheme of its reader."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 800, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    for example in EXAMPLES:
        file = PICTURES / f"{example.name}-{width}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn = example.draw(Look(name="picture", width=width, standalone=True))
        file.write_text(drawn or "", "utf-8")
        page.goto(file.absolute().as_uri())
        assert page.evaluate(FAULTS, LINE_AIR) == [], example.name
        paper = page.evaluate("getComputedStyle(document.querySelector('.paper')).fill")
        assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(26, 32, 41)")
        shoot(page, f"{example.name}-{width}-{scheme}")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_colours_tell_is_told_without_them(browser: Browser, scheme: str) -> None:
    """For eyes that see no green, pictures are made to be looked at: dashes and shapes remain."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 800, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "deuteranopia"})
    for example in EXAMPLES:
        if example.name in {"reasons", "curves-six", "curves-stacked", "weeks", "months"}:
            drawn = example.draw(Look(name="picture", standalone=True))
            file = PICTURES / f"{example.name}-deuteranopia.svg"
            file.write_text(drawn or "", "utf-8")
            page.goto(file.absolute().as_uri())
            shoot(page, f"{example.name}-{scheme}-deuteranopia")
            if example.module.__name__.endswith("curves") and not example.data.stacked:
                dashes = page.eval_on_selector_all(
                    "path.line", "all => all.map(one => one.getAttribute('stroke-dasharray'))"
                )
                assert len(set(dashes)) == len(example.data.curves)
    context.close()
