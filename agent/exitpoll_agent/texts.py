"""The vendor's own words, in the person's language, for what the agent says to a person.

[texts]
consent = "Counting launches tells us what to improve."
[texts.ru]
consent = "…"
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES = ("consent",)
"""`consent`: why the vendor asks for it; said by `exitpoll-agent consent`."""

MAX_CHARS = 1_000
"""More than a screen nobody reads."""

ALL_OTHERS = ""


def by_language(value: object) -> dict[str, dict[str, str]]:
    """Read the table: texts by name, and tables of such by language.

    Raises:
        ValueError: it is none; says what to change.
    """
    if not isinstance(value, dict):
        raise ValueError("it must be a table")  # noqa: TRY004 - as all that a file may have wrong
    tables = {language: texts for language, texts in value.items() if isinstance(texts, dict)}
    others = {name: text for name, text in value.items() if name not in tables}
    return {
        language.lower(): _checked(texts)
        for language, texts in {**tables, ALL_OTHERS: others}.items()
    }


def text(texts: Mapping[str, Mapping[str, str]], name: str, locale: str | None) -> str | None:
    """Return a text for a locale such as `ru-RU`: its own, its language's, or all others'."""
    wanted = (locale or ALL_OTHERS).lower()
    places = (wanted, wanted.split("-")[0], ALL_OTHERS)
    return next((texts[place][name] for place in places if name in texts.get(place, {})), None)


def _checked(texts: Mapping[str, object]) -> dict[str, str]:
    checked = {}
    for name, said in texts.items():
        if name not in NAMES:
            raise ValueError(f"{name!r} is no text of ours; known are {', '.join(NAMES)}")
        if not isinstance(said, str) or not 0 < len(said) <= MAX_CHARS:
            raise ValueError(f"{name!r} must be a text of 1 to {MAX_CHARS} characters")
        checked[name] = said
    return checked
