"""The uninstall event, whether the person is asked, and the hand-off to the browser."""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from exitpoll_agent import consents, delivery, messages, state, wire
from exitpoll_agent.config import Config
from exitpoll_agent.counter import Uninstalled

BROWSER_SECONDS = 3.0
"""A browser that stays in the foreground until it is closed must not hold up the uninstaller."""

SHORTENED = " […]"
"""Ends a comment that was longer than the wire carries."""


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
    """None: consent or policy forbids to say anything, and nothing was written or sent."""
    asked: wire.Asked = "no"
    not_asked: wire.NotAsked | None = None
    upload: Literal["confirmed", "refused", "later", "not_sent"] = "not_sent"
    detail: str | None = None
    """Why the event was not confirmed."""
    survey_opened: bool = False


def uninstall(
    config: Config, request: Request, environment: Mapping[str, str], now: datetime
) -> Departed:
    """Write the event down, send it, then open the survey if the person is to be asked there.

    Raises:
        OSError, statefile.StateError: the event cannot be written down; then it is not sent.
    """
    allowed = consents.decide(config).consent
    if allowed == "none":
        return Departed(not_asked="consent")
    with state.held(config, now) as held:
        policy = held.counter.policy
        if policy.collection:
            held.counter = held.counter.left(now)
    counts = held.counter
    if counts.uninstalled is None or not policy.collection:
        return Departed(not_asked="policy")
    leaving = _leaving(
        config, request, counts.uninstalled, _not_asked(request, policy, environment)
    )
    event = messages.uninstall_event(config, held, allowed, leaving, now)
    sent = delivery.deliver(config, held, event, now)
    opened = leaving.asked == "page" and open_survey(config.address, event)
    return Departed(
        uninstall_id=str(leaving.uninstall_id),
        asked=leaving.asked,
        not_asked=leaving.not_asked,
        upload=sent.result,
        detail=sent.detail,
        survey_opened=opened,
    )


def why_not_ask(
    request: Request, policy: wire.Policy, environment: Mapping[str, str]
) -> wire.NotAsked | None:
    """Return what forbids to open the survey page; None where it may be opened."""
    if request.unattended:
        return "unattended"
    if not request.open_survey or not policy.survey:
        return "policy"
    if sys.platform == "linux" and not (
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    ):
        return "no_display"
    return None


def _not_asked(
    request: Request, policy: wire.Policy, environment: Mapping[str, str]
) -> wire.NotAsked | None:
    return None if request.asked_by_installer else why_not_ask(request, policy, environment)


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


def open_survey(address: wire.Address, event: wire.UninstallEvent) -> bool:
    """Open the survey page in the person's browser, as `$BROWSER` or the system has it.

    Returns whether a browser took it; one that is still busy after `BROWSER_SECONDS` has.
    """
    page = address.page(wire.encode_event(event))
    failures: list[bool] = []

    def work() -> None:
        try:
            failures.append(not webbrowser.open(page))
        except (OSError, webbrowser.Error):
            failures.append(True)

    thread = threading.Thread(target=work, name="exitpoll-browser", daemon=True)
    thread.start()
    thread.join(BROWSER_SECONDS)
    return not any(failures)


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
