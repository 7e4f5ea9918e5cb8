"""`launch`: counts one launch, and sends counts if that is due."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, replace

from exitpoll_agent import clock, launching, order, ordering
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.launching import Launched


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the product's settings say it all."""


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Count, send if that is due, and leave the next launches an order where they need no more."""
    launched = launching.launch(settings, clock.now())
    # Settings that a command line names are not what the next launch without it will read.
    if launched.counted and options.config is None:
        quiet = replace(launched, upload="not_due", detail=None)
        said = (_sentence(quiet, order.PLACE), _json(quiet))
        ordering.give(settings, os.environ, launched.consent, said, clock.now())
    return Said(_sentence(launched, launched.launches_total), asdict(launched))


def _sentence(launched: Launched, total: object) -> str:
    if not launched.counted:
        return "Nothing was counted: consent is none."
    counted = f"Launch {total} counted"
    if launched.upload == "confirmed":
        return f"{counted}; the server confirmed it."
    if launched.upload == "not_due":
        return f"{counted}; nothing is due to be sent."
    return f"{counted}; it will be sent later: {launched.detail}."


def _json(launched: Launched) -> str:
    text = json.dumps({**asdict(launched), "launches_total": order.PLACE})
    return text.replace(f'"{order.PLACE}"', order.PLACE)
