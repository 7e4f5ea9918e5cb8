"""Section 1: who left, grouped; and one by one, with what they said."""

from __future__ import annotations

from typing import Any, cast, get_args
from uuid import UUID

import numpy as np
from sqlalchemy import Row

from exitpoll_server.counts import (
    Departure,
    DepartureGroup,
    KnownFrom,
    Reclassified,
    When,
)
from exitpoll_server.store.instants import DAY_MS, from_ms
from exitpoll_server.store.lives import NONE, Ints, Lives
from exitpoll_server.store.lives.making import ANSWER_MS
from exitpoll_server.store.lives.record import KNOWN_FROM
from exitpoll_server.store.reading.grouping import grouped
from exitpoll_server.store.reading.health import NAMES, classes
from exitpoll_server.store.reading.view import View, Which

_MOMENTS: tuple[When, ...] = get_args(When)
_HOUR_MS = 3_600_000

GROUP = 1_000
"""Uninstalls looked up with one statement."""
_AROUND_MS = 3 * DAY_MS
"""The trial's end is three days before and after it."""


def groups(view: View) -> tuple[DepartureGroup, ...]:
    """Group the uninstalls of the window."""
    lives = view.left_inside
    not_asked, reason = lives.texts["not_asked"], lives.texts["reason"]
    columns = (
        lives["known_from"],
        not_asked.codes,
        lives["asked"],
        lives["answered"],
        reason.codes,
        lives["commented"],
        lives["left"] > view.as_of - ANSWER_MS,
        _moments(view)[view.inside],
        lives["consent_exit"],
    )
    return tuple(
        DepartureGroup(
            n=n,
            known_from=cast("KnownFrom", KNOWN_FROM[kind[0]]),
            not_asked=not_asked.values[kind[1]],
            asked=bool(kind[2]),
            answered=bool(kind[3]),
            reason=reason.values[kind[4]],
            commented=bool(kind[5]),
            may_still_answer=bool(kind[6]),
            when=_MOMENTS[kind[7]],
            known_by_leaving=bool(kind[8]),
        )
        for kind, n in grouped(*columns)
    )


def _moments(view: View) -> Ints:
    """Return when in its life each ended: the place in `When`."""
    lives, trial = view.lives, view.product.trial_days
    tenure, step = lives["tenure"], lives["tenure_step"].astype(np.int64) * _HOUR_MS
    stepped = lives["tenure_step"] >= 0
    lived = np.where(tenure != NONE, tenure, np.where(stepped, step, NONE))
    cases = [
        ("never_launched", lives["launches"] == 0),
        ("unknown", lived == NONE),
        ("first_hour", lived < _HOUR_MS),
        ("first_day", lived < DAY_MS),
        ("first_week", lived < 7 * DAY_MS),
    ]
    if trial is not None:
        end, known = trial * DAY_MS, tenure != NONE
        # Under consent `exit` only the lower end of a step is known.
        coarse = stepped & (step >= 7 * DAY_MS) & (step <= end + _AROUND_MS)
        cases.insert(1, ("unknown", coarse))
        cases.append(("in_trial", known & (tenure < end - _AROUND_MS)))
        cases.append(("trial_end", known & (tenure <= end + _AROUND_MS)))
    numbers = [_MOMENTS.index(cast("When", name)) for name, _ in cases]
    return np.select([which for _, which in cases], numbers, _MOMENTS.index("later"))


def reclassified(view: View) -> Reclassified:
    """Count what looked like an uninstall in the window and is more, or less, than that."""
    withdrawn = [row.installation_id for row in view.rows("kept", "withdrawn")]
    inside = [_in_window(view, found) for found in (view.links.upgrades, view.links.reinstalls)]
    return Reclassified(
        withdrawn=int(np.isin(withdrawn, view.lives.ids).sum()),
        upgrades=inside[0],
        reinstalls=inside[1],
        late_answers=int(view.lives["late_answers"][view.inside].sum()),
    )


def _in_window(view: View, found: object) -> int:
    uninstalls = np.isin(view.lives["uninstall"], list(cast("dict[int, int]", found)))
    left = view.lives["left"]
    return int((uninstalls & (left >= view.start) & (left < view.end)).sum())


def tenures(view: View) -> tuple[tuple[int, int], ...]:
    """Return whole days of tenure and how many uninstalls of the window had them."""
    tenure = view.lives["tenure"][view.inside]
    days = np.maximum(tenure[tenure != NONE], 0) // DAY_MS
    return tuple((kind[0], n) for kind, n in grouped(days))


# -- one by one ----------------------------------------------------------------------------


def latest(view: View, most: int) -> tuple[Departure, ...]:
    """Return the latest uninstalls of the window, the last first."""
    return _lines(view, _by_time(view, view.inside)[:most])


def with_comment(view: View) -> tuple[Departure, ...]:
    """Return every uninstall of the window with a comment, the last first."""
    return _lines(view, _by_time(view, view.inside & view.lives["commented"]))


def _by_time(view: View, which: Which) -> Ints:
    places = np.flatnonzero(which)
    order = np.lexsort((view.lives["uninstall"][places], view.lives["left"][places]))
    latest_first: Ints = places[order[::-1]]
    return latest_first


def _lines(view: View, places: Ints) -> tuple[Departure, ...]:
    some = np.zeros(len(view.lives), bool)
    some[places] = True
    lives = view.lives.without_days(some)
    left = lives["left"]
    health = classes(view, left - DAY_MS, np.flatnonzero(some))
    said = _said(view, lives)
    texts = {
        name: [lives.texts[name].values[code] for code in lives.texts[name].codes.tolist()]
        for name in ("version", "locale", "os", "edition", "not_asked", "reason")
    }
    known = {
        name: lives[name].tolist()
        for name in ("left", "tenure", "launches", "known_from", "asked", "score", "wants_answer")
    }
    lines = [
        Departure(
            installation_id=UUID(str(row.uuid)),
            at=from_ms(known["left"][n]),
            tenure_days=None if known["tenure"][n] == NONE else known["tenure"][n] / DAY_MS,
            launches=None if known["launches"][n] == NONE else known["launches"][n],
            health=None if health[n] < 0 else NAMES[health[n]],
            known_from=cast("KnownFrom", KNOWN_FROM[known["known_from"][n]]),
            asked=known["asked"][n],
            comment=row.comment,
            score=None if known["score"][n] < 0 else known["score"][n],
            wants_answer=known["wants_answer"][n],
            **{name: values[n] for name, values in texts.items()},
        )
        for n, row in enumerate(said)
    ]
    # The columns stand in the order of the lives, and the lines in that asked for.
    return tuple(lines[place] for place in np.searchsorted(np.flatnonzero(some), places).tolist())


def _said(view: View, lives: Lives) -> list[Row[Any]]:
    """Return whose each life was, and the comment."""
    found = {}
    ids = lives["uninstall"].tolist()
    for start in range(0, len(ids), GROUP):
        for row in view.rows("comments", ids=ids[start : start + GROUP], answer_ms=ANSWER_MS):
            found[row.id] = row
    return [found[one] for one in ids]
