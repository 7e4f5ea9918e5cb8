"""`feedback`: opens the product's feedback page in the browser."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from exitpoll_agent import opinion
from exitpoll_agent.commands import Said, of_page
from exitpoll_agent.config import Config


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the person chose it in the product's menu."""


def run(settings: Config, _options: argparse.Namespace) -> Said:
    """Open the page, or say where it is."""
    invited = opinion.invite(settings, os.environ)
    return of_page(opinion.sentence(invited), asdict(invited), invited.not_opened)
