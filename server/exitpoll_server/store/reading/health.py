"""Section 6: how each installation is doing, now and a window ago."""

from __future__ import annotations

from typing import get_args

import numpy as np

from exitpoll_server.counts import HealthClass, HealthGroup
from exitpoll_server.store.instants import DAY_MS, NOON_MS
from exitpoll_server.store.lives import Ints
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.view import View, Which

NAMES: tuple[HealthClass, ...] = get_args(HealthClass)
"""Classes by their number; -1 is none: not there yet, or nothing known of its use."""


def health(view: View) -> tuple[HealthGroup, ...]:
    """Group the installations by class now and a window ago, and by what became of them."""
    places = np.flatnonzero(view.followed)
    if not len(places):
        return ()
    now = view.as_of
    ago = now - view.product.window_days * DAY_MS
    lives = view.lives
    left = lives["left"][places]
    end = _end(now)
    columns = (
        classes(view, ago, places),
        classes(view, now, places),
        view.used_before(places, end) > view.used_before(places, end - view.product.window_days),
        view.gone[places] & (left > ago),
    )
    return tuple(
        HealthGroup(
            before=None if kind[0] < 0 else NAMES[kind[0]],
            now=NAMES[kind[1]],
            launched_since=bool(kind[2]),
            uninstalled_since=bool(kind[3]),
            n=n,
        )
        for kind, n in grouped(*columns)
    )


def classes(view: View, at: Ints | int, places: Ints) -> Ints:
    """Return the class of each of some lives, each at an instant of its own or all at one."""
    if not len(places):
        return np.zeros(0, np.int64)
    window = view.product.window_days
    began, last = view.began[places], view.last[places]
    end = _end(at)
    # To the millisecond where nothing came later; else by the noon of the last day of use.
    first_day = (at - view.threshold_ms - NOON_MS) // DAY_MS + 1
    days = (end, end - window, end - 2 * window, first_day)
    now, ago, before, seen = (view.used_before(places, day) for day in days)
    a, p = now - ago, ago - before
    quiet = np.where(last <= at, at - last >= view.threshold_ms, now <= seen)
    cases = {
        "uninstalled": view.gone[places] & (view.lives["left"][places] <= at),
        "stopped": quiet & (at - began >= view.threshold_ms),
        "new": at - began < window * DAY_MS,
        "poor": a == 0,
        "good": (a >= view.product.good_days) & (2 * a > p) & _succeeded(view, places, at),
    }
    names = [name for name in NAMES if name in cases]
    numbers = [NAMES.index(name) for name in names]
    found = np.select([cases[name] for name in names], numbers, NAMES.index("medium"))
    return np.where(began > at, -1, found)


def _end(at: Ints | int) -> Ints | int:
    """Return the first UTC day that had not begun at each instant, or at one."""
    return -(-at // DAY_MS)


def _succeeded(view: View, places: Ints, at: Ints | int) -> Which:
    """Tell which had reached the milestone that the product declares; all, where there is none."""
    name = view.product.success_milestone
    if name is None:
        return np.ones(len(places), bool)
    rows = view.rows("kept", "milestone", name=name)
    day = np.full(len(view.lives), 2**31)
    by_id = {row.installation_id: row.day for row in rows}
    known = np.isin(view.lives.ids, list(by_id))
    day[known] = [by_id[one] for one in view.lives.ids[known].tolist()]
    return day[places] * DAY_MS <= at
