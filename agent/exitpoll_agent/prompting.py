"""A question that the server would put to the person: kept until its page is opened, then gone.

The agent shows nothing by itself: the product asks whether there is a question, and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from exitpoll_agent import browser, consents, leaving, state, wire
from exitpoll_agent.config import Config


@dataclass(frozen=True, kw_only=True)
class Question:
    """What there is to ask, and whether its page was opened."""

    survey: str | None = None
    address: str | None = None
    nothing: Literal["consent", "policy", "no_question"] | None = None
    """Why there is nothing to ask; None where there is."""
    opened: bool = False
    not_opened: wire.NotAsked | Literal["no_browser"] | None = None
    """Why the page was not opened although that was wanted; the question is kept."""


def look(config: Config) -> Question:
    """Say whether there is a question.

    Raises:
        statefile.StateError, OSError: the state cannot be read.
    """
    if consents.decide(config).consent != "full":
        return Question(nothing="consent")
    counts = state.read_counter(config.state_folder)
    if counts is not None and not counts.policy.survey:
        return Question(nothing="policy")
    known = None if counts is None else counts.prompt
    # The address may have been configured anew since the question arrived.
    if known is None or known.is_opened or not config.address.serves(known.address):
        return Question(nothing="no_question")
    return Question(survey=known.survey, address=known.address)


def ask(config: Config, environment: Mapping[str, str], now: datetime) -> Question:
    """Open the question's page, if there is one; then it is gone.

    Raises:
        statefile.StateError, OSError: the state cannot be read or written.
    """
    question = look(config)
    if question.address is None:
        return question
    request = leaving.Request(open_survey=True)
    why_not = leaving.why_not_ask(request, wire.Policy(), environment)
    if why_not is not None:
        return replace(question, not_opened=why_not)
    # Noted first: whatever happens to the browser or to us, nobody is asked the same twice.
    if not _note(config, question, now, is_opened=True):
        return Question(nothing="no_question")
    if browser.open_page(question.address, environment):
        return replace(question, opened=True)
    _note(config, question, now, is_opened=False)
    return replace(question, not_opened="no_browser")


def _note(config: Config, question: Question, now: datetime, *, is_opened: bool) -> bool:
    """Note whether the page was opened; return whether that is news."""
    counts = state.read_counter(config.state_folder)
    if counts is None:
        return False
    with state.held(config, now) as held:
        known = held.counter.prompt
        if known is None or known.address != question.address or known.is_opened == is_opened:
            return False
        held.counter = replace(held.counter, prompt=replace(known, is_opened=is_opened))
        return True


def sentence(question: Question) -> str:
    """Say what there is to ask, or why there is nothing."""
    if question.nothing == "consent":
        return "There is nothing to ask: consent is not full."
    if question.nothing == "policy":
        return "There is nothing to ask: the server switched surveys off."
    if question.address is None:
        return "There is nothing to ask."
    if question.opened:
        return f"The page of {question.survey} was opened: {question.address}"
    return f"There is a question ({question.survey}): {question.address}"
