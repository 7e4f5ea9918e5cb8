"""`erase`: deletes everything of this installation, there and here."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from exitpoll_agent import clock, erasure, ordering
from exitpoll_agent.commands import FAILED, Said
from exitpoll_agent.config import Config


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: everything goes."""


def run(settings: Config, _options: argparse.Namespace) -> Said:
    """Erase, and say where that failed."""
    erased = erasure.erase(settings, clock.now())
    fields = asdict(erased)
    if erased.installation_id is None:
        return Said("There is nothing to erase.", fields)
    if erased.erased:
        ordering.withdraw(os.environ)
        return Said("Everything of this installation was erased, at the server and here.", fields)
    failed = f"nothing was erased, and the id is kept to try again: {erased.detail}"
    return Said("", fields, warnings=(failed,), exit_code=FAILED)
