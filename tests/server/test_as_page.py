"""A report as a page: well-formed, harmless, and every figure opens."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from tests.server.handmade import (
    NOBODY_ERASED,
    NOBODY_OBSERVED,
    counts,
    group,
    line,
)
from tests.server.rendered import ALL, Make, few, many, with_comment

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    FOLLOWED_DAYS,
    Counts,
    RiskTable,
    Stays,
)

SHAPES = {"circle", "line", "path", "rect"}
"""Of a picture; they hold nothing."""

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page, complaining of what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.details: list[list[str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "details":
            self.details.append([])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)
        if "details" in self.open and self.open[-1] == "dt":
            self.details[-1].append(data)


def test_paper_has_no_arrows_and_no_dark_colours() -> None:
    """What folds away is open in print, nothing there can be opened, and dark is of screens."""
    html = render.as_page(few())
    paper = html.split("@media print {")[1]
    assert "details:not(.figure)::details-content { content-visibility:visible; }" in paper
    assert "summary { list-style:none; }" in paper
    assert "--format csv" in html.split('class="on-paper"')[1]
    schemes = re.findall(r"@media ([^{]*)prefers-color-scheme", html)
    assert schemes
    assert set(schemes) == {"screen and ("}


@ALL
def test_the_page_is_well_formed_and_fetches_nothing(make: Make) -> None:
    """Every element is closed in order; no script, no address anywhere that a browser follows."""
    html = render.as_page(make())
    page = Page(html)
    tags = {tag for tag, _, _ in page.attributes}
    assert not tags & {"link", "script", "img", "iframe", "object", "embed"}
    assert not {name for _, name, _ in page.attributes} & {"src", "srcset", "data"}
    assert all((to or "").startswith("#") for _, name, to in page.attributes if name == "href")
    assert "url(" not in html
    assert "@import" not in html
    # The name of SVG looks like an address, and is none.
    assert not re.search(r"https?://", html.replace('xmlns="http://www.w3.org/2000/svg"', ""))


@pytest.mark.parametrize("make", [few, many])
def test_every_figure_on_the_page_opens(make: Make) -> None:
    """Numerator, denominator, interval and definition can be opened from each."""
    page = Page(render.as_page(make()))
    assert page.details
    four = ["numerator", "denominator", "95 % interval", "definition"]
    # Others are tables, and hold no term.
    assert [parts for parts in page.details if parts not in (four, [])] == []


def test_an_interval_may_have_one_end() -> None:
    """Where half of a few were lost the median has a lower end only, and the page says that."""
    table = RiskTable(
        n=12,
        days=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        at_risk=(12, 11, 10, 9, 8, 7, 6),
        uninstalls=(1,) * 7,
        stops=(0,) * 7,
        longest=30.0,
        followed=(12, *(5 for _ in FOLLOWED_DAYS[1:])),
        firm_until=3.0,
        unbroken_until=30.0,
    )
    report = reports.make(
        counts(group(12), survival=dataclasses.replace(NOBODY_OBSERVED, uninstalls=table))
    )
    assert report.lifetimes.installed.median.low is not None
    assert report.lifetimes.installed.median.high is None
    assert "2.0000 – not known" in render.as_page(report)


def test_no_figure_of_a_full_report_is_missing_from_the_page() -> None:
    """Each definition that a report uses is named on its page."""
    html = render.as_page(many())
    used = set(re.findall(r'"definition": "([^"]+)"', render.as_json(many())))
    # Shown in a report that cannot tell yet who of them stopped.
    hidden = {"iceberg.still_installed"}
    shown = set(re.findall(r"<(?:dd|td)>([a-z_]+\.[a-z0-9_]+)</(?:dd|td)>", html))
    assert used - shown <= hidden


@pytest.mark.parametrize("field", ["comment", "version", "edition", "os", "reason"])
def test_the_page_escapes_what_people_and_products_say(field: str) -> None:
    """A tag in a comment is text."""
    nasty = "<script>alert('x')</script><img src=x onerror=y>"
    said = line(**{"comment": "so slow", "reason": "switched", field: nasty})
    made = counts(
        group(1, reason=said.reason, commented=True), comments=(said,), lines=(said,), product=nasty
    )
    html = render.as_page(reports.make(made))
    assert "<script" not in html
    assert "<img" not in html
    assert nasty in "".join(Page(html).text)


def test_the_page_neutralises_controls_and_keeps_lines() -> None:
    """A comment keeps its line ends; an escape or an override in it does nothing."""
    html = render.as_page(with_comment("one\r\ntwo \x1b[31m \u202e"))
    assert "one\ntwo \N{REPLACEMENT CHARACTER}[31m" in html
    assert "\u202e" not in html


def test_a_report_without_anything_seen() -> None:
    """Not one installation: the page says so instead of dividing by it."""
    nothing = Stays(
        groups=(),
        known_by_leaving=0,
        censored=0,
        set_aside=0,
        erased=NOBODY_ERASED,
        first_seen=None,
    )
    made: Counts = dataclasses.replace(counts(), stays=nothing)
    assert "No installation has been seen yet." in render.as_page(reports.make(made))
    assert "No installation has been seen yet." in render.as_text(reports.make(made))
