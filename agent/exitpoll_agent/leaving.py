"""The uninstall event, and whether the person is asked on the survey page."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar
from uuid import uuid4

from exitpoll_agent import (
    browser,
    consents,
    delivery,
    installation,
    messages,
    moving,
    state,
    statefile,
    surroundings,
    upload,
    wire,
)
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter
from exitpoll_agent.state import Held

WHOLE_SECONDS = 3.0
"""What an uninstaller may lose to the agent, from the start of the program to its end."""
AFTERWARDS_SECONDS = 0.7
"""What of it is kept for writing down what came of the message, and for the browser."""
LOCK_SECONDS = 0.5
"""How long an uninstaller waits for another process of the agent; then the event goes without being
written down."""

SHORTENED = " […]"
"""Ends a comment that was longer than the wire carries."""

T = TypeVar("T")


@dataclass(frozen=True)
class Untold:
    """An event that was not confirmed."""

    event: wire.UninstallEvent
    to: wire.Address
    now: datetime

    def tell(self) -> upload.Outcome:
        """Send it once more, with time; nothing is written down."""
        path, patience = wire.UNINSTALLS_PATH, upload.FOR_SOMEBODY_WHO_WAITS
        return upload.post(self.to, path, self.event, patience, self.now)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the uninstaller said about this uninstall."""

    unattended: bool = False
    open_survey: bool = False
    asked_by_installer: bool = False
    """A page of the installer's own put the question, answered or not."""
    answers: wire.Answers | None = None
    context: wire.Context = "unknown"


@dataclass(frozen=True, kw_only=True)
class Departed:
    """What came of an uninstall."""

    uninstall_id: str | None = None
    """None: consent, policy or the surroundings forbid it, and nothing was written or sent."""
    asked: wire.Asked = "no"
    not_asked: wire.NotAsked | None = None
    upload: Literal["confirmed", "refused", "later", "not_sent"] = "not_sent"
    detail: str | None = None
    """Why the event was not confirmed."""
    survey_opened: bool = False
    not_counted: surroundings.NotCounted | None = None
    """Why nothing was written or sent of an installation that was not known before."""


def uninstall(
    config: Config,
    request: Request,
    environment: Mapping[str, str],
    now: datetime,
    *,
    spent_seconds: float = 0.0,
) -> Departed:
    """Write the event down, send it, then open the survey if the person is to be asked there.

    Args:
        config: the settings.
        request: what the uninstaller said.
        environment: `os.environ`: whether there is a screen, and the browser's.
        now: the present.
        spent_seconds: of `WHOLE_SECONDS`, before this: a program has taken its time to start.

    Raises:
        OSError, statefile.NewerError: what the person chose is there and cannot be read.
    """
    return depart(config, request, environment, now, spent_seconds)[0]


def depart(
    config: Config,
    request: Request,
    environment: Mapping[str, str],
    now: datetime,
    spent_seconds: float,
) -> tuple[Departed, Untold | None]:
    """Do as `uninstall` does, and return also the event where the network did not take it."""
    began = time.monotonic() - spent_seconds
    allowed = consents.decide(config).consent
    forbidden = _forbidden(config, allowed)
    if forbidden is not None:
        return forbidden, None
    asking = _Asking(config, request, environment)
    held = _left(config, asking, now)
    if held.counter.uninstalled is None:
        return Departed(not_asked="policy"), None
    leaving = held.counter.uninstalled.leaving
    event = messages.uninstall_event(config, held, allowed, leaving, now)
    to = moving.address(config, held.counter)
    left_seconds = WHOLE_SECONDS - AFTERWARDS_SECONDS - (time.monotonic() - began)
    patience = upload.for_an_uninstall(left_seconds)
    sent = delivery.deliver_event(config, held, event, to, now, patience)
    with contextlib.suppress(OSError, statefile.StateError):
        state.set_aside(config.state_folder, LOCK_SECONDS)
    page = to.page(wire.encode_event(event))
    # Not where an earlier step of this uninstaller has asked already.
    is_opened = asking.is_by_page(held.counter.policy) and browser.open_page(page, environment)
    departed = Departed(
        uninstall_id=str(leaving.uninstall_id),
        asked=leaving.asked,
        not_asked=leaving.not_asked,
        upload=sent.result,
        detail=sent.detail,
        survey_opened=is_opened,
    )
    return departed, Untold(event, to, now) if sent.result == "later" else None


def _forbidden(config: Config, allowed: wire.Consent) -> Departed | None:
    """Return the answer where nothing may be written or sent; None where it may."""
    if allowed == "none":
        return Departed(not_asked="consent")
    if config.not_counted is None or _is_known(config):
        return None
    not_asked: wire.NotAsked | None = "ci" if config.not_counted == "ci" else None
    return Departed(not_asked=not_asked, not_counted=config.not_counted)


# -- whether the person is asked -----------------------------------------------------------


@dataclass(frozen=True)
class _Asking:
    """What decides whether, and where, the person is asked."""

    config: Config
    request: Request
    environment: Mapping[str, str]

    def is_by_page(self, policy: wire.Policy) -> bool:
        """Whether the survey page is to be opened."""
        return not self.request.asked_by_installer and self._why_not(policy) is None

    def leaving(self, policy: wire.Policy, now: datetime) -> wire.Leaving:
        """Return how the installation ends, as a new event."""
        by_installer = self.request.asked_by_installer
        not_asked = None if by_installer else self._why_not(policy)
        asked: wire.Asked = "page" if not_asked is None else "no"
        return wire.Leaving(
            uninstall_id=uuid4(),
            at=now,
            context=self.request.context,
            asked="installer" if by_installer else asked,
            not_asked=not_asked,
            scope=self.config.scope,
            answers=self.request.answers,
        )

    def _why_not(self, policy: wire.Policy) -> wire.NotAsked | None:
        if self.config.not_counted == "ci":
            return "ci"
        return why_not_ask(self.request, policy, self.environment)


def why_not_ask(
    request: Request, policy: wire.Policy, environment: Mapping[str, str]
) -> wire.NotAsked | None:
    """Return what forbids to open the survey page; None where it may be opened."""
    if request.unattended:
        return "unattended"
    if not request.open_survey or not policy.survey:
        return "policy"
    return surroundings.why_no_page(environment)


# -- what is known of the installation -----------------------------------------------------


def _is_known(config: Config) -> bool:
    try:
        return installation.read(config) is not None
    except (OSError, statefile.StateError):
        return True


def _left(config: Config, asking: _Asking, now: datetime) -> Held:
    """Return the state with its uninstall event, which is on disk wherever that can be written.

    A full disk, or a home that is read-only, loses no event: it is made of what can be read.
    """
    try:
        with state.held(config, now, wait_seconds=LOCK_SECONDS) as held:
            held.counter = _leaving(held.counter, asking, now)
    except (OSError, statefile.StateError):
        held = _as_it_can_be_read(config, now)
        held.counter = _leaving(held.counter, asking, now)
    return held


def _leaving(counter: Counter, asking: _Asking, now: datetime) -> Counter:
    if not counter.policy.collection:
        return replace(counter, uninstalled=None)
    return counter.left(asking.leaving(counter.policy, now), now)


def _as_it_can_be_read(config: Config, now: datetime) -> Held:
    here = _readable(lambda: installation.read(config)) or installation.made(now)
    known = _readable(lambda: state.read_counter(config.state_folder))
    if known is None or known.installation_id != here.installation_id:
        known = state.begun_anew(here, now)
    return Held(known, here)


def _readable(read: Callable[[], T | None]) -> T | None:
    try:
        return read()
    except (OSError, statefile.StateError):
        return None


# -- the person's comment ------------------------------------------------------------------


def read_comment(path: Path) -> tuple[str | None, bool]:
    """Return the comment that an installer left in a file, and whether it was shortened.

    The file is UTF-8, with or without a byte order mark; None where it is empty.

    Raises:
        OSError: it cannot be read.
    """
    # Four bytes are the most that a character takes; what is beyond would be cut anyway.
    with path.open("rb") as file:
        data = file.read(4 * (wire.MAX_COMMENT_CHARS + 2))
    return shortened(data.decode("utf-8-sig", errors="replace").strip())


def shortened(comment: str) -> tuple[str | None, bool]:
    """Return a comment as long as the wire carries, visibly marked if it was cut."""
    if len(comment) <= wire.MAX_COMMENT_CHARS:
        return comment or None, False
    return comment[: wire.MAX_COMMENT_CHARS - len(SHORTENED)] + SHORTENED, True
