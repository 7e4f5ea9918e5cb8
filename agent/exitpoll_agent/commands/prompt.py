"""`prompt`: says whether there is a question to be asked, and opens its page if it is to."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from exitpoll_agent import clock, prompting
from exitpoll_agent.commands import Said, of_page
from exitpoll_agent.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the wish to have the page opened."""
    parser.add_argument(
        "--open", action="store_true", help="open its page in the browser; then it is gone"
    )


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Look for a question, or ask it."""
    if not options.open:
        question = prompting.look(settings)
        return Said(prompting.sentence(question), asdict(question))
    question = prompting.ask(settings, os.environ, clock.now())
    return of_page(prompting.sentence(question), asdict(question), question.not_opened)
