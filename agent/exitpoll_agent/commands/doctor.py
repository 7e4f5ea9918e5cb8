"""`doctor`: checks all that the agent needs, and says what to do."""

from __future__ import annotations

import argparse
import os

from exitpoll_agent import checkup, clock
from exitpoll_agent.commands import Said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the rehearsal."""
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="then play launch, uninstall and survey; nothing of it enters a report",
    )


def run(_settings: None, options: argparse.Namespace) -> Said:
    """Examine everything, and rehearse if that is wanted; it reads the settings itself."""
    checks, settings = checkup.examine(options.config, os.environ)
    if not options.rehearse:
        return checkup.said(checks)
    # Imported here: it takes long, and most visits are without.
    from exitpoll_agent import rehearsal  # noqa: PLC0415

    return rehearsal.said(checks, rehearsal.rehearse(settings, checks, clock.now()))
