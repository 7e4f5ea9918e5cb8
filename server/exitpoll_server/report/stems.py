"""What a comment is about, word for word: its language, and its words without their endings.

Stems are those of the Snowball stemmers (https://snowballstem.org). Chinese, Japanese and Korean
have none: there two characters that stand side by side take a word's place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import snowballstemmer

from exitpoll_server.report.stopwords import BETWEEN, STOP_WORDS

UNDETERMINED = "und"
"""The language of a comment that nothing tells the language of (BCP 47)."""

LEAST_LETTERS = 4
"""Without a list of stop words, shorter words count as such, unless they are all capitals: SVG."""

LEAST_EVIDENCE = 2
"""So many different stop words of a language tell it, ..."""

LEAST_SHARE = 0.25
"""... if they are so large a part of the words: in running text they are nearly half of them."""

_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+", re.IGNORECASE)
_NO_LETTER = re.compile("[^A-Za-z0-9]")
_KANA = "\u3041-\u309f\u30a0-\u30ff"
_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HANGUL = "\uac00-\ud7a3"
_SPACELESS = re.compile(f"[{_KANA}{_HAN}{_HANGUL}]+")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]{2,}")
_HIRAGANA_ONLY = re.compile("[\u3041-\u309f\u30fc]+")
_BETWEEN = {language: re.compile(pattern) for language, pattern in BETWEEN.items()}


@dataclass(frozen=True)
class Word:
    """A word that may name a theme."""

    stem: str
    written: str


class Stemmer(Protocol):
    """As far as it is used."""

    def stemWord(self, word: str) -> str:  # noqa: N802 - the library's name
        """Return a word without its endings."""


class Reader:
    """Reads comments. Not to be shared between threads: stemmers are not safe for that."""

    def __init__(self, product: str = "") -> None:
        """Read comments on a product, whose own name says nothing."""
        self._stemmers: dict[str, Stemmer] = {}
        self._known: dict[tuple[str, str], tuple[Word, ...]] = {}
        self._unsaid = frozenset(folded(product).split())

    def language(self, comment: str, locale: str | None) -> str:
        """Return the language that a comment is written in, as ISO 639 code.

        That is the one of which it holds most stop words, where those are plain to see; else the
        locale's: many write English whatever their system speaks.
        """
        text = folded(comment)
        spoken = (locale or UNDETERMINED).replace("_", "-").partition("-")[0].lower()
        spaceless = "".join(_SPACELESS.findall(text))
        if 2 * len(spaceless) > len(text.replace(" ", "")):
            return _spaceless_language(spaceless, spoken)
        words = text.split()
        there = {word for word in words if len(word) > 1}
        found = {code: len(there & stop) for code, stop in STOP_WORDS.items()}
        best = max(found, key=lambda code: (found[code], code == spoken, code))
        total = sum(word in STOP_WORDS[best] for word in words)
        is_plain = found[best] >= LEAST_EVIDENCE and total >= LEAST_SHARE * len(words)
        return best if is_plain and found[best] > found.get(spoken, 0) else spoken

    def words(self, comment: str, language: str) -> Iterator[Word]:
        """Give the words that say something, in their order, each as often as it stands there."""
        for written in _cleared(comment).split():
            key = (language, written)
            if key not in self._known:
                self._known[key] = tuple(self._read(written, language))
            yield from self._known[key]

    def _read(self, written: str, language: str) -> Iterator[Word]:
        if _SPACELESS.search(written):
            yield from (Word(part, part) for part in _parts(written, language))
        elif self._says_something(written, language):
            yield Word(self._stemmed(folded(written), language), written)

    def _says_something(self, written: str, language: str) -> bool:
        word = folded(written)
        if word in self._unsaid or len(word) < 2 or word.isdecimal():  # noqa: PLR2004 - one letter
            return False
        # "App" and "software" are said in every language.
        if word in STOP_WORDS.get(language, STOP_WORDS["en"]):
            return False
        return language in STOP_WORDS or len(word) >= LEAST_LETTERS or written.isupper()

    def _stemmed(self, word: str, language: str) -> str:
        if language not in _STEMMERS:
            return word
        if language not in self._stemmers:
            self._stemmers[language] = snowballstemmer.stemmer(_STEMMERS[language])
        return str(self._stemmers[language].stemWord(word)) or word


def folded(text: str) -> str:
    """Return a text as it is compared: NFKC, casefolded, words apart by one space."""
    # Few Russians type the dots of this letter.
    return " ".join(_cleared(text).casefold().replace("ё", "\u0435").split())


def _cleared(text: str) -> str:
    """Leave letters, their marks and digits: all else parts words, and addresses are none."""
    text = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text))
    if text.isascii():
        return _NO_LETTER.sub(" ", text)
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)


def _spaceless_language(characters: str, spoken: str) -> str:
    if re.search(f"[{_HANGUL}]", characters):
        return "ko"
    if re.search(f"[{_KANA}]", characters) or spoken == "ja":
        return "ja"
    return "zh"


def _parts(written: str, language: str) -> Iterator[str]:
    """Give words in katakana, and of all else each two characters that stand side by side."""
    between = _BETWEEN.get(language)
    text = between.sub(" ", written) if between else written
    for run in _SPACELESS.findall(text):
        yield from _KATAKANA.findall(run)
        for rest in _KATAKANA.split(run):
            pairs = [rest] if len(rest) == 1 else [rest[n : n + 2] for n in range(len(rest) - 1)]
            yield from (pair for pair in pairs if not _HIRAGANA_ONLY.fullmatch(pair))
