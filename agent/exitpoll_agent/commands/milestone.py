"""`milestone`: notes that the person succeeded at something; the next ping tells it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from exitpoll_agent import clock, milestones, surroundings, wire
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.milestones import Reached


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the milestone's name."""
    parser.add_argument("name", type=_name, metavar="NAME", help="such as first-export")


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Note the milestone."""
    reached = milestones.reach(settings, options.name, clock.now())
    return Said(_sentence(reached), asdict(reached))


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= wire.MAX_NAME_CHARS or not name.isprintable():
        raise argparse.ArgumentTypeError(
            f"the name of a milestone has 1 to {wire.MAX_NAME_CHARS} printable characters"
        )
    return name


def _sentence(reached: Reached) -> str:
    if reached.consent != "full" or reached.not_counted is not None:
        why = surroundings.why_not(reached.consent, reached.not_counted)
        return f"Nothing was noted: {why}."
    if reached.day is None:
        return f"Nothing was noted: there are {wire.MAX_MILESTONES} milestones already."
    if not reached.is_new:
        return f"Milestone {reached.milestone} was reached on {reached.day} already."
    return f"Milestone {reached.milestone} noted; the next ping tells it."
