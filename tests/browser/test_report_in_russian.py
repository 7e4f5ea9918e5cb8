"""A Russian report in a real browser: longer words stay in their places, also on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.conftest import WIDTHS, Opener, picture
from tests.browser.test_pictures import FAULTS, LINE_AIR
from tests.server.rendered import of_size

from exitpoll_server import render

OPENED = "document.querySelectorAll('details.closed').forEach(one => { one.open = true; })"
SEEN = "document.querySelectorAll('figure').forEach(one => one.clientWidth || one.remove())"
"""Of the two widths of a picture only the one that fits is there to be looked at."""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("uninstalls", [40, 400])
def test_longer_words_stay_in_their_places(
    open_page: Opener, tmp_path: Path, uninstalls: int, width: int
) -> None:
    """Nothing stands outside of the window or of its picture, and no text over another."""
    file = tmp_path / "report.html"
    report = of_size(uninstalls, tmp_path / "exitpoll.sqlite3")
    file.write_text(render.as_page(report, "ru"), "utf-8")
    page = open_page(file.as_uri(), width=width)
    page.evaluate(OPENED)
    picture(page, f"report-ru-{uninstalls}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate(SEEN)
    faults = page.evaluate(FAULTS, LINE_AIR)
    # A phone shows a picture a little smaller than it is drawn, in any language.
    assert [fault for fault in faults if fault[0] != "small"] == []
