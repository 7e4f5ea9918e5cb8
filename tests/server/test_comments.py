"""Substantive comments: what says something, in the languages that people write."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server.report.comments import is_substantive


@pytest.mark.parametrize(
    ("comment", "locale"),
    [
        ("too slow", "en-GB"),
        ("Crashes at startup since 2.1, every time.", "en"),
        ("trop cher", "fr-FR"),
        ("слишком дорого", "ru-RU"),
        ("zu teuer", "de"),
        ("muy lento", "es-MX"),
        ("não abre", "pt-BR"),
        ("软件太慢了", "zh-CN"),
        ("使いにくい", "ja-JP"),
        ("너무 느려요", "ko-KR"),
        ("بطيء جدا", "ar"),
        ("איטי מדי", "he-IL"),
        ("बहुत धीमा", "hi-IN"),
        ("πολύ αργό", "el"),
        ("don't like", "en"),
        ("No, I found something better", "en"),
        ("rien ne marche", "fr"),
        ("нет нужных функций", "ru"),
        ("see https://example.org/issue too slow", "en"),
        ("write to me@example.org about crashes", "en"),
        ("too slow!! 100%", "en"),
        ("ＴＯＯ ＳＬＯＷ", "en"),
        ("too\nslow", "en"),
    ],
)
def test_substantive(comment: str, locale: str) -> None:
    """Two words are enough, in any script, whatever stands around them."""
    assert is_substantive(comment, locale)


@pytest.mark.parametrize(
    ("comment", "locale"),
    [
        ("", "en"),
        (" \n\t ", "en"),
        ("no", "en"),
        ("None.", "en"),
        ("N/A", "en"),
        ("No comment!", "en-US"),
        ("i don't know", "en"),
        ("asdf", "en"),
        ("asdf asdf", "ru"),
        ("slow slow slow", "en"),
        ("нет", "ru"),
        ("Не знаю...", "ru_RU"),
        ("фыва", "ru"),
        ("keine Ahnung", "de"),
        ("sans commentaire", "fr-CA"),
        ("Je ne sais pas", "fr"),
        ("sin comentarios", "es"),
        ("没有意见", "zh"),
        ("特にありません", "ja"),
        ("لا شيء", "ar"),
        ("12345 67890", "en"),
        (":-( :-( :-(", "en"),
        ("a 1 2 3 4 5 6 b", "en"),
        ("https://example.org/a/very/long/address", "en"),
        ("me@example.org", "en"),
        ("👍👍👍👍", "en"),
        ("?!?!", None),
        ("\u200b\u200b", "en"),
    ],
)
def test_not_substantive(comment: str, locale: str | None) -> None:
    """Fillers, addresses, signs and one word over and over say nothing."""
    assert not is_substantive(comment, locale)


def test_each_language_has_its_own_fillers() -> None:
    """A filler of one language may be a word of another; unknown, every list applies."""
    assert not is_substantive("kein grund", "de")
    assert is_substantive("kein grund", "en")
    assert not is_substantive("kein grund", None)
    assert not is_substantive("kein grund", "")


def test_composed_and_decomposed_letters_are_one() -> None:
    """A Mac types letters and accents apart: the stop list still knows the word."""
    assert not is_substantive(unicodedata.normalize("NFD", "ningún comentario"), "es")
    assert is_substantive(unicodedata.normalize("NFD", "não abre"), "pt")


@given(st.text(), st.none() | st.text(max_size=12))
def test_any_text_is_judged(comment: str, locale: str | None) -> None:
    """Nothing that can be typed fails, and spaces around it change nothing."""
    assert is_substantive(comment, locale) == is_substantive(f"  {comment}\n", locale)
