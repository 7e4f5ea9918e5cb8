"""In which language somebody reads: our own texts from catalogues, a vendor's as they wrote them.

The catalogues (`translations/`, GNU gettext) hold every sentence that a person may meet. Their
source language is English, so that a sentence without a translation is English.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.support import NullTranslations, Translations

from exitpoll_server.questions import Text

ENGLISH = "en"
LANGUAGES: tuple[str, ...] = (ENGLISH, "ru", "de", "fr", "es", "pt", "zh", "ja", "ar")
"""What our own texts are there in. `zh` is written in simplified characters."""

CATALOGUES = str(resources.files(__package__) / "translations")


def language_of(wishes: Iterable[str | None], known: Iterable[str] = LANGUAGES) -> str:
    """Return the first language wished for that is known; English where none is.

    A wish is a locale as systems and browsers name them: `pt-BR`, `zh_CN`, `de`.
    """
    there = set(known)
    for wish in wishes:
        whole = (wish or "").replace("_", "-").lower()
        if whole in there:
            return whole
        language = whole.partition("-")[0]
        if language in there:
            return language
    return ENGLISH


def say(text: Text, language: str) -> str:
    """Return a text in a language, or as near to it as there is one."""
    if isinstance(text, str):
        return translated(text, language)
    tags = {name.replace("_", "-").lower(): name for name in text}
    found = _nearest(language, tags) or _nearest(ENGLISH, tags)
    return text[tags[found]] if found else next(iter(text.values()))


def _nearest(language: str, tags: Iterable[str]) -> str | None:
    """Return the tag of a language: as it is, without its region, or of another region."""
    whole = language.replace("_", "-").lower()
    primary = whole.partition("-")[0]
    near = [tag for tag in tags if tag.partition("-")[0] == primary]
    return next((tag for tag in (whole, primary) if tag in near), next(iter(near), None))


def translated(text: str, language: str) -> str:
    """Return one of our own texts in a language; a text that is not ours comes back as it is."""
    return str(_catalogue(language).gettext(text)) if text else text


def direction(language: str) -> str:
    """Return `ltr` or `rtl`."""
    try:
        return str(Locale.parse(language.replace("-", "_")).text_direction)
    except (ValueError, UnknownLocaleError):
        return "ltr"


def missing(text: Text, languages: Iterable[str]) -> list[str]:
    """Return in which of these languages a vendor's text is not said."""
    if isinstance(text, str):
        return []
    tags = [name.replace("_", "-").lower() for name in text]
    return [one for one in languages if _nearest(one, tags) is None]


@cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [language])
