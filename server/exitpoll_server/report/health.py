"""Section 6: health now, what became of each class of a window ago, and who moved where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

from exitpoll_server.counts import Activity, HealthClass, HealthGroup
from exitpoll_server.report.figures import Figure, count, share
from exitpoll_server.report.uninstalls import Part

CLASSES: tuple[HealthClass, ...] = get_args(HealthClass)


@dataclass(frozen=True, kw_only=True)
class Afterwards:
    """What happened in the last window to those who were of one class when it began."""

    name: HealthClass
    no_launch: Figure
    uninstalled: Figure
    lost: Figure
    """Either."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Where those of one class a window ago are now, as shares of them."""

    before: HealthClass | None
    """None for those who were not installed then."""
    total: Figure
    now: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Health:
    """Good, medium, poor and the others. Until the product is older than a window, only now."""

    window_days: int
    good_days: int
    seen: Figure
    now: tuple[Part, ...]
    afterwards: tuple[Afterwards, ...]
    movement: tuple[Movement, ...]
    too_early: bool
    """Nobody was installed a window ago: `afterwards` and `movement` are empty."""
    known_on: date | None
    """Where it is too early, and anybody has been seen: the day from which it is not."""


def health(activity: Activity) -> Health:
    """Turn grouped classes into health."""
    groups = activity.health
    now = Counter[HealthClass]()
    for group in groups:
        now[group.now] += group.n
    total = now.total()
    early = all(group.before is None for group in groups if group.n)
    return Health(
        window_days=activity.window_days,
        good_days=activity.good_days,
        seen=count(total, "health.seen"),
        now=_parts(now, total, "health.now"),
        afterwards=() if early else _afterwards(groups),
        movement=() if early else _movement(groups),
        too_early=early,
        known_on=_known_on(activity) if early else None,
    )


def _known_on(activity: Activity) -> date | None:
    """Return the day after the one on which the first installation is a window old."""
    if not activity.days:
        return None
    first = min(one.day for one in activity.days)
    return first + timedelta(days=activity.window_days + 1)


def _parts(sizes: Counter[HealthClass], total: int, definition: str) -> tuple[Part, ...]:
    return tuple(Part(name, share(sizes[name], total, definition)) for name in CLASSES)


def _afterwards(groups: Iterable[HealthGroup]) -> tuple[Afterwards, ...]:
    rows = []
    for name in CLASSES:
        # Who had left by then could not be lost any more.
        members = [group for group in groups if group.before == name != "uninstalled"]
        total = sum(group.n for group in members)
        if total:
            rows.append(_one_afterwards(name, members, total))
    return tuple(rows)


def _one_afterwards(name: HealthClass, members: list[HealthGroup], total: int) -> Afterwards:
    def of(wanted: Callable[[HealthGroup], bool], definition: str) -> Figure:
        return share(sum(g.n for g in members if wanted(g)), total, definition)

    return Afterwards(
        name=name,
        no_launch=of(lambda g: not g.launched_since, "health.no_launch"),
        uninstalled=of(lambda g: g.uninstalled_since, "health.uninstalled_next"),
        lost=of(lambda g: g.uninstalled_since or not g.launched_since, "health.lost"),
    )


def _movement(groups: Iterable[HealthGroup]) -> tuple[Movement, ...]:
    rows: dict[HealthClass | None, Counter[HealthClass]] = {}
    for group in groups:
        rows.setdefault(group.before, Counter())[group.now] += group.n
    return tuple(
        Movement(
            before=before,
            total=count(row.total(), "health.before"),
            now=_parts(row, row.total(), "health.moved"),
        )
        for before in (*CLASSES, None)
        if (row := rows.get(before)) and row.total()
    )
