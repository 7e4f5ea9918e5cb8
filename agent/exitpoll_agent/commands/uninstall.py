"""`uninstall`: says that the product is being uninstalled."""

from __future__ import annotations

import argparse
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from exitpoll_agent import clock, finishing, leaving, surroundings, wire
from exitpoll_agent.commands import Said
from exitpoll_agent.config import Config
from exitpoll_agent.finishing import Finished
from exitpoll_agent.leaving import Departed, Request
from exitpoll_agent.program import spent_seconds

TOP_SCORE = 10

LINGERS_SECONDS = 25.0
"""After which a program that nobody waits for ends itself, before its folder is deleted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what an uninstaller may say."""
    parser.add_argument("--unattended", action="store_true", help="there is nobody to ask")
    parser.add_argument(
        "--finish",
        action="store_true",
        help="the last step, after which the state is deleted; before it a launch takes all back",
    )
    parser.add_argument(
        "--open-survey", action="store_true", help="ask on the survey page, in the browser"
    )
    parser.add_argument(
        "--context",
        choices=get_args(wire.Context),
        default="unknown",
        help="remove: certainly no upgrade or repair",
    )
    parser.add_argument(
        "--linger",
        type=Path,
        metavar="FOLDER",
        help="with --finish: this program was moved out of FOLDER, the uninstaller goes on after "
        "three seconds, and deletes where it is now after 30: what was not sent is sent once more",
    )
    answers = parser.add_argument_group(
        "answers given on the installer's own page (any of these: it asked; no browser opens)"
    )
    answers.add_argument("--reason", type=_reason, metavar="ID", help="empty: none was chosen")
    answers.add_argument("--comment-file", type=_comment, metavar="FILE", help="a text in UTF-8")
    answers.add_argument("--score", type=_score, metavar="N", help="0 to 10")


def run(settings: Config, options: argparse.Namespace) -> Said:
    """Write the event down, send it, and open the survey where the person is to be asked there."""
    comment, warnings = options.comment_file or (None, ())
    answers = wire.Answers(reason=options.reason or None, comment=comment, score=options.score)
    given = (options.reason, options.comment_file, options.score)
    request = Request(
        unattended=options.unattended,
        open_survey=options.open_survey,
        asked_by_installer=any(answer is not None for answer in given),
        answers=None if answers == wire.Answers() else answers,
        context=options.context,
    )
    if options.linger is not None:
        end = threading.Timer(LINGERS_SECONDS, os._exit, (1,))
        end.daemon = True
        end.start()
        if options.linger.exists():
            return Said("The product is installed again: nothing was told.", {"warnings": warnings})
    if options.finish:
        finished = finishing.finish(
            settings, request, os.environ, clock.now(),
            spent_seconds=spent_seconds(), lingers=options.linger is not None,
        )  # fmt: skip
        return Said(_of_finished(finished), {**asdict(finished), "warnings": warnings}, warnings)
    departed = leaving.uninstall(
        settings, request, os.environ, clock.now(), spent_seconds=spent_seconds()
    )
    return Said(_sentences(departed), {**asdict(departed), "warnings": warnings}, warnings)


def _reason(text: str) -> str:
    if len(text) > wire.MAX_NAME_CHARS or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"a reason is the id of an answer, of at most {wire.MAX_NAME_CHARS} characters"
        )
    return text


def _score(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= TOP_SCORE:
        raise argparse.ArgumentTypeError(f"a score is a whole number from 0 to {TOP_SCORE}")
    return int(text)


def _comment(path: str) -> tuple[str | None, tuple[str, ...]]:
    # Read with the options, so by whoever wrote it: an installer that is root keeps it from others.
    try:
        comment, was_cut = leaving.read_comment(Path(path))
    except OSError as error:
        return None, (f"the comment was left out: {error}",)
    if was_cut:
        return comment, (f"the comment was cut to {wire.MAX_COMMENT_CHARS} characters",)
    return comment, ()


def _sentences(departed: Departed) -> str:
    if departed.uninstall_id is None and departed.not_counted is not None:
        return f"Nothing was sent: {surroundings.WHY_NOT[departed.not_counted]}."
    if departed.uninstall_id is None:
        return f"Nothing was sent: {departed.not_asked} forbids it."
    told = (
        "The uninstall was confirmed by the server."
        if departed.upload == "confirmed"
        else f"The uninstall was not confirmed: {departed.detail}."
    )
    if departed.asked == "page":
        opened = "was opened" if departed.survey_opened else "could not be opened"
        return f"{told} The survey page {opened}."
    asked = "Asked by the installer" if departed.asked == "installer" else "Nobody was asked"
    why = "" if departed.not_asked is None else f" ({departed.not_asked})"
    return f"{told} {asked}{why}."


def _of_finished(finished: Finished) -> str:
    if not finished.deleted:
        return "There is nothing to finish."
    again = f"{_sentences(finished.told_again)} " if finished.told_again else ""
    return f"{again}The state was deleted."
