"""`launch`: counts one launch, and sends counts if that is due."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from exitpoll_agent import clock, launching, ordering
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the product's settings say it all."""


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Count, send if that is due, and leave the next launches an order where they need no more."""
    launched = launching.launch(settings, clock.now())
    # Settings that a command line names are not what the next launch without it will read.
    if options.config is None:
        ordering.give(settings, os.environ, launched, clock.now())
    return Said(launched.sentence(), asdict(launched))
