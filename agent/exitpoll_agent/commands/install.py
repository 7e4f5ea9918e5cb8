"""`install`: what an installer says once, so that it is known since when the product is there."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from exitpoll_agent import clock, installing, surroundings
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.installing import Installed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only an installer knows."""
    parser.add_argument(
        "--was-in-use",
        action="store_true",
        help="the product was there before the agent came with this update of it",
    )


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Write id and date down, unless they are there."""
    installed = installing.install(settings, clock.now(), was_in_use=options.was_in_use)
    return Said(_sentence(installed), asdict(installed))


def _sentence(installed: Installed) -> str:
    if installed.installation_id is None:
        why = surroundings.why_not(installed.consent, installed.not_counted)
        return f"Nothing was written: {why}."
    whose = "everybody on this machine" if installed.shared else "this person"
    if not installed.is_new:
        return f"The installation of {whose} is known already."
    return f"The installation was written down for {whose}."
