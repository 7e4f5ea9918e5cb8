"""Section 2: every installation by its longest silences, in whole days."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np

from exitpoll_server.counts import Erased, KnownFrom, StayGroup, Stays
from exitpoll_server.store.instants import DAY_MS, from_ms
from exitpoll_server.store.lives import NONE, Ints
from exitpoll_server.store.lives.record import KNOWN_FROM
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.view import View


def stays(view: View) -> Stays:
    """Group every installation known at the report's instant."""
    lives, followed = view.lives, view.followed
    closed = np.full(len(lives), NONE)
    # Of one life the last is the longest, and what is put last stays.
    closed[lives.silence_owner] = lives.silence_length
    # A life of two signs at one instant has a silence of no length.
    closed_days = np.where(closed == NONE, -1, closed // DAY_MS)[followed]
    gone = view.gone[followed]
    columns = (
        closed_days,
        _open_days(view)[followed],
        gone,
        lives["answered"][followed],
        np.where(gone, lives["known_from"][followed], -1),
    )
    began = view.began[followed]
    return Stays(
        groups=tuple(
            StayGroup(
                n=n,
                closed_days=None if kind[0] < 0 else kind[0],
                open_days=kind[1],
                uninstalled=bool(kind[2]),
                answered=bool(kind[3]),
                known_from=cast("KnownFrom", KNOWN_FROM[kind[4]]) if kind[2] else None,
            )
            for kind, n in grouped(*columns)
        ),
        known_by_leaving=int(view.known_by_leaving.sum()),
        censored=int((view.seen & view.censored).sum()),
        set_aside=view.set_aside,
        erased=_went(view, "erased"),
        expired=_went(view, "expired"),
        first_seen=from_ms(int(began.min())) if len(began) else None,
    )


def _went(view: View, how: Literal["erased", "expired"]) -> Erased:
    # Of those who went nothing else is known, nor in which segment they were.
    [found] = view.rows(how)
    names = ("installations", "uninstalled", "answered")
    return Erased(**{name: 0 if view.where else getattr(found, name) for name in names})


def _open_days(view: View) -> Ints:
    """Return for how many whole days each had been silent when it left, or is now."""
    # On a tie between stopping and uninstalling the uninstall wins: a millisecond less.
    until = np.where(view.gone, view.lives["left"] - 1, view.as_of)
    silent = until - view.last
    # Rounded towards nothing: a clock put back makes some of them negative.
    return np.where(silent < 0, -(-silent // DAY_MS), silent // DAY_MS)
