"""What an id means, and who can read what: a survey's texts against those of earlier versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from exitpoll_server.languages import LANGUAGES, missing
from exitpoll_server.questions import READY_MADE, Reason, Survey, Text

_ALL = ""
"""Stands for the language of a text that is one for everybody."""

_Known: TypeAlias = Mapping[str, set[str]]
"""Every wording that an id ever had, by language."""


def compare(earlier: Iterable[Survey], after: Survey) -> list[str]:
    """Return, a sentence each, which ids would mean something else than they ever did."""
    known: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for survey in earlier:
        for reason in survey.all_reasons():
            for tag, text in _wordings(reason.label).items():
                known[reason.id][tag].add(text)
    return [
        f'{reason.id} means "{before}" and would now say "{now}"'
        for reason in after.all_reasons()
        if reason.id in known
        for before, now in _reworded(known[reason.id], reason.label)
    ]


def _reworded(known: _Known, label: Text) -> list[tuple[str, str]]:
    """Return each wording that is news in a language that the id was known in, with an old one."""
    everything = set().union(*known.values())
    for_all = known.get(_ALL, set())
    now = _wordings(label)
    changed = []
    for tag, text in now.items():
        old = everything if tag == _ALL else known.get(tag)
        if old is not None and text not in old | for_all:
            changed.append((min(old), text))
    # In other languages only: nothing ties the id to what it meant.
    if not changed and everything.isdisjoint(now.values()):
        changed.append((min(everything), next(iter(now.values()))))
    return changed


def _wordings(text: Text) -> dict[str, str]:
    if isinstance(text, str):
        return {_ALL: text}
    return {tag.lower(): wording for tag, wording in text.items()}


# -- who can read it -----------------------------------------------------------------------


def gaps(survey: Survey) -> dict[tuple[str, ...], list[str]]:
    """Return, by the languages that they lack, where a vendor's own texts stand."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for where, text in _texts(survey):
        lacking = tuple(missing(text, LANGUAGES))
        if lacking:
            found[lacking].append(where)
    return dict(found)


def for_everybody(survey: Survey) -> list[str]:
    """Return where a vendor's own texts stand that everybody gets in one language."""
    return [where for where, text in _texts(survey) if isinstance(text, str) and text not in _OURS]


def beyond_ours(survey: Survey) -> list[str]:
    """Return the languages that our own texts are not there in: those stand beside in English."""
    tags = {tag: None for _, text in _texts(survey) if not isinstance(text, str) for tag in text}
    return [tag for tag in tags if missing({tag: ""}, LANGUAGES) == list(LANGUAGES)]


def _texts(survey: Survey) -> Iterator[tuple[str, Text]]:
    yield "question", survey.question
    for reason in survey.all_reasons():
        yield from ((f"{reason.id} ({what})", text) for what, text in _texts_of(reason))
    if survey.follow_up is not None:
        yield "follow_up", survey.follow_up


def _texts_of(reason: Reason) -> Iterator[tuple[str, Text]]:
    yield "label", reason.label
    if reason.follow_up is not None:
        yield "follow_up", reason.follow_up
    if reason.offer is not None:
        yield "offer", reason.offer.text
        if reason.offer.label is not None:
            yield "offer's label", reason.offer.label


_OURS = frozenset(text for one in READY_MADE for _, text in _texts(one.survey))
