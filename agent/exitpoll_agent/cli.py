"""The command line: `exitpoll-agent launch | uninstall | status`.

Whatever goes wrong while counting or sending is one line on stderr and exit code 0: the agent
must not break the product or the uninstaller that calls it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO, get_args

from exitpoll_agent import __version__, clock, config, wire
from exitpoll_agent.config import Config, ConfigError
from exitpoll_agent.launch import Launched, launch
from exitpoll_agent.statefile import StateError
from exitpoll_agent.status import Status, status
from exitpoll_agent.uninstall import Departed, Request, read_comment, uninstall

NO_STATUS = 1
"""What `status` exits with where the agent is not configured or its state cannot be read."""

TOP_SCORE = 10


@dataclass(frozen=True)
class Said:
    """What a command says of its outcome: sentences for a person, fields for a program."""

    sentences: str
    fields: dict[str, object]
    warnings: tuple[str, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage exits with 2, as argparse does."""
    options = _parser().parse_args(arguments)
    try:
        said = options.run(config.load(options.config, os.environ), options)
    except Exception as error:  # noqa: BLE001 - the agent must not break its host
        _say(_of_failure(error), as_json=options.json)
        return NO_STATUS if options.run is _status else 0
    _say(said, as_json=options.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exitpoll-agent",
        description="Counts launches and says when a product is uninstalled.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the settings; without it $EXITPOLL_CONFIG, then exitpoll.toml",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(commands, "launch", _launch, "count one launch, and send counts if that is due")
    leaving = _add(commands, "uninstall", _uninstall, "say that the product is being uninstalled")
    _add_uninstall_options(leaving)
    _add(commands, "status", _status, "say what is known and has yet to be sent")
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[Config, argparse.Namespace], Said],
    summary: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    command.add_argument("--json", action="store_true", help="answer with one JSON object")
    command.set_defaults(run=run)
    return command


def _add_uninstall_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unattended", action="store_true", help="there is nobody to ask")
    parser.add_argument(
        "--open-survey", action="store_true", help="ask on the survey page, in the browser"
    )
    parser.add_argument(
        "--context",
        choices=get_args(wire.Context),
        default="unknown",
        help="remove: certainly no upgrade or repair",
    )
    answers = parser.add_argument_group(
        "answers given on the installer's own page (any of these: it asked; no browser opens)"
    )
    answers.add_argument("--reason", type=_reason, metavar="ID", help="empty: none was chosen")
    answers.add_argument("--comment-file", type=Path, metavar="FILE", help="a text in UTF-8")
    answers.add_argument("--score", type=_score, metavar="N", help="0 to 10")


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


# -- the commands --------------------------------------------------------------------------


def _launch(settings: Config, _options: argparse.Namespace) -> Said:
    launched = launch(settings, clock.now())
    return Said(_of_launch(launched), asdict(launched))


def _uninstall(settings: Config, options: argparse.Namespace) -> Said:
    comment, warnings = _comment(options.comment_file)
    answers = wire.Answers(reason=options.reason or None, comment=comment, score=options.score)
    given = (options.reason, options.comment_file, options.score)
    request = Request(
        unattended=options.unattended,
        open_survey=options.open_survey,
        asked_by_installer=any(answer is not None for answer in given),
        answers=None if answers == wire.Answers() else answers,
        context=options.context,
    )
    departed = uninstall(settings, request, os.environ, clock.now())
    return Said(_of_uninstall(departed), {**asdict(departed), "warnings": warnings}, warnings)


def _status(settings: Config, _options: argparse.Namespace) -> Said:
    known = status(settings, clock.now())
    return Said(_of_status(known), {"configured": True, **asdict(known)})


def _comment(path: Path | None) -> tuple[str | None, tuple[str, ...]]:
    if path is None:
        return None, ()
    try:
        comment, was_cut = read_comment(path)
    except OSError as error:
        return None, (f"the comment was left out: {error}",)
    if was_cut:
        return comment, (f"the comment was cut to {wire.MAX_COMMENT_CHARS} characters",)
    return comment, ()


# -- what they say -------------------------------------------------------------------------


def _of_launch(launched: Launched) -> str:
    if not launched.counted:
        return "Nothing was counted: consent is none."
    counted = f"Launch {launched.launches_total} counted"
    if launched.upload == "confirmed":
        return f"{counted}; the server confirmed it."
    if launched.upload == "not_due":
        return f"{counted}; nothing is due to be sent."
    return f"{counted}; it will be sent later: {launched.detail}."


def _of_uninstall(departed: Departed) -> str:
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


def _of_status(known: Status) -> str:
    if known.installation_id is None:
        return f"{known.product} {known.version} is configured; nothing was counted yet."
    return (
        f"{known.product} {known.version}: {known.launches_total} launches counted,"
        f" {known.unconfirmed_rows} rows to be sent, consent {known.consent}."
        f" Last confirmed: {known.last_confirmed_at or 'never'}."
    )


def _of_failure(error: Exception) -> Said:
    sentence = _sentence(error)
    fields = {"configured": not isinstance(error, ConfigError), "error": sentence}
    return Said("", fields, warnings=(sentence,))


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    speaks_plainly = isinstance(error, ConfigError | StateError | OSError)
    return text if speaks_plainly else f"{type(error).__name__}: {text}"


def _say(said: Said, *, as_json: bool) -> None:
    for warning in said.warnings:
        _write(sys.stderr, f"exitpoll-agent: {warning}")
    if as_json:
        _write(sys.stdout, json.dumps(said.fields))
    elif said.sentences:
        _write(sys.stdout, said.sentences)


def _write(stream: TextIO | None, text: str) -> None:
    # A program without a console has no streams, and a console may lack a letter or be closed.
    if stream is None:
        return
    encoding = stream.encoding or "ascii"
    with contextlib.suppress(OSError, ValueError):
        stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()
