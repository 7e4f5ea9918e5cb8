"""The language and the words of comments, without their endings."""

# ruff: noqa: RUF001 - people write in other scripts
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitpoll_server.report.stems import Reader, folded


@pytest.mark.parametrize(
    ("comment", "locale", "language"),
    [
        ("It crashes when I export a file", "en-GB", "en"),
        ("It crashes when I export a file", "ru-RU", "en"),
        ("It crashes when I export a file", None, "en"),
        ("Es stürzt immer ab, wenn ich speichere", "en-US", "de"),
        ("Слишком долго всё это запускается", "en-US", "ru"),
        ("es muy caro para mí y no lo uso", "pt-BR", "es"),
        ("não tem o que eu queria", "es", "pt"),
        ("zu teuer", "de_DE", "de"),
        ("SVG export", "de-AT", "de"),
        ("SVG export", None, "und"),
        ("nie działa to i to", "pl", "pl"),
        ("软件太慢了", "en-US", "zh"),
        ("動作が重いです", "en-US", "ja"),
        ("起動不可", "ja-JP", "ja"),
        ("너무 느려요", None, "ko"),
        ("", "fr-CA", "fr"),
        ("?!", None, "und"),
    ],
)
def test_the_language_is_that_of_the_words(comment: str, locale: str | None, language: str) -> None:
    """Where the small words tell another language than the locale, the words are right."""
    assert Reader().language(comment, locale) == language


@pytest.mark.parametrize(
    ("language", "some", "others"),
    [
        ("en", "exporting crashes", "Export crashed"),
        ("ru", "медленная кнопка", "медленно кнопки"),
        ("de", "Abstürze", "Absturz"),
        ("fr", "l’exportation d'images", "exportations image"),
        ("es", "lentas ventanas", "lento ventana"),
        ("pt", "lentas janelas", "lento janela"),
        ("it", "finestre", "finestra"),
        ("en", "ＳＶＧ", "svg"),
        ("ru", "ещё зелёный", "зеленый"),
        ("zh", "太慢了", "我太慢"),
        ("ja", "エクスポートが重い", "重い。エクスポート"),
        ("und", "wozzle", "WOZZLE"),
    ],
)
def test_one_word_in_two_forms_has_one_stem(language: str, some: str, others: str) -> None:
    """Endings, capitals, widths and particles make no difference."""
    reader = Reader()
    stems = [{word.stem for word in reader.words(text, language)} for text in (some, others)]
    assert stems[0] == stems[1]
    assert stems[0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It is not what I wanted and it doesn't, won't, can't be used.", "en"),
        ("the app, this program, your software", "en"),
        ("Das ist leider nicht das, was ich brauche", "de"),
        ("Это не то, что мне было нужно", "ru"),
        ("see https://example.org/svg-export or me@example.org", "und"),
        ("1 22 2.1 ☹ !", "en"),
        ("Inkwell", "en"),
        ("tej app jest na", "pl"),
    ],
)
def test_what_says_nothing_is_left_out(text: str, language: str) -> None:
    """Small words, words for any software, its own name, numbers and addresses name no theme."""
    assert [word.written for word in Reader("Inkwell").words(text, language)] in (
        [],
        ["see"],
        ["jest"],
    )


def test_capitals_tell_a_name_where_no_small_words_are_known() -> None:
    """SVG is as short as a small word, and is none."""
    assert [word.stem for word in Reader().words("nie ma SVG", "pl")] == ["svg"]


def test_words_stay_as_they_were_written() -> None:
    """A theme is named in people's own spelling."""
    assert [word.written for word in Reader().words("Exporting SVGs", "en")] == [
        "Exporting",
        "SVGs",
    ]


@given(st.text(), st.none() | st.text(max_size=12))
def test_any_text_can_be_read(text: str, locale: str | None) -> None:
    """Nothing that can be typed fails; letters typed apart from their accents are the same."""
    reader = Reader(text)
    language = reader.language(text, locale)
    words = [word.stem for word in Reader().words(text, language)]
    assert all(words)
    decomposed = unicodedata.normalize("NFD", text)
    assert folded(decomposed) == folded(unicodedata.normalize("NFC", decomposed))
