"""Which comments a vendor wants to see."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.test_themes import kept
from tests.server.written import wrote

from exitpoll_server.report.comments_list import COLUMNS, CommentFilter, listed, rows
from exitpoll_server.report.themes import themes

SLOW = wrote(
    "Too slow at startup", version="2.0", tenure_days=0.5, health="poor", reason="too-slow"
)
SVG = wrote("I need SVG exporting", wants_answer=True, tenure_days=7.0)
RUSSIAN = wrote("Ещё нет экспорта в ПДФ", "ru-RU", tenure_days=None, reason=None)
EMPTY = wrote("no", tenure_days=30.0)
EVERYONE = [SLOW, SVG, RUSSIAN, EMPTY]


def found(**asked: Any) -> list[str | None]:
    grouped = themes(EVERYONE, [kept(4, "svg"), kept(5, "экспорт", language="ru", into=4)])
    return [one.comment.departure.comment for one in listed(grouped, CommentFilter(**asked))]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [EMPTY, RUSSIAN, SVG, SLOW]),
        ({"reason": "too-slow"}, [SLOW]),
        ({"version": "2.0"}, [SLOW]),
        ({"tenure_from": 0.5}, [EMPTY, SVG, SLOW]),
        ({"tenure_to": 7.0}, [SLOW]),
        ({"tenure_from": 7.0, "tenure_to": 30.0}, [SVG]),
        ({"health": "poor"}, [SLOW]),
        ({"language": "ru"}, [RUSSIAN]),
        ({"substantive": True}, [RUSSIAN, SVG, SLOW]),
        ({"substantive": False}, [EMPTY]),
        ({"search": "svg EXPORT"}, [SVG]),
        ({"search": "exports"}, [SVG]),
        ({"search": "ＳＬＯＷ"}, [SLOW]),
        ({"search": "start"}, [SLOW]),
        ({"search": "экспорты"}, [RUSSIAN]),
        ({"search": "еще"}, [RUSSIAN]),
        ({"search": "svg slow"}, []),
        ({"theme": 4}, [RUSSIAN, SVG]),
        ({"wants_answer": True}, [SVG]),
        ({"wants_answer": False, "substantive": True}, [RUSSIAN, SLOW]),
    ],
)
def test_each_filter_leaves_what_it_says(asked: dict[str, Any], expected: list[Any]) -> None:
    """Every option narrows the list down, the latest first."""
    assert found(**asked) == [one.comment for one in expected]


@given(st.text())
def test_any_search_is_a_search(text: str) -> None:
    """Nothing that can be typed fails, and more words never find more."""
    assert len(found(search=text + " svg")) <= len(found(search="svg"))


def test_spans_side_by_side_add_up() -> None:
    """Nobody is in two spans of days, and only who is not known is in none."""
    edges = [0.0, 0.5, 7.0, 30.0, 1e6]
    spans = [found(tenure_from=a, tenure_to=b) for a, b in pairwise(edges)]
    assert sum(len(span) for span in spans) == len(EVERYONE) - 1


def test_a_row_has_what_was_written_as_it_was() -> None:
    """Each column has its value; nothing is changed or left out."""
    grouped = themes(EVERYONE, [kept(4, "svg")])
    [row] = rows(listed(grouped, CommentFilter(theme=4)))
    as_dict = dict(zip(COLUMNS, row, strict=True))
    assert as_dict["comment"] == SVG.comment
    assert (as_dict["theme"], as_dict["theme_name"], as_dict["language"]) == (4, "Theme 4", "en")
    assert (as_dict["wants_answer"], as_dict["substantive"]) == (True, True)
