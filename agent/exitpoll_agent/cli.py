"""The command line: what a product, its uninstaller and a person may ask of the agent.

Whatever goes wrong in a command of the product is one line on stderr and exit code 0: the agent
must not break the product or the uninstaller that calls it. A person's own command that failed
exits with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from exitpoll_agent import __version__, config
from exitpoll_agent.commands import FAILED, Said
from exitpoll_agent.config import Config
from exitpoll_agent.statefile import StateError


@dataclass(frozen=True)
class Command:
    """What is known of a command before its module is imported."""

    summary: str
    is_hosts: bool = False
    """Called by the product or its uninstaller, which it must not break: exits with 0."""


COMMANDS = {
    "install": Command("say that the product was installed, once, by its installer", is_hosts=True),
    "launch": Command("count one launch, and send counts if that is due", is_hosts=True),
    "milestone": Command(
        "note that the person succeeded at something; the next ping tells it", is_hosts=True
    ),
    "uninstall": Command("say that the product is being uninstalled", is_hosts=True),
    "consent": Command("say what may be sent and why, or choose it"),
    "prompt": Command("say whether there is a question to be asked, or ask it"),
    "feedback": Command("open the product's feedback page in the browser"),
    "doctor": Command("check all that the agent needs, and say what to do"),
    "erase": Command("delete everything of this installation, there and here"),
    "status": Command("say what is known and has yet to be sent"),
}
"""Each is a module of `exitpoll_agent.commands`, imported only where it is called for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage exits with 2, as argparse does."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        said: Said = options.run(_settings(options), options)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - must not break its host
        said = _of_failure(error, exit_code=0 if options.is_hosts else FAILED)
    _say(said, as_json=options.json)
    return said.exit_code


def _settings(options: argparse.Namespace) -> Config | None:
    """Load the settings; where root runs this for a person, it is that person's from here on.

    But for what is everybody's on the machine, which root writes and removes.
    """
    if options.command == "doctor":  # it says itself what is wrong with them
        return None
    if sys.platform == "win32" or os.geteuid() != 0:
        return config.load(options.config, os.environ)
    # Imported here: only root needs it.
    from exitpoll_agent import persons  # noqa: PLC0415

    find = persons.at_the_screen if options.command == "uninstall" else persons.behind
    person = find(os.environ)
    as_root = config.load(options.config, os.environ)
    is_for_everybody = as_root.scope == "machine"
    if person is None or (is_for_everybody and options.command == "install"):
        return as_root
    persons.take_environment(person, os.environ)
    # Before root becomes the person, who may not be allowed to read root's current folder.
    settings = config.load(options.config, os.environ)
    if is_for_everybody and options.command == "uninstall" and options.finish:
        persons.become_in_a_child(person, then=lambda: _finish_for_everybody(settings, options))
    else:
        persons.become(person)
    return settings


def _finish_for_everybody(settings: Config, options: argparse.Namespace) -> None:
    from exitpoll_agent import clock, finishing  # noqa: PLC0415 - as in `_settings`

    finishing.finish_for_everybody(settings, options.context, clock.now())


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
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
    for name in _called_for(given):
        _add(commands, name, COMMANDS[name])
    return parser


def _called_for(given: Sequence[str]) -> list[str]:
    """Return the commands whose modules are needed: as few as can be, since a product waits."""
    named = [name for name in COMMANDS if name in given]
    return list(COMMANDS) if not named or {"-h", "--help"} & set(given) else named


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
) -> None:
    module = importlib.import_module(f"exitpoll_agent.commands.{name}")
    parser = commands.add_parser(
        name, help=command.summary, description=f"{command.summary.capitalize()}."
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, is_hosts=command.is_hosts, command=name)


# -- how it is said ------------------------------------------------------------------------


def _of_failure(error: BaseException, exit_code: int) -> Said:
    """Say in one line why a command did not work."""
    sentence = _sentence(error)
    fields = {"configured": not isinstance(error, config.ConfigError), "error": sentence}
    return Said("", fields, warnings=(sentence,), exit_code=exit_code)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).split())
    speaks_plainly = isinstance(error, config.ConfigError | StateError | OSError)
    return text if speaks_plainly else f"{type(error).__name__}: {text}"


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
