"""What one check of the doctor found, and the time that it may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "warning", "failed", "not_tried"]

CHECK_SECONDS = 8.0
"""One check: a name server is given up after five seconds, a satellite link greets after four."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    seen: str
    what_to_do: str | None = None
    """Where it is not as it should be."""


def within(seconds: float, name: str, work: Callable[[], Check]) -> Check:
    """Make one check; whatever goes wrong in it, or takes too long, is what was seen."""
    found: list[Check] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
            seen = f"this could not be checked: {error_of(error)}"
            found.append(Check(name=name, state="failed", seen=seen, what_to_do=LOOK_YOURSELF))

    # A daemon: a name server or a disk that does not answer must not keep the process from ending.
    thread = threading.Thread(target=run, name="exitpoll-doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if found:
        return found[0]
    seen = f"nothing came of it within {seconds:.0f} seconds"
    return Check(name=name, state="failed", seen=seen, what_to_do=LOOK_YOURSELF)


LOOK_YOURSELF = "Look at this by other means, such as the system's own tools."


def error_of(error: BaseException) -> str:
    """Return why something failed, as one line: the system's own word where it has one."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    return str(text) or type(error).__name__
