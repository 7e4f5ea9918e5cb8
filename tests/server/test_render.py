"""A report as JSON, text and page: the same figures, fit to be shown to anybody."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser
from importlib import resources
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.handmade import (
    AS_OF,
    NO_USE,
    NOBODY_ERASED,
    NOBODY_OBSERVED,
    counts,
    group,
    line,
    stay,
)

from exitpoll_agent import wire
from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    Counts,
    Erased,
    KnownFrom,
    MonthActivity,
    Reclassified,
    RiskTable,
    ScoreGroup,
    Segment,
    Stays,
    When,
    Window,
)
from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.figures import count, share, unknown

SCHEMA = json.loads(
    (resources.files("exitpoll_server.render") / "report.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def empty() -> Report:
    return reports.make(counts())


def few() -> Report:
    """Return three uninstalls, one of them with a comment, of a product three days old."""
    said = line(reason="switched", comment="it is too slow for me", score=2)
    made = counts(
        group(1, reason="switched", commented=True),
        group(1, not_asked="unattended", may_still_answer=True, when="never_launched"),
        group(1, known_from="link"),
        comments=(said,),
        stays=(stay(3, uninstalled=True, known_from="agent"), stay(5)),
    )
    young = dataclasses.replace(made.stays, first_seen=AS_OF - timedelta(days=3))
    return reports.make(dataclasses.replace(made, stays=young))


def many() -> Report:
    """Return 1,500 uninstalls with something in every list and everything counted apart."""
    groups = [
        group(40, known_from=known_from, when=when, reason=reason, commented=reason == "other")
        for known_from in get_args(KnownFrom)
        for when, reason in zip(
            get_args(When), ["other", "switched", None, "our-own"] * 2, strict=True
        )
    ]
    groups += [group(5, not_asked=cause) for cause in get_args(wire.NotAsked)]
    groups += [group(2, commented=True)]
    groups += [group(3, known_by_leaving=True, may_still_answer=True)]
    made = counts(
        *groups,
        comments=tuple(line(reason="other", comment=f"too slow {n}") for n in range(300)),
        window=Window(as_of=AS_OF, start=AS_OF - timedelta(days=90), end=AS_OF),
        reclassified=Reclassified(withdrawn=1, upgrades=2, reinstalls=3, late_answers=4),
    )
    erased = Erased(installations=5, uninstalled=4, answered=1)
    stays = dataclasses.replace(
        made.stays, known_by_leaving=3, censored=2, set_aside=7, erased=erased
    )
    return reports.make(dataclasses.replace(made, stays=stays))


ALL = pytest.mark.parametrize("make", [empty, few, many])
Make = Callable[[], Report]


# -- JSON ------------------------------------------------------------------------------------


@ALL
def test_the_json_has_the_form_that_is_promised(make: Make) -> None:
    """Scripts read it: report.schema.json describes it, to the last field."""
    VALIDATOR.validate(json.loads(render.as_json(make())))


def test_more_detractors_than_promoters_have_the_form_too() -> None:
    """A net promoter score is below 0, and so is what it counts: promoters less detractors."""
    activity = dataclasses.replace(NO_USE, scores=(ScoreGroup(leaving=True, score=2, n=40),))
    report = reports.make(dataclasses.replace(counts(), activity=activity))
    assert report.scores.leaving.nps.numerator == -40
    VALIDATOR.validate(json.loads(render.as_json(report)))


def test_the_schema_is_a_schema_and_says_what_everything_is() -> None:
    """JSON Schema 2020-12; every field and every list has a sentence."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def undescribed(schema: Any, path: str) -> list[str]:
        found = []
        for name, inner in schema.get("properties", {}).items():
            if not inner.get("description", "$ref" in inner):
                found.append(f"{path}.{name}")
            found += undescribed(inner, f"{path}.{name}")
        if "items" in schema:
            found += undescribed(schema["items"], f"{path}[]")
        return found

    assert undescribed(SCHEMA, "") == []
    for name, definition in SCHEMA["$defs"].items():
        assert definition["description"], name
        assert undescribed(definition, name) == []


def _first_figure(data: Any) -> Any:
    return data["uninstalls"]["steps"][0]["of_uninstalls"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: _first_figure(data).update(percent=100),
        lambda data: _first_figure(data).pop("denominator"),
        lambda data: _first_figure(data).update(definition="nonsense"),
        lambda data: _first_figure(data).update(value="3"),
        lambda data: data.update(extra=1),
        lambda data: data["iceberg"].pop("seen"),
        lambda data: data["iceberg"]["seen"].pop("low"),
        lambda data: data["comments"][0].update(customer="c"),
        lambda data: data["window"].update(as_of="yesterday"),
        lambda data: data["uninstalls"]["steps"].pop(),
    ],
)
def test_any_other_form_is_not_valid(spoil: Callable[[Any], object]) -> None:
    """A figure with a key more or less, or a section more or less, fails validation."""
    data = json.loads(render.as_json(few()))
    VALIDATOR.validate(data)
    spoil(data)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


# -- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (share(2, 6, "x"), "2 of 6"),
        (share(9, 9, "x"), "9 of 9"),
        (share(0, 0, "x"), "0 of 0"),
        (share(2, 10, "x"), "20 %"),
        (share(0, 10, "x"), "0 %"),
        (share(10, 10, "x"), "100 %"),
        (share(1, 1000, "x"), "0.1 %"),
        (share(999, 1000, "x"), "99.9 %"),
        (unknown("x"), "too early"),
        (count(1234, "x"), "1,234"),
    ],
)
def test_how_a_share_is_said(figure: Any, said: str) -> None:
    """Below ten "2 of 6" and no percentage; unknown is "too early", and never 0."""
    assert words.share(figure).replace(words.NBSP, " ") == said


def test_below_ten_no_interval_is_shown() -> None:
    """Plain words, and only where they say something."""
    assert words.interval(share(2, 9, "x")) == ""
    said = words.interval(share(2, 10, "x")).replace(words.NBSP, " ")
    assert said == "at least 6 %, at most 51 %"


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_too_early_is_never_zero(as_: Callable[[Report], str]) -> None:
    """Before anybody can have stopped the report says so, with the day."""
    text = as_(few())
    assert "too early" in text
    assert "2026-12-27" in text
    assert "Not used for" not in text


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_nobody_uninstalled(as_: Callable[[Report], str]) -> None:
    """0 uninstalls is said in a sentence, without a funnel of zeros and without praise."""
    text = as_(empty())
    assert "Nobody has uninstalled yet, as far as is known here." in text
    assert "Could be asked" not in text
    window = Window(as_of=AS_OF, start=AS_OF, end=None)
    assert "Nobody uninstalled in this time" in as_(reports.make(counts(window=window)))


def _of_answers(n: int) -> Report:
    made = counts(
        group(n, reason="switched", commented=True),
        group(50),
        comments=(line(reason="switched", comment="so very slow"),),
    )
    return reports.make(made)


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_below_thirty_answers_comments_and_lines_come_first(as_: Callable[[Report], str]) -> None:
    """29 answers: comments, then a line each, then the rest; 30: shares, comments last."""
    small, large = as_(_of_answers(29)), as_(_of_answers(30))
    large = re.sub("<nav.*?</nav>", "", large, flags=re.DOTALL)
    order = ["What they wrote", "Each uninstall", "When they left", "The iceberg"]
    assert [small.index(title) for title in order] == sorted(small.index(t) for t in order)
    assert "Reasons given" not in small
    assert "Each uninstall" not in large
    order = ["When they left", "Reasons given", "The iceberg", "What they wrote"]
    assert [large.index(title) for title in order] == sorted(large.index(t) for t in order)


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_lines_that_are_not_shown_are_mentioned(as_: Callable[[Report], str]) -> None:
    """Where only the latest uninstalls have a line, the report says how many there are."""
    made = counts(group(400))
    cut = reports.make(dataclasses.replace(made, lines=made.lines[:200]))
    assert "These are the latest 200 of 400." in as_(cut)
    assert "These are the latest" not in as_(reports.make(made))


@pytest.mark.parametrize("as_", [render.as_text, render.as_page])
def test_what_was_counted_apart_is_said(as_: Callable[[Report], str]) -> None:
    """Every number that the ground rules take away or set apart appears."""
    text = as_(many())
    for said in (
        "1 withdrawn",
        "2 left out: an upgrade",
        "3 came back within 30 days",
        "4 answered later",
        "2 left out of the iceberg: consent withdrawn",
        "3 left out of the iceberg: known only by leaving",
        "5 × nobody was logged in",
    ):
        assert said in text, said


# -- text ------------------------------------------------------------------------------------


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide + sum(unicodedata.category(c) not in ("Mn", "Me", "Cf") for c in text)


@ALL
def test_text_has_at_most_80_columns(make: Make) -> None:
    """It fits a terminal."""
    assert [row for row in render.as_text(make()).splitlines() if _columns(row) > 80] == []


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=300).filter(str.strip),
    st.text(min_size=1, max_size=64),
    st.text(min_size=1, max_size=64),
    st.text(min_size=1, max_size=80),
)
def test_whatever_people_type_text_fits_and_is_harmless(
    comment: str, version: str, reason: str, product: str
) -> None:
    """Only a person's own unbreakable word may be wider; nothing that a terminal obeys is left."""
    said = line(comment=comment, version=version, reason=reason)
    made = counts(group(1, reason=reason, commented=True), comments=(said,), lines=(said,))
    text = render.as_text(reports.make(dataclasses.replace(made, product=product)))
    for row in text.split("\n"):
        assert _columns(row) <= 80 or " " not in row.strip()
    controls = {c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")}
    assert controls <= {"\n"}


def _with_comment(comment: str, **facts: Any) -> Report:
    said = line(comment=comment, reason="switched", **facts)
    return reports.make(
        counts(group(1, reason="switched", commented=True), comments=(said,), lines=(said,))
    )


def test_escapes_are_neutralised() -> None:
    """An ANSI escape, a backspace, a bidirectional override do nothing to the terminal."""
    text = render.as_text(
        _with_comment("\x1b[2J\x1b]0;x\x07 a\bb \u202egnp.exe", version="\x1b[31m1")
    )
    assert not set(text) & set("\x1b\x07\b\u202e")
    assert "\N{REPLACEMENT CHARACTER}[2J" in text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("first\r\nsecond", "  first\n  second\n"),
        ("trop cher\u202f! 10\xa0€", "  trop cher ! 10 €\n"),
        ("遅い\u3000です", "  遅い です\n"),
        ("می\u200cخواهم", "  می\u200cخواهم\n"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "  \U0001f468\u200d\U0001f469\u200d\U0001f467\n",
        ),
        ("one\ttwo", "  one two\n"),
        ("one\n\ntwo", "  one\n\n  two\n"),
    ],
)
def test_comments_are_shown_as_typed(typed: str, shown: str) -> None:
    """Line ends of Windows, spaces of French and Japanese, joiners of Persian and emoji survive."""
    assert shown in render.as_text(_with_comment(typed))


def test_a_count_in_a_section_is_said_once() -> None:
    """Of nobody else, so there is no share to stand beside it."""
    month = MonthActivity(
        month=date(2026, 10, 1),
        complete=True,
        active=1234,
        new=1234,
        returning=0,
        resurrecting=0,
        dormant=0,
        active_days=2000,
        days=31,
    )
    activity = dataclasses.replace(NO_USE, months=(month,))
    text = render.as_text(reports.make(dataclasses.replace(counts(), activity=activity)))
    assert "Active in 2026-10                1,234\n" in text


def test_a_strangers_long_name_is_cut_in_a_section() -> None:
    """A version is no comment: it goes on below and breaks no terminal."""
    segments = tuple(
        Segment(
            dimension="channel",
            value=name,
            installations=20,
            stopped=0,
            uninstalls=0,
            answered=0,
            commented=0,
            active_days=50,
        )
        for name in ("x" * 300, "stable")
    )
    text = render.as_text(reports.make(dataclasses.replace(counts(), segments=segments)))
    assert "xxx" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_chinese_is_wrapped_by_its_width() -> None:
    """A text without spaces goes on in the next line, two columns a character."""
    text = render.as_text(_with_comment("软件太慢了" * 30))
    assert max(map(_columns, text.splitlines())) <= 80
    assert text.count("软") == 30


# -- page ------------------------------------------------------------------------------------

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
    html = render.as_page(_with_comment("one\r\ntwo \x1b[31m \u202e"))
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
