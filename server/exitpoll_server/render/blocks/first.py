"""The first two figures as pictures; text and page say their numbers in ways of their own."""

from __future__ import annotations

from functools import partial

from exitpoll_server.render import pictures, words
from exitpoll_server.render.blocks.block import Drawn, share_of
from exitpoll_server.report import Report
from exitpoll_server.speech import _


def funnel(report: Report) -> Drawn:
    """Draw how many left, and how many spoke."""
    everyone, *later = report.uninstalls.steps
    total = everyone.of_uninstalls.numerator or 0
    picture = pictures.funnel.Funnel(
        title=_("How many left, and how many spoke"),
        steps=(
            pictures.funnel.Step(_(words.STEPS[everyone.name]), pictures.Share(total, total)),
            *(
                pictures.funnel.Step(_(words.STEPS[step.name]), share_of(step.of_uninstalls))
                for step in later
            ),
        ),
    )
    return Drawn(partial(pictures.funnel.draw, picture), pictures.funnel.rows(picture))


def iceberg(report: Report) -> Drawn:
    """Draw those who spoke as the tip of all who were seen."""
    found = report.iceberg
    early = found.known_on is not None
    picture = pictures.iceberg.Iceberg(
        title=_("The iceberg"),
        answered=found.answered.numerator or 0,
        left_quietly=found.left_quietly.numerator or 0,
        stopped=None if early else found.stopped.numerator or 0,
        active=(found.still_installed if early else found.active).numerator or 0,
    )
    return Drawn(partial(pictures.iceberg.draw, picture), pictures.iceberg.rows(picture))
