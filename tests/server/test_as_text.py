"""A report as text: it fits a terminal, and does nothing to it."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import dataclasses
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.handmade import (
    NO_USE,
    counts,
    group,
    line,
)
from tests.server.rendered import ALL, Make, with_comment

from exitpoll_server import render
from exitpoll_server import report as reports
from exitpoll_server.counts import (
    MonthActivity,
    Segment,
)


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


def test_escapes_are_neutralised() -> None:
    """An ANSI escape, a backspace, a bidirectional override do nothing to the terminal."""
    text = render.as_text(
        with_comment("\x1b[2J\x1b]0;x\x07 a\bb \u202egnp.exe", version="\x1b[31m1")
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
    assert shown in render.as_text(with_comment(typed))


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
    text = render.as_text(with_comment("软件太慢了" * 30))
    assert max(map(_columns, text.splitlines())) <= 80
    assert text.count("软") == 30
