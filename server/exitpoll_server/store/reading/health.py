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
    now = np.full(len(places), view.as_of)
    ago = now - view.product.window_days * DAY_MS
    lives = view.lives
    left = lives["left"][places]
    columns = (
        classes(view, ago, places),
        classes(view, now, places),
        _active(view, places, now, view.product.window_days) > 0,
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


def classes(view: View, at: Ints, places: Ints) -> Ints:
    """Return the class of each of some lives, each at an instant of its own."""
    if not len(places):
        return np.zeros(0, np.int64)
    lives, window = view.lives, view.product.window_days
    began = view.began[places]
    last = _last_use(view, at, places)
    a = _active(view, places, at, window)
    p = _active(view, places, at - window * DAY_MS, window)
    good = (a >= view.product.good_days) & (2 * a > p) & _succeeded(view, places, at)
    left = lives["left"][places]
    cases = {
        "uninstalled": view.gone[places] & (left <= at),
        "stopped": at - last >= view.threshold_ms,
        "new": at - began < window * DAY_MS,
        "poor": a == 0,
        "good": good,
    }
    numbers = [NAMES.index(name) for name in NAMES if name in cases]
    found = np.select(
        [cases[name] for name in NAMES if name in cases], numbers, NAMES.index("medium")
    )
    return np.where(began > at, -1, found)


def _last_use(view: View, at: Ints, places: Ints) -> Ints:
    """Return when each was last seen by an instant; a day of use is taken at its noon."""
    of_all = _spread(view, at, places)
    lives = view.lives
    known = lives.day * DAY_MS + NOON_MS <= of_all[lives.owner]
    last = view.began.copy()
    # Days stand in their order: what is put last stays.
    last[lives.owner[known]] = np.maximum(
        lives.day[known] * DAY_MS + NOON_MS, last[lives.owner[known]]
    )
    # As it is known to the millisecond where nothing came later.
    return np.where(
        view.last[places] <= at, view.last[places], np.maximum(last[places], view.began[places])
    )


def _active(view: View, places: Ints, at: Ints, window: int) -> Ints:
    """Return on how many of the last days up to an instant each was used."""
    lives = view.lives
    end = -(-_spread(view, at, places) // DAY_MS)
    of_day = end[lives.owner]
    inside = (lives.day < of_day) & (lives.day >= of_day - window)
    return np.bincount(lives.owner[inside], minlength=len(lives))[places]


def _spread(view: View, at: Ints, places: Ints) -> Ints:
    """Return the instants of some lives as a column of all; of the others, long ago."""
    of_all = np.full(len(view.lives), -(2**53))
    of_all[places] = at
    return of_all


def _succeeded(view: View, places: Ints, at: Ints) -> Which:
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
