"""Which installation is the return of which uninstall: one for one (FIGURES, ground rules)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UPGRADE_MS = 60 * 60 * 1000
"""A return within the hour is an upgrade that installed anew, and no uninstall."""

RETURN_MS = 30 * 24 * 60 * 60 * 1000
"""A return within 30 days is a reinstall: an uninstall still, but no net loss."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An installation that may be the return of an uninstall; instants in milliseconds."""

    uninstall_id: int
    left_at: int
    installation_id: int
    returned_at: int


@dataclass(frozen=True, kw_only=True)
class Links:
    """The uninstalls that were upgrades, and those whose copy was installed again."""

    upgrades: Mapping[int, int]
    """The uninstall's id -> the instant of leaving, in milliseconds."""
    reinstalls: Mapping[int, int]


def link(candidates: Iterable[Candidate]) -> Links:
    """Pair uninstalls with returns, the earliest with its earliest return first.

    Upgrades come before reinstalls: a seat given up last week takes no return from the seat
    that is upgraded today.
    """
    upgrades: dict[int, int] = {}
    reinstalls: dict[int, int] = {}
    taken: set[int] = set()
    for candidate in sorted(candidates, key=_turn):
        linked = candidate.uninstall_id in upgrades or candidate.uninstall_id in reinstalls
        if linked or candidate.installation_id in taken:
            continue
        taken.add(candidate.installation_id)
        links = upgrades if _is_upgrade(candidate) else reinstalls
        links[candidate.uninstall_id] = candidate.left_at
    return Links(upgrades=upgrades, reinstalls=reinstalls)


def _turn(candidate: Candidate) -> tuple[bool, int, int, int, int]:
    """Return what orders candidates: the first in turn is linked first."""
    return (
        not _is_upgrade(candidate),
        candidate.left_at,
        candidate.uninstall_id,
        candidate.returned_at,
        candidate.installation_id,
    )


def _is_upgrade(candidate: Candidate) -> bool:
    return candidate.returned_at - candidate.left_at <= UPGRADE_MS
