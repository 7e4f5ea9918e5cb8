"""Runs commands of the agent and kills them, or fails them, at one instruction after the other.

    python -m tests.agent.murderer kill|fault STRIDE

A process of its own without threads, since every attempt is a fork: the child dies by SIGKILL at
the n-th line that it runs of the agent, or its n-th write, rename, removal or connection fails; n
grows by STRIDE until the command gets to its end. After each the state is read: a launch that said
so is counted, no launch counts twice, and the installation stays the same. Settings come from the
environment, as the agent's do. Prints one JSON object: attempts a command, and what was wrong.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import exitpoll_agent
from exitpoll_agent import (  # imported before the first fork: what is killed is the work
    clock,
    config,
    installation,
    leaving,
    order,
    program,
    state,
    upload,
)
from exitpoll_agent.cli import COMMANDS
from exitpoll_agent.commands import consent, launch, milestone, uninstall

LOADED = (upload, leaving, consent, launch, milestone, uninstall)
OURS = str(Path(exitpoll_agent.__file__).parent)
FAILING_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "socket.connect"})
"""Python's audit events of what may fail; `os.write` and `os.fsync`, which have none, fail too."""
SEED = 2026

HERE = config.load(None, os.environ)


@dataclass
class Findings:
    """What came of it."""

    attempts: dict[str, int] = field(default_factory=dict)
    launches: dict[str, int] = field(default_factory=dict)
    """Of each installation, as its state had them in the end."""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Deed:
    """A command, and the state that it finds."""

    name: str
    arguments: list[str]
    before: Callable[[], object]

    @property
    def counts(self) -> bool:
        return self.arguments[0] == "launch"


@dataclass(frozen=True)
class Found:
    """What the state says."""

    installation: str | None
    launches: int


def main(how: str, stride: int) -> int:
    """Try every deed at one instruction after the other, and print what was found."""
    findings = Findings()
    strike = {"kill": _die_at, "fault": _fail_at}[how]
    for deed in DEEDS:
        findings.attempts[deed.name] = 0
        _nothing_there()
        for n in range(1 + random.Random(SEED).randrange(stride), 1_000_000, stride):
            deed.before()
            findings.attempts[deed.name] += 1
            if not _was_struck(deed, strike, n, findings):
                break
        _with_a_ping_due()
        _undisturbed(["launch"])
        found = _found()
        findings.launches[str(found.installation)] = found.launches
    print(json.dumps(vars(findings)))  # noqa: T201 - this is a program
    return 0


# -- what is done --------------------------------------------------------------------------


def _nothing_there() -> None:
    shutil.rmtree(HERE.state_folder, ignore_errors=True)


def _sound() -> None:
    """Leave a state that the server knows, and no order."""
    _undisturbed(["launch"])
    _undisturbed(["launch"])
    Path(str(order.path(os.environ))).unlink(missing_ok=True)


def _with_an_order() -> None:
    while not Path(str(order.path(os.environ))).exists():
        _undisturbed(["launch"])


def _with_a_ping_due() -> None:
    _sound()
    with state.held(HERE, clock.now()) as held:
        held.counter = replace(held.counter.withdrawn(), backoff_until=None)


def _uninstalled() -> None:
    _sound()
    _undisturbed(["uninstall", "--unattended"])


DEEDS = (
    Deed("the first launch", ["launch", "--json"], _nothing_there),
    Deed("a launch with nothing due", ["launch", "--json"], _sound),
    Deed("a launch with a ping due", ["launch", "--json"], _with_a_ping_due),
    Deed("a launch by order", ["launch", "--json"], _with_an_order),
    Deed("a launch after an uninstall", ["launch", "--json"], _uninstalled),
    Deed("a milestone", ["milestone", "first-export", "--json"], _sound),
    Deed("a choice", ["consent", "full", "--json"], _sound),
    Deed("an uninstall", ["uninstall", "--unattended", "--json"], _sound),
)


# -- how it is struck ----------------------------------------------------------------------


def _die_at(n: int) -> None:
    """Have this process killed at the n-th line that it runs of the agent, in any thread."""
    left = n

    def line(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    threading.settrace(line)
    sys.settrace(line)


def _fail_at(n: int) -> None:
    """Have the n-th write, rename, removal or connection of this process fail."""
    left = n

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            _STRUCK.append(True)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def event(name: str, arguments: tuple[object, ...]) -> None:
        is_written = name != "open" or not isinstance(arguments[2], int) or arguments[2] & _WRITING
        if name in FAILING_EVENTS and is_written:
            count()

    def failing(do: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: object) -> Any:
            count()
            return do(*arguments)

        return instead

    os.write, os.fsync = failing(os.write), failing(os.fsync)
    sys.addaudithook(event)


_STRUCK: list[bool] = []
_WRITING = os.O_WRONLY | os.O_RDWR


def _was_struck(deed: Deed, strike: Callable[[int], None], n: int, findings: Findings) -> bool:
    before = _found()
    status, said = _in_a_child(deed.arguments, lambda: strike(n))
    after = _found()
    is_killed = os.WIFSIGNALED(status)
    is_said = deed.counts and bool(said) and json.loads(said).get("counted") is True
    added = after.launches - before.launches
    what = f"{deed.name}, {n}: {before} became {after}, said {said!r}, status {status}"
    is_hosts = COMMANDS[deed.arguments[0]].is_hosts
    if is_hosts and not is_killed and os.WEXITSTATUS(status) & 1:
        findings.wrong.append(f"no exit code of 0: {what}")
    if added not in ((0, 1) if deed.counts else (0,)) or (is_said and added != 1):
        findings.wrong.append(f"counts: {what}")
    if before.installation not in (None, after.installation):
        findings.wrong.append(f"another installation: {what}")
    return is_killed or bool(os.WEXITSTATUS(status) & STRUCK)


STRUCK = 2
"""A bit of the child's exit code: there was an n-th thing to fail."""


def _in_a_child(arguments: list[str], strike: Callable[[], None]) -> tuple[int, str]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(write, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.argv = ["exitpoll-agent", *arguments]
        strike()
        code = program.main()
        sys.settrace(None)
        os._exit((1 if code else 0) | (STRUCK if _STRUCK else 0))
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as said:
        text = said.read()
    return os.waitpid(child, 0)[1], text


def _undisturbed(arguments: list[str]) -> None:
    _in_a_child(arguments, lambda: None)


def _found() -> Found:
    here = installation.read(HERE)
    counter = state.read_counter(HERE.state_folder)
    return Found(
        installation=None if here is None else str(here.installation_id),
        launches=0 if counter is None else counter.launches_ever,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
