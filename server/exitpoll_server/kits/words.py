"""What an installer says to a person, in their language: the survey's question, and our words."""

from __future__ import annotations

import locale
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exitpoll_server.languages import ENGLISH, LANGUAGES, direction, say, translated
from exitpoll_server.questions import Survey, Text

_PRIMARY_LANGUAGE = 0x3FF
"""Of a Windows language id what names the language; the rest names the country."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is said."""
    return text


MAY_WE_ASK = _("Would you tell us in one click why you are leaving?")
COMMENT = _("Anything you would like to add?")
SEND = _("Send")
SKIP = _("Skip")
IN_BROWSER = _("Tell us more in the browser")
CONSENT_TITLE = _("Help to improve {product}")
CONSENT_TEXT = _(
    "{product} can count how often it is started, and say when it is uninstalled. Nothing of what "
    "you do with it is sent, and no name. You can change your mind at any time."
)
CONSENT_YES = _("Yes, count how often {product} is started")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reason to choose."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything that an installer says, in one language."""

    language: str
    langid: int
    """How Windows calls the language: 0x19 is Russian."""
    direction: str
    question: str
    reasons: tuple[Answer, ...]
    may_we_ask: str
    comment: str
    send: str
    skip: str
    in_browser: str
    consent_title: str
    consent_text: str
    consent_yes: str


def words(survey: Survey, product: str) -> tuple[Words, ...]:
    """Return the words of an exit survey in our languages and the vendor's, English first."""
    return tuple(words_in(language, survey, product) for language in _languages(survey))


def words_in(language: str, survey: Survey, product: str) -> Words:
    """Return the words in one language."""

    def said(text: Text) -> str:
        return say(text, language).replace("{product}", product)

    def ours(text: str) -> str:
        return translated(text, language).replace("{product}", product)

    return Words(
        language=language,
        langid=_LANGIDS.get(language, 0),
        direction=direction(language),
        question=said(survey.question),
        reasons=tuple(
            Answer(id=reason.id, label=said(reason.label)) for reason in survey.all_reasons()
        ),
        may_we_ask=ours(MAY_WE_ASK),
        comment=ours(COMMENT),
        send=ours(SEND),
        skip=ours(SKIP),
        in_browser=ours(IN_BROWSER),
        consent_title=ours(CONSENT_TITLE),
        consent_text=ours(CONSENT_TEXT),
        consent_yes=ours(CONSENT_YES),
    )


def _languages(survey: Survey) -> list[str]:
    """Return the languages by their first subtag: an installer knows no more of a person."""
    texts = [survey.question, *(reason.label for reason in survey.all_reasons())]
    vendors = {tag.partition("-")[0].lower() for text in texts for tag in _tags(text)}
    # Windows' installers find a language by its number.
    return [ENGLISH, *sorted(({*LANGUAGES} | vendors & _LANGIDS.keys()) - {ENGLISH})]


def _tags(text: Text) -> Iterator[str]:
    if isinstance(text, Mapping):
        yield from text


_LANGIDS = {
    name.partition("_")[0]: number & _PRIMARY_LANGUAGE
    for number, name in sorted(locale.windows_locale.items())
}
