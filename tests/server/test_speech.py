"""In which language a report speaks: plurals, numbers, months, and where it begins and ends."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.rendered import few

from exitpoll_server.languages import REPORT_LANGUAGES
from exitpoll_server.render import words
from exitpoll_server.speech import _, language, month, ngettext, num, speaking

LAUNCHES = ("%(num)s launch", "%(num)s launches")
NBSP = words.NBSP


@pytest.mark.parametrize(
    ("n", "english", "russian"),
    [
        (0, "0 launches", "0 запусков"),
        (1, "1 launch", "1 запуск"),
        (2, "2 launches", "2 запуска"),
        (5, "5 launches", "5 запусков"),
        (11, "11 launches", "11 запусков"),
        (21, "21 launches", "21 запуск"),
        (22, "22 launches", "22 запуска"),
        (112, "112 launches", "112 запусков"),
        (1000, "1,000 launches", f"1{NBSP}000 запусков"),
        (1001, "1,001 launches", f"1{NBSP}001 запуск"),
    ],
)
def test_a_number_stands_with_its_form(n: int, english: str, russian: str) -> None:
    """One launch, two, five, eleven and twenty-one: as each language wants it."""
    assert ngettext(*LAUNCHES, n) == english
    with speaking("ru"):
        assert ngettext(*LAUNCHES, n) == russian


@given(st.integers(0, 10**9))
def test_russian_has_three_forms(n: int) -> None:
    """The last digit chooses the form, but from eleven to fourteen, of whatever hundred."""
    if n % 100 in range(11, 15):
        form = "запусков"
    else:
        form = {1: "запуск", 2: "запуска", 3: "запуска", 4: "запуска"}.get(n % 10, "запусков")
    with speaking("ru"):
        assert ngettext(*LAUNCHES, n) == f"{num(n)} {form}"


@pytest.mark.parametrize(
    ("value", "form", "english", "russian"),
    [
        (7, ",", "7", "7"),
        (1234567, ",", "1,234,567", f"1{NBSP}234{NBSP}567"),
        (1234.56, ",.1f", "1,234.6", f"1{NBSP}234,6"),
        (0.5, "+.1f", "+0.5", "+0,5"),
        (0.00012, ".2g", "0.00012", "0,00012"),
    ],
)
def test_a_number_has_the_languages_marks(
    value: float, form: str, english: str, russian: str
) -> None:
    """Thousands are grouped, and decimals begin, as readers are used to; no line breaks in one."""
    assert num(value, form) == english
    with speaking("ru"):
        assert num(value, form) == russian


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_number_changes(value: float) -> None:
    """In every language the digits are the same."""
    english = num(value, ",.3f")
    with speaking("ru"):
        assert num(value, ",.3f").replace(NBSP, "").replace(",", ".") == english.replace(",", "")


@pytest.mark.parametrize(
    ("pattern", "english", "russian"),
    [("LLL", "May", "май"), ("LLL y", "May 2026", "май 2026"), ("d MMM", "3 May", "3 мая")],
)
def test_months_have_names(pattern: str, english: str, russian: str) -> None:
    """A month under an axis is in the language's own words, in the case that it needs there."""
    day = date(2026, 5, 3)
    assert month(day, pattern) == english
    with speaking("ru"):
        assert month(day, pattern) == russian


def test_a_language_holds_as_long_as_it_is_said() -> None:
    """Within a `with` and no longer, whatever is said or goes wrong inside."""
    assert language() == "en"
    with speaking("ru-RU"):
        assert _("too early") == "пока рано"
        with speaking("en"):
            assert _("too early") == "too early"
        assert _("too early") == "пока рано"
    with pytest.raises(LookupError), speaking("ru"):
        raise LookupError
    assert _("too early") == "too early"


@pytest.mark.parametrize("other", ["de", "tlh", "", "C.UTF-8"])
def test_a_language_that_reports_lack_is_english(other: str) -> None:
    """Who reads none of the report's languages reads English."""
    assert other not in REPORT_LANGUAGES
    with speaking(other):
        assert language() == "en"
        assert num(1000.5, ",.1f") == "1,000.5"


def test_a_segment_is_named_in_the_readers_words() -> None:
    """A dimension of ours has a Russian name; an attribute that is called alike keeps its own."""
    where = {"version": "2.0", "attribute:version": "home"}
    report = dataclasses.replace(few(), where=where)
    assert words.about(report).startswith("only version 2.0, version home; all uninstalls, as ")
    with speaking("ru"):
        assert words.about(report).startswith("только версия 2.0, version home; все удаления, по ")


def test_what_is_not_ours_is_said_as_it_is() -> None:
    """A vendor's reason is theirs, letter by letter; a ready-made one is translated."""
    labels = {"ours": "Too slow, says 100 %(who)s", "switched": "I switched to something else"}
    with speaking("ru"):
        assert words.reason("ours", labels) == labels["ours"]
        assert words.reason("switched", labels) == "Теперь пользуюсь другой программой"
        assert words.reason("too-expensive", {}) == "Слишком дорого"
        assert words.reason("no-such", {}) == "no-such"
        assert words.reason(None, {}) == ""
