"""Comments that wish for the same: gathered by the words that they share (docs/figures.md).

The rule is one that can be followed by hand. Within a language, the word that most comments share
makes a theme of all of them; then the word that most of the rest share; and so on while two share
one. Before that, the vendor's own themes take what has their words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from exitpoll_server.counts import Departure
from exitpoll_server.counts.themes import KeptTheme, ThemeWords
from exitpoll_server.report.comments import is_substantive
from exitpoll_server.report.figures import Figure, count, share
from exitpoll_server.report.stems import Reader, Word
from exitpoll_server.report.stopwords import STOP_WORDS

LEAST_COMMENTS = 2
"""What one person wishes for is a comment; what two do, a theme."""

MOST_WORDS_OF_A_NAME = 3

MORE_THAN_OF_A_NAME = 0.5
"""A word that no more of its comments have does not tell what a theme is about."""

COMMON_SHARE = 0.5
"""Without a list of stop words, a word that so many comments have says nothing, ..."""

COMMON_FROM = 30
"""... where there are enough of them to tell."""


@dataclass(frozen=True, kw_only=True)
class ReadComment:
    """A comment, with what its words say."""

    departure: Departure
    language: str
    words: tuple[Word, ...]
    """In their order, without those that say nothing."""
    stems: frozenset[str]
    """These words without their endings."""
    is_substantive: bool


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A wish, or a complaint, with everybody who has it."""

    kept: KeptTheme | None
    """As the vendor kept it; None where it only groups itself."""
    name: str
    words: tuple[ThemeWords, ...]
    """What a comment must have to belong: all words of any of these."""
    comments: tuple[ReadComment, ...]
    """The latest first."""
    of_comments: Figure
    wants_answer: Figure
    reasons: tuple[tuple[str | None, Figure], ...]
    """By reason chosen, the most frequent first; None where none was."""


@dataclass(frozen=True, kw_only=True)
class Themes:
    """Every comment, in one theme or in none."""

    themes: tuple[Theme, ...]
    """The largest first. The vendor's are there though nobody wishes for them now."""
    not_grouped: tuple[ReadComment, ...]
    """The latest first."""
    left_over: Figure

    def comments(self) -> Iterator[tuple[ReadComment, Theme | None]]:
        """Give every comment with its theme, the latest first."""
        everyone: list[tuple[ReadComment, Theme | None]] = [(one, None) for one in self.not_grouped]
        everyone += [(one, theme) for theme in self.themes for one in theme.comments]
        yield from sorted(everyone, key=lambda pair: _order(pair[0]))


def themes(
    comments: Iterable[Departure], kept: Sequence[KeptTheme] = (), *, product: str = ""
) -> Themes:
    """Group comments; their order makes no difference. The product's own name names no theme."""
    everyone = sorted(read(comments, Reader(product)), key=_order)
    gathered = _gathered(everyone, kept)
    taken = {id(one) for some in gathered.values() for one in some}
    rest = [one for one in everyone if id(one) not in taken]
    formed = list(_formed(rest))
    taken |= {id(one) for _, _, some in formed for one in some}
    made = [
        *(_kept(theme, kept, gathered[theme.id], len(everyone)) for theme in _roots(kept)),
        *(_theme(None, name, (words,), some, len(everyone)) for name, words, some in formed),
    ]
    left = tuple(one for one in everyone if id(one) not in taken)
    return Themes(
        themes=tuple(sorted(made, key=_size)),
        not_grouped=left,
        left_over=share(len(left), len(everyone), "themes.not_grouped"),
    )


def read(comments: Iterable[Departure], reader: Reader) -> Iterator[ReadComment]:
    """Read each comment in the language that it is written in."""
    for departure in comments:
        text = departure.comment or ""
        language = reader.language(text, departure.locale)
        words = tuple(reader.words(text, language))
        yield ReadComment(
            departure=departure,
            language=language,
            words=words,
            stems=frozenset(word.stem for word in words),
            is_substantive=is_substantive(text, departure.locale),
        )


def root(theme: KeptTheme, kept: Iterable[KeptTheme]) -> KeptTheme:
    """Return the theme that gathers for one that was merged into it, or the theme itself."""
    by_id = {one.id: one for one in kept}
    while theme.merged_into in by_id:
        theme = by_id[theme.merged_into]
    return theme


# -- the vendor's --------------------------------------------------------------------------


def _roots(kept: Sequence[KeptTheme]) -> list[KeptTheme]:
    return [theme for theme in kept if root(theme, kept) is theme]


def _gathered(
    everyone: Sequence[ReadComment], kept: Sequence[KeptTheme]
) -> dict[int, list[ReadComment]]:
    """Return the comments of each of the vendor's themes that stands by itself.

    Of several that a comment has the words of, the one of most words takes it, then the earliest:
    merged or not, so that merging moves no comment of any other theme.
    """
    by_first: dict[tuple[str, str], list[tuple[int, int, frozenset[str]]]] = defaultdict(list)
    for theme in kept:
        for words in theme.words:
            entry = (-len(words.stems), theme.id, frozenset(words.stems))
            by_first[words.language, words.stems[0]].append(entry)
    roots = {theme.id: root(theme, kept).id for theme in kept}
    gathered: dict[int, list[ReadComment]] = {theme.id: [] for theme in _roots(kept)}
    for one in everyone:
        fitting = [
            (most, number)
            for stem in one.stems
            for most, number, needed in by_first.get((one.language, stem), ())
            if needed <= one.stems
        ]
        if fitting:
            _, number = min(fitting)
            gathered[roots[number]].append(one)
    return gathered


def _kept(
    theme: KeptTheme, kept: Sequence[KeptTheme], comments: Sequence[ReadComment], total: int
) -> Theme:
    words = [words for one in kept if root(one, kept) is theme for words in one.words]
    return _theme(theme, theme.name, tuple(dict.fromkeys(words)), comments, total)


# -- what groups itself --------------------------------------------------------------------


def _formed(rest: Sequence[ReadComment]) -> Iterator[tuple[str, ThemeWords, list[ReadComment]]]:
    by_language: dict[str, list[ReadComment]] = defaultdict(list)
    for one in rest:
        by_language[one.language].append(one)
    for language, comments in by_language.items():
        by_stem = _by_stem(comments, language)
        for stem, taken in _largest_first(by_stem):
            some = [comments[n] for n in taken]
            yield _name(stem, some, by_stem), ThemeWords(language=language, stems=(stem,)), some


def _by_stem(comments: Sequence[ReadComment], language: str) -> dict[str, list[int]]:
    """Return who has each word that may make a theme, by their place in the list."""
    # A word that only empty comments have makes no theme: "asdf" would be one.
    telling = Counter(stem for one in comments if one.is_substantive for stem in one.stems)
    by_stem: dict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(comments):
        for stem in one.stems:
            if telling[stem] >= LEAST_COMMENTS:
                by_stem[stem].append(n)
    if language in STOP_WORDS or len(comments) < COMMON_FROM:
        return by_stem
    most = COMMON_SHARE * len(comments)
    return {stem: who for stem, who in by_stem.items() if len(who) <= most}


def _largest_first(by_stem: Mapping[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    """Give the word that most have with who has it, then the same of the rest, and so on.

    What is in the heap was true once: it is counted again when it comes up, since others may have
    taken comments away meanwhile.
    """
    heap = [(-len(who), stem) for stem, who in by_stem.items() if len(who) >= LEAST_COMMENTS]
    heapify(heap)
    taken: set[int] = set()
    while heap:
        size, stem = heappop(heap)
        free = [n for n in by_stem[stem] if n not in taken]
        if len(free) < LEAST_COMMENTS:
            continue
        if len(free) < -size:
            heappush(heap, (-len(free), stem))
            continue
        taken.update(free)
        yield stem, free


def _name(stem: str, comments: Sequence[ReadComment], telling: Container[str]) -> str:
    """Name a theme by its word, and by up to two others that most of its comments have.

    Each as it is written most often, in the order in which they mostly stand.
    """
    having = Counter(each for one in comments for each in one.stems if each in telling)
    shared = sorted(
        (each for each, n in having.items() if n > MORE_THAN_OF_A_NAME * len(comments)),
        key=lambda each: (each != stem, -having[each], each),
    )
    chosen: list[str] = []
    for each in shared:
        if len(chosen) < MOST_WORDS_OF_A_NAME and not _overlaps(each, chosen):
            chosen.append(each)
    places = {each: _mean_place(each, comments) for each in chosen}
    chosen.sort(key=lambda each: (places[each], each))
    return " ".join(_written(each, comments) for each in chosen)


def _overlaps(pair: str, chosen: Sequence[str]) -> bool:
    """Tell whether two characters of Chinese share one with those before: the same word, mostly."""
    return any(
        len(pair) == len(one) == 2 and bool(set(pair) & set(one)) and not (pair + one).isascii()  # noqa: PLR2004 - a pair
        for one in chosen
    )


def _mean_place(stem: str, comments: Sequence[ReadComment]) -> float:
    stems = ([word.stem for word in one.words] for one in comments)
    places = [there.index(stem) for there in stems if stem in there]
    return sum(places) / len(places)


def _written(stem: str, comments: Sequence[ReadComment]) -> str:
    forms = Counter(word.written for one in comments for word in one.words if word.stem == stem)
    return min(forms, key=lambda form: (-forms[form], len(form), form))


# -- both ----------------------------------------------------------------------------------


def _theme(
    kept: KeptTheme | None,
    name: str,
    words: tuple[ThemeWords, ...],
    comments: Sequence[ReadComment],
    total: int,
) -> Theme:
    reasons = Counter(one.departure.reason for one in comments)
    asking = sum(one.departure.wants_answer for one in comments)
    by_size = sorted(reasons, key=lambda reason: (-reasons[reason], reason or ""))
    return Theme(
        kept=kept,
        name=name,
        words=words,
        comments=tuple(comments),
        of_comments=share(len(comments), total, "themes.comments"),
        wants_answer=count(asking, "themes.wants_answer"),
        reasons=tuple(
            (one, share(reasons[one], len(comments), "themes.reason")) for one in by_size
        ),
    )


def _size(theme: Theme) -> tuple[object, ...]:
    languages = sorted(words.language for words in theme.words)
    return -len(theme.comments), theme.name, languages, theme.kept.id if theme.kept else 0


def _order(one: ReadComment) -> tuple[float, str, str]:
    """Order the latest first; what else differs only keeps the order of rows from mattering."""
    departure = one.departure
    return -departure.at.timestamp(), str(departure.installation_id), repr(departure)
