"""Comments that share a word are one theme: by a rule, whatever their order."""

from __future__ import annotations

import random
from dataclasses import replace
from time import process_time

from hypothesis import given
from hypothesis import strategies as st
from tests.server.written import wrote

from exitpoll_server.counts import Departure
from exitpoll_server.counts.themes import KeptTheme, ThemeWords
from exitpoll_server.report.themes import Themes, themes

EXPORT = [
    wrote("I need SVG export.", wants_answer=True, reason="missing-feature"),
    wrote("Exporting to SVG is missing", "de-DE"),
    wrote("It crashes when I export PDFs", reason="crashes"),
]


def kept(number: int, *words: str, into: int | None = None, language: str = "en") -> KeptTheme:
    return KeptTheme(
        id=number,
        name=f"Theme {number}",
        words=(ThemeWords(language=language, stems=tuple(sorted(words))),),
        decision=None,
        decided_at=None,
        note=None,
        merged_into=into,
    )


def shown(of: Themes) -> list[tuple[str, list[str | None]]]:
    return [(t.name, [one.departure.comment for one in t.comments]) for t in of.themes]


def test_three_comments_are_a_theme_that_names_itself() -> None:
    """It has a name in their words, who left why, who asked to be told, the latest first."""
    [theme] = themes(EXPORT).themes
    assert theme.name == "SVG export"
    assert [one.departure for one in theme.comments] == EXPORT[::-1]
    assert (theme.of_comments.numerator, theme.of_comments.denominator) == (3, 3)
    assert theme.wants_answer.numerator == 1
    assert [(name, figure.numerator) for name, figure in theme.reasons] == [
        ("crashes", 1),
        ("missing-feature", 1),
        ("other", 1),
    ]


def test_the_largest_takes_a_comment_of_two_themes() -> None:
    """Who has both words is in the theme that more share; a tie goes by the word."""
    several = [*EXPORT, wrote("Export to Word"), wrote("crashes at night"), wrote("crashes daily")]
    assert [name for name, _ in shown(themes(several))] == ["export", "crashes"]
    tie = [wrote("zebra apple"), wrote("apple zebra")]
    assert themes(tie).themes[0].words[0].stems == ("appl",)


def test_one_comment_is_no_theme() -> None:
    """What nobody else says stays by itself."""
    grouped = themes([wrote("I need SVG export."), wrote("It is too slow")])
    assert grouped.themes == ()
    assert (grouped.left_over.numerator, grouped.left_over.denominator) == (2, 2)


def test_nothing_is_no_theme() -> None:
    """Without comments there is no share of anything."""
    grouped = themes([])
    assert (grouped.themes, grouped.not_grouped, grouped.left_over.value) == ((), (), None)


def test_empty_words_make_no_theme_but_join_one() -> None:
    """Twice "asdf" is nothing; "slow" alone is as slow as in a sentence."""
    said = [
        wrote("asdf"),
        wrote("asdf"),
        wrote("very slow start"),
        wrote("slow menus"),
        wrote("slow"),
    ]
    assert shown(themes(said)) == [("slow", ["slow", "slow menus", "very slow start"])]


def test_languages_are_apart_until_the_vendor_merges_them() -> None:
    """The same word in two languages is two themes; merged, they are counted together."""
    said = [wrote(text) for text in ("SVG export please", "The SVG export")]
    said += [wrote(text, "ru") for text in ("нужен экспорт SVG", "нет экспорта в SVG")]
    assert len(themes(said).themes) == 2
    [one] = themes(said, [kept(1, "export"), kept(2, "экспорт", into=1, language="ru")]).themes
    assert (one.of_comments.numerator, one.name) == (4, "Theme 1")


def test_the_vendors_theme_comes_first() -> None:
    """It takes what has all of its words; what is left groups by itself; it is there if empty."""
    several = [*EXPORT, wrote("export to Word")]
    grouped = themes(several, [kept(7, "svg", "export"), kept(8, "printer")])
    assert [(name, len(who)) for name, who in shown(grouped)] == [
        ("Theme 7", 2),
        ("export", 2),
        ("Theme 8", 0),
    ]


def test_more_words_fit_better() -> None:
    """Of two of the vendor's themes the one of more words takes a comment; then the earliest."""
    one = [wrote("SVG export is missing")]
    both = [kept(1, "export"), kept(2, "svg", "export"), kept(3, "export")]
    assert [t.kept.id for t in themes(one, both).themes if t.kept and t.comments] == [2]
    assert [t.kept.id for t in themes(one, [both[2], both[0]]).themes if t.kept and t.comments] == [
        1
    ]


def test_the_products_name_names_no_theme() -> None:
    """Everybody may say it."""
    said = [wrote("Inkwell hangs"), wrote("Inkwell lags")]
    assert shown(themes(said, product="Inkwell")) == []


def test_a_word_of_half_the_comments_says_nothing_where_small_words_are_unknown() -> None:
    """In Finnish nobody told us which words those are."""
    said = [wrote(f"koska sana{n % 15}x kirja{n}", "fi") for n in range(30)]
    grouped = themes(said)
    assert len(grouped.themes) == 15
    assert all("koska" not in theme.name for theme in grouped.themes)


WORDS = st.sampled_from(["svg", "export", "slow", "crash", "start", "price", "медленно", "print"])
COMMENTS = st.lists(
    st.builds(
        lambda words, locale: wrote(" ".join(words), locale),
        st.lists(WORDS, max_size=4),
        st.sampled_from(["en", "ru", None]),
    ),
    max_size=12,
)
KEPT = st.lists(WORDS, max_size=3, unique=True).map(
    lambda words: [kept(n, word) for n, word in enumerate(words, 1)]
)


@given(COMMENTS, KEPT, st.randoms(use_true_random=False))
def test_the_order_of_comments_changes_nothing(
    said: list[Departure], own: list[KeptTheme], chance: random.Random
) -> None:
    """Grouped in any order, themes, names and figures are the same."""
    other = said.copy()
    chance.shuffle(other)
    assert themes(said, own) == themes(other, own)


@given(COMMENTS, KEPT)
def test_every_comment_is_in_one_theme_or_in_none(
    said: list[Departure], own: list[KeptTheme]
) -> None:
    """None is lost, none is there twice, and what groups itself has two at least."""
    grouped = themes(said, own)
    everyone = [one.departure for one, _ in grouped.comments()]
    assert sorted(everyone, key=lambda one: one.at) == sorted(said, key=lambda one: one.at)
    assert all(len(theme.comments) >= 2 for theme in grouped.themes if theme.kept is None)


@given(COMMENTS, KEPT, st.data())
def test_merging_gathers_what_both_had(
    said: list[Departure], own: list[KeptTheme], data: st.DataObject
) -> None:
    """A merged theme has the comments of both, no other changes; taken back, all is as before."""
    if len(own) < 2:
        return
    one, other = data.draw(st.permutations(own))[:2]
    before = {t.kept.id: set(t.comments) for t in themes(said, own).themes if t.kept}
    merged = [replace(t, merged_into=other.id) if t == one else t for t in own]
    after = {t.kept.id: set(t.comments) for t in themes(said, merged).themes if t.kept}
    expected = {**before, other.id: before[one.id] | before[other.id]}
    del expected[one.id]
    assert after == expected


def test_five_thousand_comments_are_grouped_at_once() -> None:
    """A vendor who looks at them waits a moment: below a second, three where others work too."""
    chance = random.Random(5)
    vocabulary = ["".join(chance.choices("bcdfgklmnprst", k=6)) for _ in range(2_000)]
    often = [1 / (n + 1) for n in range(len(vocabulary))]
    said = [wrote(" ".join(chance.choices(vocabulary, often, k=20))) for _ in range(5_000)]
    began = process_time()
    grouped = themes(said)
    assert process_time() - began < 3
    assert grouped.left_over.denominator == 5_000
