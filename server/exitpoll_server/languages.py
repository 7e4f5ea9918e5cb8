"""In which language somebody reads: our own texts from catalogues, a vendor's as they wrote them.

The catalogues (`translations/`, GNU gettext) hold every sentence that a person may meet. Their
source language is English, so that a sentence without a translation is English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.support import NullTranslations, Translations

from exitpoll_server.questions import Text

ENGLISH = "en"
LANGUAGES: tuple[str, ...] = (ENGLISH, "ru", "de", "fr", "es", "pt", "zh", "ja", "ar")
"""What our own texts are there in. `zh` is written in simplified characters."""

CATALOGUES = str(resources.files(__package__) / "translations")

CONSOLE = "console"
CONSOLE_LANGUAGES: tuple[str, ...] = (ENGLISH, "ru")
DOMAINS = (CONSOLE, "messages")
"""What only a vendor reads, and what everybody does: a file each in a language's folder.
Flask-Babel takes the rule of plurals from the last, which every language has."""

REPORT = "report"
"""What a report says, and whoever reads one: no page asks Flask-Babel for it."""
REPORT_LANGUAGES = CONSOLE_LANGUAGES

MAX_TAG_CHARS = 35
"""What of a locale is looked at: every sound one fits in (RFC 5646, 4.4.1)."""

_SCRIPT_CHARS = 4
"""Of a subtag that names a script: `Hant` (ISO 15924)."""


def language_of(wishes: Iterable[str | None]) -> str:
    """Return the first language wished for that our own texts are there in; else English.

    A wish is a locale as systems and browsers name them: `pt-BR`, `zh_CN.UTF-8`, `de`.
    """
    found = (nearest(wish, LANGUAGES) for wish in wishes)
    return next((one for one in found if one is not None), ENGLISH)


def say(text: Text, *wishes: str | None) -> str:
    """Return a text in the first of the languages wished for that it is there in.

    A vendor's text that is in none of them is their English one, or the first they wrote.
    """
    if isinstance(text, str):
        return translated(text, language_of(wishes))
    names = (nearest(wish, text) for wish in (*wishes, ENGLISH))
    return text[next((name for name in names if name is not None), next(iter(text)))]


def translated(text: str, language: str) -> str:
    """Return one of our own texts in one of our languages; a text that is not ours as it is."""
    return str(_catalogue(language).gettext(text)) if text else text


def direction(language: str) -> str:
    """Return `ltr` or `rtl`, of any language."""
    try:
        return str(Locale.parse(_tag(language).replace("-", "_")).text_direction)
    except (ValueError, UnknownLocaleError):
        return "ltr"


def missing(text: Text, languages: Iterable[str]) -> list[str]:
    """Return in which of these languages a vendor's text is not said."""
    if isinstance(text, Mapping):
        return [one for one in languages if nearest(one, text) is None]
    return []


@cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [language])


# -- which is near -------------------------------------------------------------------------


def nearest(wish: str | None, names: Iterable[str]) -> str | None:
    """Return the name of the language that is nearest to a wish; None where it is another.

    That is the same one, or without its last parts; then one in the same script, the plainest
    first; then any variety: Brazilian for a reader in Lisbon rather than English.
    """
    tag = _tag(wish or "")
    known = {_tag(name): name for name in reversed(tuple(names))}
    parts = tag.split("-")
    for count in range(len(parts), 1, -1):
        shorter = "-".join(parts[:count])
        if shorter in known:
            return known[shorter]
    varieties = [one for one in reversed(known) if one.partition("-")[0] == parts[0]]
    return known[min(varieties, key=lambda one: _distance(tag, one))] if varieties else None


def _distance(wish: str, variety: str) -> tuple[bool, bool]:
    return _script(variety) != _script(wish), "-" in variety


def _tag(locale: str) -> str:
    """Return a locale's name in one spelling, without its encoding: `zh-tw` of `zh_TW.UTF-8`."""
    return locale[:MAX_TAG_CHARS].partition(".")[0].partition("@")[0].replace("_", "-").lower()


def _script(tag: str) -> str:
    """Return what a language is written in there: `hant` in Hong Kong."""
    language, *others = tag.split("-")
    written = [one for one in others if len(one) == _SCRIPT_CHARS and one.isalpha()]
    if written:
        return written[0]
    likely: Mapping[str, str] = get_global("likely_subtags")
    regions = [f"{language}_{one.upper()}" for one in others]
    found = next((likely[one] for one in (*regions, language) if one in likely), "")
    return found.lower().partition("_")[2].partition("_")[0]
