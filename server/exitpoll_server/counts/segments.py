"""The same counts side by side for each value of what copies differ in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DIMENSIONS = ("version", "channel", "os", "locale", "edition", "source")
"""What segments are made by, beside `attribute:` and the name of an attribute."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Installations with one value of one dimension, without those known by leaving alone.

    Of uninstalls: the value that was known on leaving.
    """

    dimension: str
    """`version`, `channel`, `os`, `locale`, `edition`, `source`, or `attribute:` and its name."""
    value: str | None
    """None where it is not known."""
    installations: int
    """Seen: active, stopped or uninstalled."""
    stopped: int
    uninstalls: int
    """In the window, as are the next three."""
    answered: int
    commented: int
    active_days: int
    """Installation-days of use."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """One of two windows of the same length that are compared."""

    start: datetime
    end: datetime
    installed: int
    """New installations in it."""
    uninstalls: int
    answered: int
    active_days: int
    """Installation-days of use on the days that lie wholly in it."""
    reasons: tuple[tuple[str, int], ...]
    """How many chose each reason, by reason id."""
    versions: tuple[tuple[str | None, int, int], ...]
    """Version, uninstalls and active days, of the versions with any."""
