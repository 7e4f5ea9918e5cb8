"""In which language a report speaks: its sentences, and how its numbers and months are written.

Whoever renders says `with speaking("ru"): …`; nothing here knows of a request. Elsewhere, and
where a sentence is not in the catalogue, it is English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol
from babel.support import NullTranslations, Translations

from exitpoll_server.languages import CATALOGUES, ENGLISH, REPORT, REPORT_LANGUAGES, nearest

_in_force: ContextVar[str] = ContextVar("_in_force", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let what is said inside be in a language that reports are there in; else in English."""
    token = _in_force.set(nearest(language, REPORT_LANGUAGES) or ENGLISH)
    try:
        yield
    finally:
        _in_force.reset(token)


def language() -> str:
    """Return the language in force."""
    return _in_force.get()


def N_(text: str) -> str:  # noqa: N802 - as gettext's tools call it
    """Mark a sentence for the catalogues; `_` says it where it is shown."""
    return text


def _(text: str, /, **named: object) -> str:
    """Say a sentence in the language in force, with what is named filled in."""
    said = str(_catalogue(language()).gettext(text)) if text else text
    return said % named if named else said


def ngettext(one: str, many: str, n: int, /, **named: object) -> str:
    """Say a sentence as its number wants it; `%(num)s` in it is the number."""
    said = str(_catalogue(language()).ngettext(one, many, n))
    return said % {"num": num(n), **named}


def num(value: float, form: str = ",") -> str:
    """Write a number in one of Python's formats, with the marks that the language has in it."""
    return format(value, form).translate(_marks(language()))


def month(day: date, pattern: str) -> str:
    """Write a day in a pattern of Unicode's (UTS 35), such as `LLL y`, with the month's name."""
    return str(format_date(day, pattern, locale=language()))


@cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [language], REPORT)


@cache
def _marks(language: str) -> Mapping[int, str]:
    """Return what stands for the comma and for the point of an English number."""
    return {
        ord(","): get_group_symbol(language),
        ord("."): get_decimal_symbol(language),
    }
