"""The doctor's visit: every check by itself, in bounded time, and what to do about each."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from exitpoll_agent import config, local_checks
from exitpoll_agent.checks import CHECK_SECONDS, Check, within
from exitpoll_agent.commands import FAILED, Said
from exitpoll_agent.config import Config, ConfigError

WHOLE_SECONDS = 30.0
"""All checks together: longer nobody watches a screen on which nothing happens."""

NAMES = (
    "configuration",
    "name resolution",
    "proxy",
    "TLS",
    "server",
    "clock",
    "folders",
    "consent",
    "browser",
)
"""In the order in which they are told."""

WORDS = {"ok": "ok", "warning": "warning", "failed": "FAILED", "not_tried": "not tried"}
STATE_WIDTH = max(len(word) for word in WORDS.values()) + 2
NAME_WIDTH = max(len(name) for name in NAMES) + 2
MARGIN = " " * (STATE_WIDTH + NAME_WIDTH)
"""Beneath a check, where its text begins."""
USUAL_COLUMNS = 100
"""Where nobody knows how wide the screen is."""


def examine(
    path: Path | None, environment: Mapping[str, str]
) -> tuple[tuple[Check, ...], Config | None]:
    """Check everything; return the checks in order, and the settings where they can be used."""
    visit = _Visit()
    settings: list[Config] = []

    def configuration() -> Check:
        try:
            settings.append(config.load(path, environment))
        except ConfigError as error:
            return Check(
                name="configuration",
                state="failed",
                seen=str(error),
                what_to_do="Correct this first; most of the rest cannot be tried without it.",
            )
        return local_checks.configuration(settings[0], config.place(path, environment), environment)

    visit.check("configuration", (), configuration)
    visit.check("consent", ("configuration",), lambda: local_checks.consent(settings[0]))
    visit.check("folders", ("configuration",), lambda: local_checks.folders(settings[0]))
    visit.check("browser", (), lambda: local_checks.browser(environment))
    _check_the_network(visit, settings, environment)
    return tuple(visit.found[name] for name in NAMES), settings[0] if settings else None


def _check_the_network(
    visit: _Visit, settings: Sequence[Config], environment: Mapping[str, str]
) -> None:
    if visit.found["consent"].state == "warning":
        # Somebody said none: then no connection is opened, by this command neither.
        for name in ("name resolution", "proxy", "TLS", "server", "clock"):
            seen = "consent is none, so no connection is opened"
            visit.found[name] = Check(name=name, state="not_tried", seen=seen)
        return
    # Imported here: what needs a network takes long to load.
    from exitpoll_agent import network_checks as network  # noqa: PLC0415

    readable = ("configuration", "consent")
    visit.check("name resolution", readable, lambda: network.name_resolution(settings[0]))
    visit.check("proxy", readable, lambda: network.proxy(settings[0], environment))
    visit.check("TLS", ("name resolution", "proxy"), lambda: network.tls(settings[0]))
    visit.check("server", ("TLS",), lambda: network.server(settings[0]))
    visit.check("clock", ("TLS",), lambda: network.server_clock(settings[0]))


class _Visit:
    """The checks made so far, and the time that is left."""

    def __init__(self) -> None:
        self.found: dict[str, Check] = {}
        self._ends = time.monotonic() + WHOLE_SECONDS

    def check(self, name: str, needs: Sequence[str], work: Callable[[], Check]) -> None:
        """Make one check, unless one that it needs has failed or no time is left."""
        hinders = [need for need in needs if self.found[need].state in ("failed", "not_tried")]
        left = self._ends - time.monotonic()
        if hinders:
            seen = f"{hinders[0]} comes first"
        elif left <= 0:
            seen = f"the others took {WHOLE_SECONDS:.0f} seconds"
        else:
            self.found[name] = within(min(CHECK_SECONDS, left), name, work)
            return
        self.found[name] = Check(name=name, state="not_tried", seen=seen)


# -- how it is said ------------------------------------------------------------------------


def said(checks: Sequence[Check]) -> Said:
    """Say what was found; whoever scripts this wants to know whether anything failed."""
    return Said(
        f"{told(checks)}\n\n{summary(checks)}",
        {"checks": plain(checks)},
        exit_code=FAILED if has_failed(checks) else 0,
    )


def has_failed(checks: Sequence[Check]) -> bool:
    """Whether anything failed; a warning is none."""
    return any(check.state == "failed" for check in checks)


def told(checks: Sequence[Check]) -> str:
    """Return the checks as a person reads them: a line each, and beneath it what to do."""
    width = shutil.get_terminal_size((USUAL_COLUMNS, 1)).columns
    lines: list[str] = []
    for check in checks:
        head = f"{WORDS[check.state]:{STATE_WIDTH}}{check.name:{NAME_WIDTH}}"
        lines += _wrapped(check.seen, width, head, MARGIN)
        if check.what_to_do is not None:
            lines += _wrapped(check.what_to_do, width, f"{MARGIN}-> ", f"{MARGIN}   ")
    return "\n".join(lines)


def plain(checks: Sequence[Check]) -> list[dict[str, object]]:
    """Return the checks as a program reads them."""
    return [asdict(check) for check in checks]


def summary(checks: Sequence[Check]) -> str:
    """Return the last line: how many of them need somebody."""
    failed = sum(check.state == "failed" for check in checks)
    warnings = sum(check.state == "warning" for check in checks)
    not_tried = sum(check.state == "not_tried" for check in checks)
    if not failed and not warnings and not not_tried:
        return "Everything is as it should be."
    return f"{failed} failed, {warnings} to look at, {not_tried} not tried."


def _wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        # A narrow screen folds the lines itself; there is no room to align anything.
        max(width, len(first) + 40),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
