"""Languages: the catalogues are whole, and everybody reads the nearest that there is."""

# ruff: noqa: RUF001 - people read other scripts
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import Message
from flask import g
from flask.testing import FlaskClient
from flask_babel import gettext, ngettext
from hypothesis import given
from hypothesis import strategies as st
from tests.server import catalogues
from tests.server.catalogues import forms

from exitpoll_server import questions
from exitpoll_server.languages import (
    ENGLISH,
    LANGUAGES,
    direction,
    language_of,
    missing,
    say,
    translated,
)
from exitpoll_server.questions import Text

PLACEHOLDER = re.compile(r"%\(\w+\)\w|\{\w+\}")

TOO_LONG = (
    "This has %(num)d character; at most %(most)d can be kept. Nothing is lost: please shorten it.",
    (
        "This has %(num)d characters; at most %(most)d can be kept. "
        "Nothing is lost: please shorten it."
    ),
)

every_catalogue = pytest.mark.parametrize(("language", "domain"), catalogues.CATALOGUED)
every_language = pytest.mark.parametrize("language", catalogues.TRANSLATED)


# -- the catalogues ------------------------------------------------------------------------


@every_catalogue
def test_the_catalogues_are_those_of_the_source(language: str, domain: str) -> None:
    """`make translations` would change nothing: no sentence is missing, stale or not compiled."""
    catalogue, written = catalogues.anew(language, domain), catalogues.po(language, domain)
    assert written.read_bytes() == catalogues.as_po(catalogue)
    assert written.with_suffix(".mo").read_bytes() == catalogues.as_mo(catalogue)


@every_catalogue
def test_every_sentence_is_translated(language: str, domain: str) -> None:
    """Nobody meets an English sentence among their own, whatever the number in it is."""
    catalogue = catalogues.read(language, domain)
    assert list(catalogues.untranslated(catalogue)) == []
    plurals = {len(forms(message)) for message in catalogue if message.pluralizable}
    assert plurals == {catalogue.num_plurals}


@every_catalogue
def test_translations_keep_what_is_filled_in(language: str, domain: str) -> None:
    """A translation has the placeholders of its sentence: no number and no name gets lost."""
    for message in _sentences(language, domain):
        for source, form in zip(_sources(message), forms(message), strict=True):
            assert sorted(PLACEHOLDER.findall(form)) == sorted(PLACEHOLDER.findall(source)), form


@every_catalogue
def test_translations_keep_their_voice_down(language: str, domain: str) -> None:
    """No sentence shouts at somebody who is leaving."""
    everything = "".join(form for one in _sentences(language, domain) for form in forms(one))
    assert not set("!！¡") & set(everything)


def test_there_is_a_catalogue_for_every_language_and_no_other() -> None:
    """What we say we speak is there."""
    there = {file.name for file in catalogues.TRANSLATIONS.iterdir()}
    assert there == set(catalogues.TRANSLATED)


def test_the_ready_made_sets_are_ours() -> None:
    """Every text of a set to start from is translated: none was left unmarked."""
    texts = {text for one in questions.READY_MADE for text in _texts(one.survey)}
    assert len(texts) > 20
    assert texts <= catalogues.extracted()


def test_whatever_is_marked_is_found(tmp_path: Path) -> None:
    """Sentences are found in modules and templates, marked in any of the ways that we use."""
    (tmp_path / "templates" / "survey").mkdir(parents=True)
    (tmp_path / "module.py").write_text(
        "gettext('One') + lazy_gettext('Two') + _('Thr' 'ee') + ngettext('%(num)d', '%(num)ds', n)"
    )
    page = "{{ _('Five') }}{% macro m() %}{{ ngettext('Six', 'Sixes', n) }}{% endmacro %}"
    (tmp_path / "templates" / "survey" / "page.html").write_text(page)
    assert catalogues.marked(tmp_path) == {
        *("One", "Two", "Three", "Five"),
        *(("%(num)d", "%(num)ds"), ("Six", "Sixes")),
    }


# -- which of them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (["de"], "de"),
        (["pt-BR"], "pt"),
        (["pt_PT"], "pt"),
        (["RU_ru.UTF-8"], "ru"),
        (["de_AT@euro"], "de"),
        (["de@euro"], "de"),
        (["zh-Hans-CN"], "zh"),
        (["zh-TW", "en"], "zh"),
        (["ar-EG"], "ar"),
        ([None, "fr"], "fr"),
        (["fr", "de"], "fr"),
        (["he", "ru", "de"], "ru"),
        (["fa-IR", "*"], "en"),
        (["en-GB", "de"], "en"),
        (["C", "ja"], "ja"),
        (["POSIX"], "en"),
        (["C.UTF-8"], "en"),
        (["", "-", "_", "den", "d", "\0", "../de", "🦆"], "en"),
        (["de-" + "x-" * 200_000], "de"),
        (["x" * 100_000, "es"], "es"),
        ([], "en"),
    ],
)
def test_our_language(wishes: list[str | None], language: str) -> None:
    """The first wish that we speak is granted, in whatever spelling; English without one."""
    assert language_of(wishes) == language


@given(st.lists(st.none() | st.text()))
def test_any_wish_is_granted_with_a_language(wishes: list[str | None]) -> None:
    """Whatever a message or a browser claims, the page is in one of our languages."""
    assert language_of(wishes) in LANGUAGES


@given(
    st.sampled_from(LANGUAGES), st.sampled_from("-_"), st.from_regex(r"[A-Za-z]{2}", fullmatch=True)
)
def test_a_region_changes_nothing(language: str, between: str, region: str) -> None:
    """We speak a language everywhere."""
    assert language_of([f"{language}{between}{region}"]) == language


@pytest.mark.parametrize(
    ("copy", "browser", "language"),
    [
        ("ru-RU", "de", "ru"),
        (None, "de;q=0.3, ja;q=0.9, *;q=0.1", "ja"),
        ("he-IL", "fa, ar;q=0.5, fr;q=0.4", "ar"),
        ("he-IL", "", "en"),
        (None, "pt-BR,pt;q=0.9", "pt"),
    ],
)
def test_the_copy_speaks_before_the_browser(
    client: FlaskClient, copy: str | None, browser: str, language: str
) -> None:
    """A page is in the copy's language, else the browser's best, else English."""
    with client.application.test_request_context(headers={"Accept-Language": browser}):
        g.locale = copy
        assert gettext("Something else") == translated("Something else", language)


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("en", [[1], [0, 2, 11]]),
        ("ru", [[1, 21, 101], [2, 34], [0, 5, 11, 12]]),
        ("fr", [[0, 1], [2, 100]]),
        ("ja", [[0, 1, 2, 100]]),
        ("ar", [[0], [1], [2], [3, 110], [11, 99], [100, 102]]),
    ],
)
def test_plurals(client: FlaskClient, language: str, numbers: list[list[int]]) -> None:
    """A number stands with the form that its language has for it."""
    with client.application.test_request_context(headers={"Accept-Language": language}):
        said = [
            {ngettext(*TOO_LONG, n, most=4_000).replace(str(n), "#", 1) for n in alike}
            for alike in numbers
        ]
    assert [len(form) for form in said] == [1] * len(numbers)
    assert len(set.union(*said)) == len(numbers)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("ar-EG", "rtl"),
        ("he", "rtl"),
        ("he_IL", "rtl"),
        ("fa", "rtl"),
        ("ur-PK", "rtl"),
        ("az-Arab", "rtl"),
        ("az", "ltr"),
        ("zh-Hant-TW", "ltr"),
        ("C", "ltr"),
        ("tlh", "ltr"),
        ("", "ltr"),
    ],
)
def test_direction(language: str, expected: str) -> None:
    """A language is read in its direction, also one that only a vendor writes."""
    assert direction(language) == expected


@given(st.text())
def test_anything_has_a_direction(language: str) -> None:
    """No name of a language breaks a page."""
    assert direction(language) in {"ltr", "rtl"}


# -- a vendor's own texts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "wishes", "found"),
    [
        (["en", "pt", "pt-BR"], ["pt-BR"], "pt-BR"),
        (["en", "pt", "pt-BR"], ["pt_PT"], "pt"),
        (["en", "pt-BR", "pt"], ["pt-PT"], "pt"),
        (["en", "pt_BR"], ["pt-br"], "pt_BR"),
        (["en", "pt-BR"], ["pt"], "pt-BR"),
        (["en", "pt-BR"], ["pt-PT"], "pt-BR"),
        (["de", "en"], ["pt-BR"], "en"),
        (["de", "en-GB"], ["pt-BR"], "en-GB"),
        (["de", "fr"], ["pt-BR"], "de"),
        (["zh-Hans", "zh-Hant"], ["zh-TW"], "zh-Hant"),
        (["zh-CN", "zh-TW"], ["zh-HK"], "zh-TW"),
        (["zh-TW", "zh-CN"], ["zh"], "zh-CN"),
        (["zh", "zh-Hant"], ["zh-Hant-HK"], "zh-Hant"),
        (["zh", "en"], ["zh-TW"], "zh"),
        (["en", "he"], ["he-IL", "en"], "he"),
        (["en", "he"], [None, "fr"], "en"),
        (["en", "sr-Latn", "sr-Cyrl"], ["sr-RS"], "sr-Cyrl"),
        (["de"], [], "de"),
    ],
)
def test_the_nearest_of_a_vendors_texts(
    names: list[str], wishes: list[str | None], found: str
) -> None:
    """A text is read in the nearest language, else in English, else as it was written first."""
    assert say({name: f"in {name}" for name in names}, *wishes) == f"in {found}"


@given(
    st.dictionaries(st.text(), st.text(), min_size=1), st.lists(st.none() | st.text(), max_size=3)
)
def test_a_vendors_text_is_always_said(text: Text, wishes: list[str | None]) -> None:
    """There is something to read, whatever the vendor called the languages."""
    assert isinstance(text, dict)
    assert say(text, *wishes) in text.values()


@given(
    st.dictionaries(st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True), st.text(), min_size=1)
)
def test_a_language_that_is_there_is_found(text: dict[str, str]) -> None:
    """Whoever reads a language that the vendor wrote reads that one."""
    assert {name: say(text, name) for name in text} == text


@given(st.text(), st.sampled_from(LANGUAGES))
def test_a_text_for_everybody_stays_as_it_is(text: str, language: str) -> None:
    """What a vendor wrote once, for all, is shown as they wrote it."""
    if text not in catalogues.extracted():
        assert say(text, language) == text


def test_our_own_texts_are_said_in_any_spelling_of_a_language() -> None:
    """A ready-made question is read in the person's language, with the product's place kept."""
    asked = questions.EXIT.question
    assert say(asked, "ru_RU") == "Что побудило вас удалить «{product}»?"
    assert say(asked, "he", "pt-BR") == "O que motivou a desinstalação de {product}?"
    assert say(asked, "he") == say(asked, ENGLISH) == asked


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("for everybody", []),
        ({"en": "", "de": "", "pt-BR": ""}, ["ru", "fr", "es", "zh", "ja", "ar"]),
        ({"ru": ""}, ["en", "de", "fr", "es", "pt", "zh", "ja", "ar"]),
        (dict.fromkeys(LANGUAGES, ""), []),
    ],
)
def test_what_a_vendor_did_not_say(text: Text, lacking: list[str]) -> None:
    """A language is missing where its readers would get another, English among them."""
    assert missing(text, LANGUAGES) == lacking


def _sentences(language: str, domain: str) -> Iterator[Message]:
    return (message for message in catalogues.read(language, domain) if message.id)


def _sources(message: Message) -> tuple[str, ...]:
    """Return for each form of a translation what it translates: the plural, of most."""
    *singular, last = (message.id,) if isinstance(message.id, str) else message.id
    plurals = len(forms(message)) - len(singular)
    return (*singular, *[last] * plurals) if plurals else (last,)


def _texts(survey: questions.Survey) -> Iterator[str]:
    reasons = (*survey.reasons, *([survey.last] if survey.last else []))
    said = [survey.question, survey.follow_up]
    for text in (*said, *(t for one in reasons for t in (one.label, one.follow_up))):
        if text is not None:
            assert isinstance(text, str)
            yield text
