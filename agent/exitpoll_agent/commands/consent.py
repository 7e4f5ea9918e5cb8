"""`consent`: says what may be sent and who decided, or keeps the person's choice."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import get_args

from exitpoll_agent import clock, consents, machine, texts, wire, withdrawal
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.withdrawal import Chosen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice, which may be left out to ask."""
    parser.add_argument(
        "choice",
        nargs="?",
        choices=get_args(wire.Consent),
        help="none: nothing; exit: only how it ended, without history; full: launches by day too",
    )


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Say what holds, after a choice was kept if one was made."""
    if options.choice is None:
        chosen = Chosen(decision=consents.decide(settings))
    else:
        chosen = withdrawal.choose(settings, options.choice, clock.now())
    why = texts.text(settings.texts, "consent", machine.locale())
    told = {"withdrawal": chosen.withdrawal, "detail": chosen.detail, "text": why}
    said = _sentences(chosen) if why is None else f"{_sentences(chosen)}\n{why}"
    return Said(said, {**asdict(chosen.decision), **told})


def _sentences(chosen: Chosen) -> str:
    words = ", ".join(
        f"{word.who} {word.consent} ({word.because})" for word in chosen.decision.words
    )
    held = f"Consent is {chosen.decision.consent}. The strictest of what was said: {words}."
    if chosen.withdrawal == "not_sent":
        return held
    if chosen.withdrawal == "confirmed":
        return f"{held} The server was told, and nothing else."
    return f"{held} The server could not be told: {chosen.detail}."
