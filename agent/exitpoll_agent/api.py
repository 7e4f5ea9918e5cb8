"""The commands as functions, for products written in Python.

    import exitpoll_agent

    exitpoll_agent.launch(address="https://KEY@feedback.example.com", version="2.1.0")

Settings come from `exitpoll.toml` in the current folder or named by `config`, then from the
arguments, then from `EXITPOLL_*`. Nothing raises into the product: what went wrong is a `Failed`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

from exitpoll_agent import (
    clock,
    config,
    consents,
    erasure,
    finishing,
    installing,
    launching,
    leaving,
    milestones,
    opinion,
    order,
    ordering,
    prompting,
    standing,
    surroundings,
    wire,
    withdrawal,
)
from exitpoll_agent.config import Config
from exitpoll_agent.consents import Decision
from exitpoll_agent.erasure import Erased
from exitpoll_agent.finishing import Finished
from exitpoll_agent.installing import Installed
from exitpoll_agent.launching import Counted, Launched
from exitpoll_agent.leaving import Departed, Request
from exitpoll_agent.milestones import Reached
from exitpoll_agent.opinion import Invited
from exitpoll_agent.prompting import Question
from exitpoll_agent.standing import Status
from exitpoll_agent.withdrawal import Chosen

if TYPE_CHECKING:
    from typing_extensions import Unpack  # annotations alone need it, and nothing evaluates them

    from exitpoll_agent.checks import Check

AT_EXIT_SECONDS = 1.0
"""How long a product that ends at once is held for its upload, which is due about once a day; what
takes longer is sent by the next launch."""

HOST_WAITS_SECONDS = 1.0
"""How long a product is held by other processes that count; beyond it a launch is given up."""

T = TypeVar("T")


class Settings(TypedDict, total=False):
    """What may be given in place of `exitpoll.toml`; see docs/integrating.md."""

    config: str | Path
    """Another file than `exitpoll.toml` in the current folder."""
    address: str
    product: str
    version: str
    channel: str
    edition: str
    source: str
    scope: wire.Scope
    consent: wire.Consent
    origin: wire.Origin
    installed_at: datetime
    installed_version: str
    customer: str
    attributes: Mapping[str, wire.Attribute]
    containers: surroundings.Containers
    texts: Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True)
class Failed:
    """Nothing was done, and why, in one sentence; false where it is asked for its truth."""

    detail: str

    def __bool__(self) -> Literal[False]:
        return False


def install(*, was_in_use: bool = False, **settings: Unpack[Settings]) -> Installed | Failed:
    """Say once that the product was installed; see `installing.install`."""
    return _safely(settings, lambda here, now: installing.install(here, now, was_in_use=was_in_use))


def launch(**settings: Unpack[Settings]) -> Launched | Failed:
    """Count one launch, durably, and send in the background what is due.

    Takes a few milliseconds. What comes of an upload shows in `status`.
    """
    circumstances = _circumstances(settings)
    said = order.follow(circumstances, HOST_WAITS_SECONDS)
    if said is not None:
        return Launched(**json.loads(said[1]))

    def count(here: Config, now: datetime) -> Launched:
        counted = launching.count(here, now, HOST_WAITS_SECONDS)
        if counted.due is not None:
            _send_in_background(here, counted, now)
        ordering.give(here, circumstances, counted.launched, now)
        return counted.launched

    return _safely(settings, count)


def milestone(name: str, **settings: Unpack[Settings]) -> Reached | Failed:
    """Note that the person succeeded at something; the next ping tells it."""
    return _safely(settings, lambda here, now: milestones.reach(here, name, now))


def consent(**settings: Unpack[Settings]) -> Decision | Failed:
    """Say what may be sent, and who decided."""
    return _safely(settings, lambda here, _now: consents.decide(here))


def choose(consent: wire.Consent, /, **settings: Unpack[Settings]) -> Chosen | Failed:
    """Keep the person's choice; withdrawing waits for the one last message."""
    return _safely(settings, lambda here, now: withdrawal.choose(here, consent, now))


def uninstall(request: Request | None = None, **settings: Unpack[Settings]) -> Departed | Failed:
    """Say that the product is being uninstalled; see `leaving.Request`."""
    return _safely(
        settings,
        lambda here, now: leaving.uninstall(here, request or Request(), os.environ, now),
    )


def finish(request: Request | None = None, **settings: Unpack[Settings]) -> Finished | Failed:
    """Take the last step of an uninstall, after which the state is deleted."""
    return _safely(
        settings,
        lambda here, now: finishing.finish(
            here, request or Request(), _circumstances(settings), now
        ),
    )


def prompt(*, open_page: bool = False, **settings: Unpack[Settings]) -> Question | Failed:
    """Say whether there is a question to be asked, or open its page; see `prompting`."""

    def look(here: Config, now: datetime) -> Question:
        return prompting.ask(here, os.environ, now) if open_page else prompting.look(here)

    return _safely(settings, look)


def feedback(**settings: Unpack[Settings]) -> Invited | Failed:
    """Open the product's feedback page in the browser."""
    return _safely(settings, lambda here, _now: opinion.invite(here, os.environ))


def doctor(*, config: str | Path | None = None) -> tuple[Check, ...] | Failed:
    """Check all that the agent needs; takes up to half a minute, where a network fails."""
    try:
        # Imported here: what needs a network takes long to load.
        from exitpoll_agent import checkup  # noqa: PLC0415

        return checkup.examine(Path(config) if config else None, os.environ)[0]
    except Exception as error:  # noqa: BLE001 - as `_safely`
        return _failed(error)


def erase(**settings: Unpack[Settings]) -> Erased | Failed:
    """Delete everything of this installation, there and here."""

    def erase_it(here: Config, now: datetime) -> Erased:
        erased = erasure.erase(here, now)
        if erased.erased:
            ordering.withdraw(_circumstances(settings))
        return erased

    return _safely(settings, erase_it)


def status(**settings: Unpack[Settings]) -> Status | Failed:
    """Say what is known and has yet to be sent."""
    return _safely(settings, standing.status)


def _safely(settings: Settings, do: Callable[[Config, datetime], T]) -> T | Failed:
    try:
        given = {name: value for name, value in settings.items() if name != "config"}
        named = settings.get("config")
        here = config.load(Path(named) if named else None, os.environ, given)
        return do(here, clock.now())
    except Exception as error:  # noqa: BLE001 - a guest in the host's process lets nothing escape
        return _failed(error)


def _failed(error: Exception) -> Failed:
    return Failed(" ".join(str(error).split()) or type(error).__name__)


def _circumstances(settings: Settings) -> dict[str, str]:
    """Return the environment, with the arguments as an order has them: it holds for no others."""
    given = {f"{order.PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    return {**given, **os.environ}


def _send_in_background(here: Config, counted: Counted, now: datetime) -> None:
    def send() -> None:
        with contextlib.suppress(Exception):  # the next launch tries again
            launching.send(here, counted, now)

    thread = threading.Thread(target=send, name="exitpoll-launch", daemon=True)
    thread.start()
    atexit.register(thread.join, AT_EXIT_SECONDS)
