"""What was chosen of what was shown, and how those who spoke resemble the others: section 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

MARGINS = ("tenure", "launches", "version", "os", "locale", "edition")
"""What those who answered are compared on with those who left quietly."""

OTHER = "(other)"
"""Stands for the values of a margin beyond the most frequent ones."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """`n` uninstalls whose survey was shown with these reasons, and what was chosen of them."""

    shown: tuple[str, ...]
    """Reason ids, in the order of their ids; empty where the uninstaller itself asked, and what it
    showed is not known."""
    chosen: str | None
    position: int | None
    """Where the chosen one stood, 1 for the first; None where nothing was chosen, or not known."""
    n: int


class ProfileGroup(NamedTuple):
    """`n` uninstalls of the window that are alike in everything that answers are weighted by."""

    # A tuple: tens of thousands of them are made twice as fast as frozen dataclasses.
    answered: bool
    reason: str | None
    margins: tuple[str | None, ...]
    """A value for each of MARGINS; None where it is not known."""
    n: int


@dataclass(frozen=True, kw_only=True)
class Moments:
    """A number of some uninstalls, as sums: how many it is known of, their sum, their squares."""

    name: str
    """`tenure` (days) or `launches`."""
    answered: bool
    n: int
    total: float
    squares: float


@dataclass(frozen=True, kw_only=True)
class OfferGroup:
    """`n` people who chose a reason that carried an offer, with and without seeing it."""

    reason: str
    held_out: bool
    returned: bool
    """Came back within 30 days: a later launch, or a new installation of the same customer."""
    n: int


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """What is known of why they left."""

    choices: tuple[Choice, ...]
    profiles: tuple[ProfileGroup, ...]
    moments: tuple[Moments, ...]
    offers: tuple[OfferGroup, ...]
    """Only uninstalls that are 30 days old: for the others it is too early."""
