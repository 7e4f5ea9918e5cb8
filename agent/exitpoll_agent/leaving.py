"""The uninstall event, and whether the person is asked on the survey page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar
from uuid import uuid4

from exitpoll_agent import (
    browser,
    consents,
    counter,
    delivery,
    installation,
    messages,
    statefile,
    surroundings,
    wire,
)
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Counter, Uninstalled

SHORTENED = " […]"
"""Ends a comment that was longer than the wire carries."""

T = TypeVar("T")


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
    config: Config, request: Request, environment: Mapping[str, str], now: datetime
) -> Departed:
    """Write the event down, send it, then open the survey if the person is to be asked there.

    Raises:
        OSError, statefile.NewerError: what the person chose is there and cannot be read.
    """
    allowed = consents.decide(config).consent
    forbidden = _forbidden(config, allowed)
    if forbidden is not None:
        return forbidden
    counts = _left(config.state_folder, now)
    if counts.uninstalled is None or not counts.policy.collection:
        return Departed(not_asked="policy")
    not_asked = _not_asked(config, request, counts.policy, environment)
    leaving = _leaving(config, request, counts.uninstalled, not_asked)
    event = messages.uninstall_event(config, counts, allowed, leaving, now)
    sent = delivery.deliver(config, event, now)
    page = config.address.page(wire.encode_event(event))
    opened = leaving.asked == "page" and browser.open_page(page, environment)
    return Departed(
        uninstall_id=str(leaving.uninstall_id),
        asked=leaving.asked,
        not_asked=leaving.not_asked,
        upload=sent.result,
        detail=sent.detail,
        survey_opened=opened,
    )


def _forbidden(config: Config, allowed: wire.Consent) -> Departed | None:
    """Return the answer where nothing may be written or sent; None where it may."""
    if allowed == "none":
        return Departed(not_asked="consent")
    if config.not_counted is None or _is_known(config.state_folder):
        return None
    not_asked: wire.NotAsked | None = "ci" if config.not_counted == "ci" else None
    return Departed(not_asked=not_asked, not_counted=config.not_counted)


def _not_asked(
    config: Config, request: Request, policy: wire.Policy, environment: Mapping[str, str]
) -> wire.NotAsked | None:
    if request.asked_by_installer:
        return None
    if config.not_counted == "ci":
        return "ci"
    return why_not_ask(request, policy, environment)


def why_not_ask(
    request: Request, policy: wire.Policy, environment: Mapping[str, str]
) -> wire.NotAsked | None:
    """Return what forbids to open the survey page; None where it may be opened."""
    if request.unattended:
        return "unattended"
    if not request.open_survey or not policy.survey:
        return "policy"
    return surroundings.why_no_page(environment)


def _leaving(
    config: Config, request: Request, event: Uninstalled, not_asked: wire.NotAsked | None
) -> wire.Leaving:
    asked: wire.Asked = "page" if not_asked is None else "no"
    return wire.Leaving(
        uninstall_id=event.uninstall_id,
        at=event.at,
        context=request.context,
        asked="installer" if request.asked_by_installer else asked,
        not_asked=not_asked,
        scope=config.scope,
        answers=request.answers,
    )


# -- what is known of the installation -----------------------------------------------------


def _is_known(folder: Path) -> bool:
    try:
        return installation.read(folder) is not None
    except (OSError, statefile.StateError):
        return True


def _left(folder: Path, now: datetime) -> Counter:
    """Return the counter with its uninstall event, which is on disk wherever that can be written.

    A full disk, or a home that is read-only, loses no event: it is made of what can be read.
    """
    try:
        here = installation.ensure(folder, now)
        with counter.held(folder, here.installation_id, now) as held:
            if held.counter.policy.collection:
                held.counter = held.counter.left(now)
    except (OSError, statefile.StateError):
        return _as_it_can_be_read(folder, now).left(now)
    return held.counter


def _as_it_can_be_read(folder: Path, now: datetime) -> Counter:
    here = _readable(installation.read, folder)
    installation_id = uuid4() if here is None else here.installation_id
    known = _readable(counter.read, folder)
    if known is not None and known.installation_id == installation_id:
        return known
    return Counter(counter=uuid4(), installation_id=installation_id, counted_since=now)


def _readable(read: Callable[[Path], T | None], folder: Path) -> T | None:
    try:
        return read(folder)
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
