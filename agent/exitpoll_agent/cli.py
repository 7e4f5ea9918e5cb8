"""The command line: what a product, its uninstaller and a person may ask of the agent.

Whatever goes wrong in a command of the product is one line on stderr and exit code 0: the agent
must not break the product or the uninstaller that calls it. A person's own command that failed
exits with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO, TypeAlias, get_args

from exitpoll_agent import __version__, clock, config, consents, sentences, wire
from exitpoll_agent.config import Config
from exitpoll_agent.erasure import erase
from exitpoll_agent.launching import launch
from exitpoll_agent.leaving import Request, read_comment, uninstall
from exitpoll_agent.milestones import reach
from exitpoll_agent.sentences import Said
from exitpoll_agent.standing import payload, status
from exitpoll_agent.withdrawal import Chosen, choose

TOP_SCORE = 10

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no other name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage exits with 2, as argparse does."""
    options = _parser().parse_args(arguments)
    try:
        said: Said = options.run(_settings(options), options)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - must not break its host
        said = sentences.of_failure(error, exit_code=0 if options.is_hosts else sentences.FAILED)
    _say(said, as_json=options.json)
    return said.exit_code


def _settings(options: argparse.Namespace) -> Config | None:
    """Load the settings; the doctor does so itself, to say what is wrong with them."""
    if options.run is _doctor:
        return None
    return config.load(options.config, os.environ)


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
    _add_hosts_commands(commands)
    _add_persons_commands(commands)
    return parser


def _add_hosts_commands(commands: Commands) -> None:
    launching = "count one launch, and send counts if that is due"
    _add(commands, "launch", _launch, launching, is_hosts=True)
    reaching = "note that the person succeeded at something; the next ping tells it"
    reached = _add(commands, "milestone", _milestone, reaching, is_hosts=True)
    reached.add_argument("name", type=_milestone_name, metavar="NAME", help="such as first-export")
    departing = "say that the product is being uninstalled"
    leaving = _add(commands, "uninstall", _uninstall, departing, is_hosts=True)
    _add_uninstall_options(leaving)


def _add_persons_commands(commands: Commands) -> None:
    choosing = _add(commands, "consent", _consent, "say what may be sent and why, or choose it")
    choosing.add_argument(
        "choice",
        nargs="?",
        choices=get_args(wire.Consent),
        help="none: nothing; exit: only how it ended, without history; full: launches by day too",
    )
    _add(commands, "feedback", _feedback, "open the product's feedback page in the browser")
    prompting = _add(commands, "prompt", _prompt, "say whether there is a question to be asked")
    prompting.add_argument(
        "--open", action="store_true", help="open its page in the browser; then it is gone"
    )
    examining = _add(
        commands, "doctor", _doctor, "check all that the agent needs, and say what to do"
    )
    examining.add_argument(
        "--rehearse",
        action="store_true",
        help="then play launch, uninstall and survey; nothing of it enters a report",
    )
    _add(commands, "erase", _erase, "delete everything of this installation, there and here")
    asking = _add(commands, "status", _status, "say what is known and has yet to be sent")
    asking.add_argument(
        "--payload", action="store_true", help="print the next ping, byte for byte as it would go"
    )


def _add(
    commands: Commands,
    name: str,
    run: Callable[[Config, argparse.Namespace], Said] | Callable[[None, argparse.Namespace], Said],
    summary: str,
    *,
    is_hosts: bool = False,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    command.add_argument("--json", action="store_true", help="answer with one JSON object")
    command.set_defaults(run=run, is_hosts=is_hosts)
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


def _milestone_name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= wire.MAX_NAME_CHARS or not name.isprintable():
        raise argparse.ArgumentTypeError(
            f"the name of a milestone has 1 to {wire.MAX_NAME_CHARS} printable characters"
        )
    return name


def _score(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= TOP_SCORE:
        raise argparse.ArgumentTypeError(f"a score is a whole number from 0 to {TOP_SCORE}")
    return int(text)


# -- the commands --------------------------------------------------------------------------


def _launch(settings: Config, _options: argparse.Namespace) -> Said:
    launched = launch(settings, clock.now())
    return Said(sentences.of_launch(launched), asdict(launched))


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
    return Said(
        sentences.of_uninstall(departed), {**asdict(departed), "warnings": warnings}, warnings
    )


def _milestone(settings: Config, options: argparse.Namespace) -> Said:
    reached = reach(settings, options.name, clock.now())
    return Said(sentences.of_milestone(reached), asdict(reached))


def _consent(settings: Config, options: argparse.Namespace) -> Said:
    if options.choice is None:
        chosen = Chosen(decision=consents.decide(settings))
    else:
        chosen = choose(settings, options.choice, clock.now())
    told = {"withdrawal": chosen.withdrawal, "detail": chosen.detail}
    return Said(sentences.of_consent(chosen), {**asdict(chosen.decision), **told})


def _erase(settings: Config, _options: argparse.Namespace) -> Said:
    return sentences.of_erasure(erase(settings, clock.now()))


def _status(settings: Config, options: argparse.Namespace) -> Said:
    if options.payload:
        return sentences.of_payload(payload(settings, clock.now()))
    known = status(settings, clock.now())
    return Said(sentences.of_status(known), {"configured": True, **asdict(known)})


def _prompt(settings: Config, options: argparse.Namespace) -> Said:
    from exitpoll_agent import prompting  # noqa: PLC0415 - as every command's own module

    if not options.open:
        question = prompting.look(settings)
        return Said(prompting.sentence(question), asdict(question))
    question = prompting.ask(settings, os.environ, clock.now())
    return _opened(prompting.sentence(question), asdict(question), question.not_opened)


def _feedback(settings: Config, _options: argparse.Namespace) -> Said:
    from exitpoll_agent import opinion  # noqa: PLC0415 - as every command's own module

    invited = opinion.invite(settings, os.environ)
    return _opened(opinion.sentence(invited), asdict(invited), invited.not_opened)


def _opened(sentence: str, fields: dict[str, object], why_not: str | None) -> Said:
    if why_not is None:
        return Said(sentence, fields)
    warning = f"no page was opened ({why_not})"
    return Said(sentence, fields, warnings=(warning,), exit_code=sentences.FAILED)


def _doctor(_settings: None, options: argparse.Namespace) -> Said:
    from exitpoll_agent import checkup  # noqa: PLC0415 - as every command's own module

    checks, settings = checkup.examine(options.config, os.environ)
    if not options.rehearse:
        return checkup.said(checks)
    from exitpoll_agent import rehearsal  # noqa: PLC0415 - as above

    return rehearsal.said(checks, rehearsal.rehearse(settings, checks, clock.now()))


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


# -- how it is said ------------------------------------------------------------------------


def _say(said: Said, *, as_json: bool) -> None:
    for warning in said.warnings:
        _write(sys.stderr, f"exitpoll-agent: {warning}")
    if said.raw is not None:
        _write_bytes(said.raw)
        return
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


def _write_bytes(body: bytes) -> None:
    # Around the console's encoding and line ends: what is piped on is exactly what would be sent.
    stream = sys.stdout
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
        stream.buffer.write(body + (b"\n" if stream.isatty() else b""))
        stream.buffer.flush()
