"""Themes that the vendor kept: what the store keeps of them, and comments are gathered by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

Decision: TypeAlias = Literal["planned", "declined", "done"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, kw_only=True)
class ThemeWords:
    """Words of one language: a comment that has all of them belongs to the theme."""

    language: str
    """ISO 639, as `report.stems` tells it."""
    stems: tuple[str, ...]
    """Ascending, distinct, at least one."""


@dataclass(frozen=True, kw_only=True)
class KeptTheme:
    """A theme that the vendor named, merged or decided on."""

    id: int
    """A short number, which the vendor calls it by."""
    name: str
    words: tuple[ThemeWords, ...]
    """Its own; those of the themes that were merged into it stand there."""
    decision: Decision | None
    decided_at: datetime | None
    note: str | None
    merged_into: int | None
    """The theme that gathers its comments; None where it stands by itself."""
