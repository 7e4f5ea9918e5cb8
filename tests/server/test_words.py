"""What text and page say alike: shares, what is too early, what was counted apart."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.server.handmade import (
    AS_OF,
    counts,
    group,
    line,
)
from tests.server.rendered import empty, few, many

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    Window,
)
from exitpoll_server.render import words
from exitpoll_server.report import Report
from exitpoll_server.report.figures import count, share, unknown


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
